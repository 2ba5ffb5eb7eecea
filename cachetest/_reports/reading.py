"""The reader of reports in JSON: of each test and cache, what was done to each key."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._telling.key_parts import components
from .layout import VERSION
from .plain import part_as_data, same_in_all_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CacheUse", "KeyUse", "ReadReport", "TestUse", "read_report"]

# Two blocks are the same one where only the folder, or the line, is another.
_BLOCK = re.compile(r"(the block at )(?:.*[/\\])?([^/\\]+):\d+( in .*)", re.DOTALL)
# How the repr begins of what is no text, as far as version 1 tells the two apart.
_REPRS = ("(", "[", "{", "<", "b'", 'b"')


@dataclass
class KeyUse:
    """What was done to one key: how often each kind of operation, and how many seconds its misses took.

    ``parts`` are names and values as in the file, None where none were recorded; ``why`` is the explanation
    of its newest miss that was explained, ``origin`` where its entry came from that was hit.
    """

    text: str
    parts: list[Any] | None = None
    counts: dict[str, int] = field(default_factory=dict)
    cost: float = 0.0
    why: str = ""
    origin: str = ""
    error: str = ""

    def count(self, kind: str) -> int:
        return self.counts.get(kind, 0)


@dataclass
class CacheUse:
    """What was done to one cache: counts by word, and each key by what it is told apart by."""

    counts: dict[str, int] = field(default_factory=dict)
    keys: dict[str, KeyUse] = field(default_factory=dict)
    not_kept: int = 0
    cost: float = 0.0


@dataclass
class TestUse:
    """What one test did to its caches, in blocks inside it as well."""

    __test__ = False  # pytest would look for tests in it

    label: str
    caches: dict[str, CacheUse] = field(default_factory=dict)


@dataclass
class ReadReport:
    """A report as it was read: ``tests`` by label, numbered where there are several of one."""

    path: str
    version: int
    environment: dict[str, str]
    tests: dict[str, TestUse]


def read_report(path: str) -> ReadReport:
    """Read the report at *path*, of version 1 or 2; a ``ValueError`` says why a file is none."""
    with open(path, encoding="utf-8") as file:
        try:
            found = _read_lines(path, file)
            if found is None:
                file.seek(0)
                found = _read_whole(path, json.load(file))
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{path!r} is no report of cachetest: {reason}") from error
        except (ValueError, RecursionError) as error:
            # What json has to say has the place in it.
            raise ValueError(f"{path!r} is no report of cachetest: {error}") from error
    return found


def _read_lines(path: str, file: Iterable[str]) -> ReadReport | None:
    """Read what `write_json` wrote, a test at a time; None where somebody has laid it out in another way."""
    head = ""
    lines = iter(file)
    for line in lines:
        head += line
        if line.endswith('"tests": [\n'):
            break
        if len(head) > 1_000_000 or not head.startswith('{"version": '):
            return None
    else:
        return None
    found = _read_whole(path, json.loads(head + "]}"))
    for line in lines:
        if line.startswith("]"):
            return found
        _add(found, json.loads(line.rstrip("\n").removesuffix(",")))
    raise ValueError("it is cut off")


def _read_whole(path: str, data: dict[str, Any]) -> ReadReport:
    if not isinstance(data, dict) or "version" not in data:
        raise ValueError("it has no version")
    version = data["version"]
    if version == 1:
        return ReadReport(path, 1, {}, {"": TestUse("", dict(_caches_of_version_1(data["caches"])))})
    if version != VERSION:
        raise ValueError(f"it is of version {version!r}, and this cachetest reads 1 and {VERSION}")
    found = ReadReport(path, version, dict(data["environment"]), {})
    for each in data["tests"]:
        _add(found, each)
    return found


def _add(report: ReadReport, data: dict[str, Any]) -> None:
    plain = _BLOCK.sub(r"\1\2\3", data["label"])
    label, n = plain, 1
    while label in report.tests:
        n += 1
        label = f"{plain} ({n})"
    report.tests[label] = found = TestUse(label)
    for each in _with_blocks(data):
        for name, cache in each["caches"].items():
            _add_cache(found.caches.setdefault(name, CacheUse()), cache)


def _with_blocks(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield data
    for block in data["blocks"]:
        yield from _with_blocks(block)


def _add_cache(found: CacheUse, data: dict[str, Any]) -> None:
    for word, count in data["counts"].items():
        found.counts[word] = found.counts.get(word, 0) + count
    found.not_kept += data["operations_not_kept"]
    found.cost += data["seconds"] or 0.0
    uses = [_use_of(found, key) for key in data["keys"]]
    by_number = {}
    for row in data["operations"]:
        use = by_number[row["number"]] = uses[row["key"]]
        use.counts[row["kind"]] = use.count(row["kind"]) + 1
        use.cost += row.get("seconds", 0.0)
        if isinstance(row.get("origin"), str):
            use.origin = row["origin"]
        use.error = row.get("error", use.error)
    for each in data["explanations"]:
        use = by_number[each["operation"]]
        # A key that was put and hit is missed again by the last of them.
        use.why = each["text"]


def _use_of(found: CacheUse, key: dict[str, Any]) -> KeyUse:
    text = same_in_all_runs(key["text"])
    place = "\n".join([text, key.get("hash", ""), key.get("store", "")])
    use = found.keys.setdefault(place, KeyUse(key["text"]))
    use.parts = key.get("parts", use.parts)
    return use


def _caches_of_version_1(data: dict[str, Any]) -> Iterator[tuple[str, CacheUse]]:
    for name, cache in data.items():
        words = ("puts", "hits", "misses", "refusals")
        found = CacheUse({word: cache[word] for word in words}, not_kept=cache["operations_not_kept"])
        for row in cache["operations"]:
            use = _use_of_version_1(found, row["key"])
            use.counts[row["kind"]] = use.count(row["kind"]) + 1
            use.error = row["error"] or use.error
        newest = cache["newest_miss"]
        if newest is not None:
            _use_of_version_1(found, newest["key"]).why = newest["text"]
        yield name, found


def _use_of_version_1(found: CacheUse, key: Any) -> KeyUse:
    # It has text as it is, and whatever JSON lacks by its repr.
    is_repr = isinstance(key, str) and key.startswith(_REPRS)
    text = key if is_repr else repr(key)
    use = found.keys.setdefault("\n".join([same_in_all_runs(text), "", ""]), KeyUse(text))
    if use.parts is None and not is_repr:
        parts = components(key)
        if len(parts) > 1:
            use.parts = [[name, part_as_data(value)] for name, value in parts]
    return use

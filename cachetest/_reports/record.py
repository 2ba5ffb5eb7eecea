"""What is kept of a scope for a report: plain values alone, which can be pickled and sent."""

from __future__ import annotations

import json
import platform
import sys
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["CacheSummary", "Recorded", "Report", "TestRecord", "environment", "merge", "totals"]


class CacheSummary(NamedTuple):
    """How much was done to one cache.

    ``counts`` are by word (``"puts"``, ``"hits"``, ``"misses"``, ...), and ``seconds`` is how long values
    that it had missed were being made, None where no times were kept.
    """

    counts: dict[str, int]
    seconds: float | None = None


@dataclass
class TestRecord:
    """What is kept of one scope: of a test, of a block (``kind``), or of what a class has set up.

    ``caches`` has those that were used, by name. ``seconds`` is how long the test took, ``cost`` how much of
    that values were being made that a cache had missed. ``blocks`` are those that were inside it.
    """

    __test__ = False  # pytest would look for tests in it

    label: str
    kind: str = "test"
    outcome: str | None = None
    seconds: float | None = None
    cost: float | None = None
    caches: dict[str, CacheSummary] = field(default_factory=dict)
    blocks: tuple[TestRecord, ...] = ()
    packed: bytes = b""

    def pack(self, details: dict[str, Any]) -> None:
        """Keep *details*, which `details` and `text` give back; they may be very long, so not as they are."""
        # All of it in ASCII, so that neither half a surrogate nor a mark that turns the line is in a file.
        self.packed = zlib.compress(json.dumps(details, separators=(",", ":")).encode("ascii"), 1)

    def text(self) -> str:
        """Return the details as the text of a JSON object."""
        return zlib.decompress(self.packed).decode("ascii") if self.packed else '{"caches":{}}'

    def details(self) -> dict[str, Any]:
        """Return the details: threads, processes, places, and the keys and operations of each cache."""
        found: dict[str, Any] = json.loads(self.text())
        return found

    def total(self, word: str) -> int:
        """Return how many *word* (``"hits"``, ...) there were on all of its caches, in its blocks as well."""
        own = sum(each.counts.get(word, 0) for each in self.caches.values())
        return own + sum(block.total(word) for block in self.blocks)

    def whole_cost(self) -> float | None:
        """Return its cost with that of its blocks, None where no times were kept."""
        known = [
            cost for cost in (self.cost, *(each.whole_cost() for each in self.blocks)) if cost is not None
        ]
        return sum(known) if known else None


class Recorded(Protocol):
    """What a report is written of: a `Recorder`, or what `merge` returns."""

    @property
    def tests(self) -> Sequence[TestRecord]: ...


@dataclass
class Report:
    """The records of several runs together."""

    tests: list[TestRecord]


def merge(records: Iterable[Recorded]) -> Report:
    """Return what *records* have, of the workers of one run, say, in the order of their labels.

    Where one record has the outcome of a test and another its operations, they become one.
    """
    found: list[TestRecord] = []
    without: dict[str, TestRecord] = {}
    for record in records:
        for each in record.tests:
            other = without.get(each.label)
            if other is None or each.kind != "test" or bool(each.packed) == bool(other.packed):
                if each.kind == "test" and (each.outcome is None or not each.packed):
                    without[each.label] = each
                found.append(each)
                continue
            del without[each.label]
            full, bare = (each, other) if each.packed else (other, each)
            joined = TestRecord(**{**vars(full), "outcome": full.outcome or bare.outcome})
            joined.seconds = full.seconds if bare.seconds is None else bare.seconds
            found[next(n for n, one in enumerate(found) if one is other)] = joined
    # Workers come to their ends in any order.
    return Report(sorted(found, key=lambda each: each.label))


def totals(tests: Iterable[TestRecord]) -> dict[str, CacheSummary]:
    """Return how much was done to each cache in all of *tests*, blocks included, by its name."""
    found: dict[str, CacheSummary] = {}
    for test in tests:
        for name, each in [*test.caches.items(), *totals(test.blocks).items()]:
            before = found.get(name, CacheSummary({}))
            counts = {word: before.counts.get(word, 0) + count for word, count in each.counts.items()}
            known = [seconds for seconds in (before.seconds, each.seconds) if seconds is not None]
            found[name] = CacheSummary(counts, sum(known) if known else None)
    return dict(sorted(found.items()))


def environment() -> dict[str, str]:
    """Return what a run was made with, which may explain how it differs from another."""
    return {
        "cachetest": sys.modules[__name__.partition(".")[0]].__version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} {platform.machine()}",
    }

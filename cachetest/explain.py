"""Why a lookup missed: the nearest key that was put before it, and the parts in which they differ."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .report import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .operations import Operation

__all__ = ["ABSENT", "Miss", "components", "explain_miss", "same"]

Part = tuple[str, object]

# A key may be a whole prompt, and a failure has to be told in moments: so many keys are compared, and so many
# parts and characters of each.
_COMPARED_KEYS = 500
_COMPARED_PARTS = 20
_COMPARED_TEXT = 200


class _Absent:
    """Stands for a part that one of two keys lacks: None is a part."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


class Miss(NamedTuple):
    """What is known about one miss.

    ``reason`` is ``"put before"`` (the entry was there and is gone), ``"empty"`` (nothing had been put),
    ``"empty, put later"``, ``"never put"`` or ``"put later"``. ``nearest`` is the likest key that had been
    put, and ``differing`` the parts of it that are not the same, as (name of the part, in the key that was
    put, in the key that missed); a part that one of them lacks is `ABSENT` there.
    """

    reason: str
    nearest: object = None
    differing: tuple[tuple[str, object, object], ...] = ()


def components(key: object) -> list[Part]:
    """Take *key* apart into named parts, in their order.

    Mappings and dataclasses by their own names, sequences by index, strings between punctuation;
    anything else is one part.
    """
    if isinstance(key, str):
        found = re.split(r"[:/|,;&\s]+", key, maxsplit=_COMPARED_PARTS)
        return [(f"part {n}", text) for n, text in enumerate(found, 1)]
    if isinstance(key, Mapping):
        return [(str(name), value) for name, value in key.items()]
    if is_dataclass(key) and not isinstance(key, type):
        return [(field.name, getattr(key, field.name)) for field in fields(key)]
    if isinstance(key, Sequence) and not isinstance(key, (bytes, bytearray, memoryview)):
        return [(f"part {n}", value) for n, value in enumerate(key, 1)]
    return [("key", key)]


def explain_miss(
    operations: Sequence[Operation],
    index: int,
    take_apart: Callable[[object], list[Part]] = components,
) -> Miss:
    """Explain ``operations[index]``, a miss, from what else happened to its cache.

    *take_apart* gives the named parts of a key.
    """
    missed = operations[index].key
    before = [operation.key for operation in operations[:index] if operation.kind == "put"]
    if any(_same_key(key, missed) for key in before):
        return Miss("put before")
    later = any(
        operation.kind == "put" and _same_key(operation.key, missed) for operation in operations[index + 1 :]
    )
    if not before:
        return Miss("empty, put later" if later else "empty")
    wanted = _parts(missed, take_apart)
    others = [(key, _parts(key, take_apart)) for key in before[-_COMPARED_KEYS:]]
    differing = [list(_differing(parts, wanted)) for _, parts in others]
    fewest = min(map(len, differing))
    ties = [n for n, found in enumerate(differing) if len(found) == fewest]
    nearest = ties[0] if len(ties) == 1 else max(ties, key=lambda n: _likeness(others[n][1], wanted))
    return Miss("put later" if later else "never put", others[nearest][0], tuple(differing[nearest]))


def same(one: object, other: object) -> bool:
    """Return whether two values are equal, also where ``==`` gives an array, or raises."""
    if one is other:
        return True
    try:
        equal: Any = one == other
        return bool(equal.all() if hasattr(equal, "all") else equal)
    except Exception:
        return False


def _same_key(one: object, other: object) -> bool:
    return type(one) is type(other) and same(one, other)


def _parts(key: object, take_apart: Callable[[object], list[Part]]) -> dict[str, object]:
    return dict(take_apart(key)[:_COMPARED_PARTS])


def _likeness(parts: Mapping[str, object], wanted: Mapping[str, object]) -> float:
    one, other = (" ".join(map(shorten, side.values()))[:_COMPARED_TEXT] for side in (parts, wanted))
    return difflib.SequenceMatcher(None, one, other).quick_ratio()


def _differing(
    parts: Mapping[str, object], wanted: Mapping[str, object]
) -> Iterable[tuple[str, object, object]]:
    for name in {**parts, **wanted}:
        have, want = parts.get(name, ABSENT), wanted.get(name, ABSENT)
        if not _same_key(have, want):
            yield name, have, want

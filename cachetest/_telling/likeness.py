"""Which keys are the same, and which of many are the likest to one."""

from __future__ import annotations

from array import array
from heapq import nlargest
from itertools import islice
from typing import TYPE_CHECKING, Any

from .formatting import shared_ends, short_repr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["CANDIDATES", "closest_keys", "hashes_of", "identity", "likest", "same", "same_key"]

CANDIDATES = 10_000
"""So many keys are compared at most."""

# Of keys that differ in as many parts, so many are compared character by character.
_COMPARED_CLOSELY = 50


def closest_keys(wanted: object, keys: Iterable[object], count: int) -> list[object]:
    """Return up to *count* of *keys*, the likest to *wanted* first; the first 10,000 are compared."""
    found = list(islice(keys, CANDIDATES))
    order = likest(short_repr(wanted), found, count)
    return [found[n] for n in order]


def same(one: object, other: object) -> bool:
    """Return whether two values are equal, also where ``==`` gives an array, or raises."""
    if one is other:
        return True
    try:
        equal: Any = one == other
        return bool(equal.all() if hasattr(equal, "all") else equal)
    except Exception:
        return False


def same_key(one: object, other: object) -> bool:
    return type(one) is type(other) and same(one, other)


def identity(key: object) -> object:
    """Return what is equal for equal keys only, and can be looked up: 1, 1.0 and True are three."""
    if type(key) is str:
        return key
    try:
        hash(key)
    except Exception:
        return id(key)
    return _Key(key)


class _Key:
    __slots__ = ("hash", "key")

    def __init__(self, key: object) -> None:
        self.key = key
        self.hash = hash(key)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and same_key(self.key, other.key)


def hashes_of(parts: Mapping[str, object]) -> array[int] | None:
    """Return a hash of each part, or None where a part has none."""
    try:
        return array("q", [hash((name, type(value), value)) for name, value in parts.items()])
    except Exception:
        return None


def likest(wanted: str, keys: Sequence[object], count: int = 1) -> list[int]:
    """Return the positions of the *count* of *keys* that look likest to *wanted*, the likest first."""
    if len(keys) == 1:
        return [0]
    # Loaded here: only a failure needs it.
    import difflib

    def roughly(n: int) -> int:
        return sum(shared_ends(wanted, short_repr(keys[n])))

    def closely(n: int) -> tuple[float, int]:
        ratio = difflib.SequenceMatcher(None, wanted, short_repr(keys[n])).ratio()
        # Of equally like ones the newest, which is what the program did last.
        return ratio, n

    first = nlargest(_COMPARED_CLOSELY, range(len(keys)), key=roughly)
    return nlargest(count, first, key=closely)

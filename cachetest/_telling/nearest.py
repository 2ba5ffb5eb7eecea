"""The search for the key that is nearest to one that missed."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from .._recording.sameness import identity
from .comparison import differing, named
from .explanation import ABSENT
from .formatting import first_of, short_repr
from .likeness import CANDIDATES, hashes_of, likest

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Sequence

    from .timeline import Timeline

__all__ = ["Nearest", "NearestKeys", "nearest_keys_of"]

# So many parts are compared for one miss, of the newest keys first.
_COMPARED_PARTS = 200_000


class Nearest(NamedTuple):
    """The key that is nearest, and the operation that shows it: its number, kind and store."""

    key: object = ABSENT
    number: int | None = None
    kind: str = "put"
    store: str | None = None


class NearestKeys:
    """The keys of the operations of one cache, set up to find the one nearest to any of them.

    Each search takes time in proportion to the keys that are known.
    """

    def __init__(self, line: Timeline) -> None:
        self._line = line
        # Of each key that is compared, the hashes of its parts: there may be 10,000, and several misses.
        self._hashes: dict[int, array[int]] = {}
        self._known: list[int] | None = None

    def nearest(self, index: int) -> Nearest:
        """Return the likest key that was in the cache before *index*; where none was, that was looked up."""
        missed = self._line.keys[index]
        wanted = self._apart(missed)
        most = min(CANDIDATES, max(50, _COMPARED_PARTS // max(1, len(wanted))))
        candidates = self._keys_of(self._before(index)[-most:]) or self._unlogged(index, most)
        if not candidates:
            mine = self._line.identities[index]
            earlier = range(max(0, index - most), index)
            candidates = self._keys_of(
                i for i in earlier if self._line.kinds[i] == "miss" and self._line.identities[i] != mine
            )
        return self._choose(missed, wanted, candidates)

    def nearest_of(self, key: object, others: Iterable[int]) -> Nearest:
        """Return which of the keys of the operations *others* is likest to *key*."""
        return self._choose(key, self._apart(key), self._keys_of(others))

    def _choose(self, missed: object, wanted: dict[str, object], candidates: Sequence[Nearest]) -> Nearest:
        if not candidates:
            return Nearest()
        found = hashes_of(wanted)
        hashes = None if found is None else frozenset(found)
        scores = [self._score(each, wanted, hashes) for each in candidates]
        fewest = min(scores)
        ties = [each for each, score in zip(candidates, scores, strict=True) if score == fewest]
        (at,) = likest(short_repr(missed), [each.key for each in ties])
        return ties[at]

    def _keys_of(self, indexes: Iterable[int]) -> list[Nearest]:
        line = self._line
        return [Nearest(line.keys[i], line.numbers[i], line.kinds[i], line.stores[i]) for i in indexes]

    def _unlogged(self, index: int, most: int) -> list[Nearest]:
        """Return keys that are in the cache and that no operation is known to have put."""
        line = self._line
        logged = {identity(key) for key, kind in zip(line.keys, line.kinds, strict=True) if kind == "put"}
        logged.add(identity(line.keys[index]))
        return [Nearest(key) for key in first_of(line.facts.present, most) if identity(key) not in logged]

    def _known_keys(self) -> list[int]:
        """Return where each key was first put, or first found where no put is known, in this order."""
        if self._known is None:
            places: dict[object, int] = {}
            for index, kind in enumerate(self._line.kinds):
                if kind in ("put", "hit"):
                    places.setdefault(self._line.identities[index], index)
            self._known = list(places.values())
        return self._known

    def _before(self, index: int) -> list[int]:
        """Return what `_known_keys` does, of the operations before *index*."""
        known = self._known_keys()
        return known[: bisect_left(known, index)]

    def _score(self, each: Nearest, wanted: dict[str, object], hashes: frozenset[int] | None) -> float:
        """Return in how many parts the key of *each* is another than the *wanted* ones."""
        found = None if each.number is None else self._hashes.get(each.number)
        if found is None:
            parts = self._apart(each.key)
            found = hashes_of(parts)
            if found is None or hashes is None:
                return sum(1 for _ in differing(parts, wanted))
            if each.number is not None:
                self._hashes[each.number] = found
        if hashes is None:
            return sum(1 for _ in differing(self._apart(each.key), wanted))
        # A part that has changed is there twice.
        shared = sum(each_hash in hashes for each_hash in found)
        return (len(found) + len(hashes)) / 2 - shared

    def _apart(self, key: object) -> dict[str, object]:
        return named(self._line.facts.components(key))


def nearest_keys_of(line: Timeline) -> NearestKeys:
    """Return the search in *line*, the same one each time: what it has compared is compared once."""
    found: NearestKeys = line.kept.setdefault("nearest keys", NearestKeys(line))
    return found

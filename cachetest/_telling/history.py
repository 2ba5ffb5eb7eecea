"""The known operations of one cache, and why any of its lookups missed."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple, Protocol, overload

from .explanation import ABSENT, Difference, Explanation
from .formatting import first_of, short_repr
from .key_parts import MOST_PARTS
from .likeness import CANDIDATES, hashes_of, identity, likest, same_key

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .._recording.operation import Kind, Operation
    from .key_parts import Part

__all__ = ["CacheFacts", "History", "KnownOperations"]

# So many parts are compared for one miss, of the newest keys first.
_COMPARED_PARTS = 200_000
_ENDS = {"delete": "deleted", "eviction": "evicted", "expiration": "expired", "put": "emptied"}


class CacheFacts(NamedTuple):
    """The facts about a cache that its log does not have.

    ``components`` gives the named parts of a key; ``why_opaque`` says why it can't, or is empty;
    ``forgotten`` are keys that had been put before a reset; ``present`` the keys of the entries;
    ``unkept`` are keys whose newest put the library threw away;
    ``notes`` what a library said of single operations, by their number; ``dropped`` how many operations
    came before those that are known; ``elsewhere`` names other caches that the key was put in.
    """

    components: Callable[[object], list[Part]]
    why_opaque: str = ""
    forgotten: Sequence[object] = ()
    present: Iterable[object] = ()
    unkept: Sequence[object] = ()
    notes: Mapping[int, str] = {}
    dropped: int = 0
    elsewhere: Callable[[object], list[str]] = lambda key: []


class KnownOperations(Protocol):
    """The operations of a log as they were at one moment, oldest first, and one attribute of all of them."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Operation]: ...
    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Operation]: ...
    def kinds(self) -> Sequence[Kind]: ...
    def keys(self) -> Sequence[object]: ...
    def numbers(self) -> Sequence[int]: ...


class History:
    """The known operations of one cache, set up to explain any number of its misses.

    Each explanation takes time in proportion to the operations that are known.
    """

    def __init__(self, cache: str, operations: KnownOperations, facts: CacheFacts) -> None:
        self._cache = cache
        self.operations = operations
        """The operations that are known, oldest first."""
        # An operation is made when it is read, and there may be very many.
        self._kinds = self.operations.kinds()
        self._keys = self.operations.keys()
        self._numbers = self.operations.numbers()
        self.dropped = facts.dropped
        """How many operations came before them."""
        self._facts = facts
        self._known: list[int] | None = None
        # Of each key that is compared, the hashes of its parts: there may be 10,000, and several misses.
        self._hashes: dict[int, array[int]] = {}

    @property
    def total(self) -> int:
        """How many operations there were."""
        return len(self.operations) + self.dropped

    def misses(self) -> list[int]:
        """Return the index of each miss, of each hit that the library refused, and of each bypass."""
        noted = self._facts.notes
        return [
            index
            for index, kind in enumerate(self._kinds)
            if kind in ("miss", "bypass") or (kind == "hit" and self._numbers[index] in noted)
        ]

    def is_of(self, index: int, key: object) -> bool:
        """Return whether the operation at *index* is one of *key*."""
        return same_key(self._keys[index], key)

    @overload
    def place_of(self, number: int) -> int: ...
    @overload
    def place_of(self, number: None) -> None: ...
    def place_of(self, number: int | None) -> int | None:
        """Return the place among all operations of the cache, from 1, of the one with this *number*."""
        return None if number is None else bisect_left(self._numbers, number) + self.dropped + 1

    def explain(self, index: int) -> Explanation:
        """Explain the operation at *index*, a miss, a hit that the library refused, or a bypass."""
        operation = self.operations[index]
        number = operation.number
        made = {"cache": self._cache, "key": operation.key, "operation": number}
        note = self._facts.notes.get(number, "")
        if operation.kind == "bypass":
            return Explanation(**made, reason="bypassed", note=str(operation.key))  # type: ignore[arg-type]
        if operation.kind == "hit":
            return Explanation(**made, reason="guards failed", note=note)  # type: ignore[arg-type]
        reason, earlier, later = self._outcome(index)
        if reason != "never put":
            return Explanation(**made, reason=reason, earlier=earlier, later=later, note=note)  # type: ignore[arg-type]
        caches = self._facts.elsewhere(operation.key)
        if caches:
            where = f"the same key was put in {', '.join(map(repr, caches))}"
            return Explanation(**made, reason="put elsewhere", later=later, note=where)  # type: ignore[arg-type]
        nearest, number_of_nearest, was_put = self._nearest(index)
        differences: tuple[Difference, ...] = ()
        if nearest is not ABSENT:
            differences = tuple(_differing(self._apart(nearest), self._apart(operation.key)))
            if self._facts.why_opaque and not note:
                note = self._facts.why_opaque
        return Explanation(
            **made,  # type: ignore[arg-type]
            reason="never put",
            later=later,
            nearest=nearest,
            nearest_operation=number_of_nearest,
            nearest_put=was_put,
            differences=differences,
            complete=not self._facts.dropped,
            note=note,
        )

    def _outcome(self, index: int) -> tuple[str, int | None, int | None]:
        """Return the reason, and the numbers of the operations before and after that it follows from."""
        kinds, numbers, key = self._kinds, self._numbers, self._keys[index]
        mine = [i for i, each in enumerate(self._keys) if same_key(each, key)]
        at = bisect_left(mine, index)
        later = next((numbers[i] for i in mine[at:] if kinds[i] == "put"), None)
        lost: int | None = None
        for i in reversed(mine[:at]):
            if kinds[i] in ("put", "hit"):
                ended = lost if lost is not None else i
                reason = _ENDS.get(kinds[ended], "emptied")
                if reason == "emptied" and any(same_key(each, key) for each in self._facts.unkept):
                    reason = "not kept"
                return reason, numbers[ended], later
            if kinds[i] in ("delete", "eviction", "expiration") and lost is None:
                lost = i
        if lost is not None and kinds[lost] != "delete":
            # It was there, though its put is not known any more. (What was never there may be deleted.)
            return _ENDS[kinds[lost]], numbers[lost], later
        if any(same_key(each, key) for each in self._facts.forgotten):
            return "reset", None, later
        return "never put", None, later

    def _nearest(self, index: int) -> tuple[object, int | None, bool]:
        """Return the likest key that was in the cache before *index*, and the operation that shows it.

        Where none was, it is one that had been looked up only, and the last of the three is False.
        """
        missed = self._keys[index]
        wanted = self._apart(missed)
        most = min(CANDIDATES, max(50, _COMPARED_PARTS // max(1, len(wanted))))
        known = self._known_keys()
        before = known[: bisect_left(known, index)][-most:]
        candidates = self._keys_of(before) or self._present(missed, most)
        was_put = bool(candidates)
        if not candidates:
            missing = identity(missed)
            earlier = range(max(0, index - most), index)
            candidates = self._keys_of(
                i for i in earlier if self._kinds[i] == "miss" and identity(self._keys[i]) != missing
            )
        if not candidates:
            return ABSENT, None, False
        found = hashes_of(wanted)
        hashes = None if found is None else frozenset(found)
        scores = [self._score(key, number, wanted, hashes) for key, number in candidates]
        fewest = min(scores)
        ties = [each for each, score in zip(candidates, scores, strict=True) if score == fewest]
        (at,) = likest(short_repr(missed), [key for key, _ in ties])
        return *ties[at], was_put

    def _keys_of(self, indexes: Iterable[int]) -> list[tuple[object, int | None]]:
        return [(self._keys[i], self._numbers[i]) for i in indexes]

    def _present(self, missed: object, most: int) -> list[tuple[object, int | None]]:
        """Return keys that are in the cache and that no operation is known to have put."""
        logged = {identity(self._keys[i]) for i in self._known_keys()} | {identity(missed)}
        return [(key, None) for key in first_of(self._facts.present, most) if identity(key) not in logged]

    def _known_keys(self) -> list[int]:
        """Return where each key was first known to be in the cache, in this order."""
        if self._known is None:
            seen: set[object] = set()
            self._known = []
            for index, (kind, key) in enumerate(zip(self._kinds, self._keys, strict=True)):
                found = identity(key)
                if kind in ("put", "hit") and found not in seen:
                    seen.add(found)
                    self._known.append(index)
        return self._known

    def _score(
        self, key: object, number: int | None, wanted: dict[str, object], hashes: frozenset[int] | None
    ) -> float:
        """Return in how many parts *key*, of the operation *number*, is another than the *wanted* ones."""
        found = None if number is None else self._hashes.get(number)
        if found is None:
            parts = self._apart(key)
            found = hashes_of(parts)
            if found is None or hashes is None:
                return sum(1 for _ in _differing(parts, wanted))
            if number is not None:
                self._hashes[number] = found
        if hashes is None:
            return sum(1 for _ in _differing(self._apart(key), wanted))
        # A part that has changed is there twice.
        shared = sum(each in hashes for each in found)
        return (len(found) + len(hashes)) / 2 - shared

    def _apart(self, key: object) -> dict[str, object]:
        parts: dict[str, object] = {}
        for n, (name, value) in enumerate(self._facts.components(key)[:MOST_PARTS], 1):
            parts[name if name not in parts else f"{name} ({n})"] = value
        return parts


def _differing(parts: Mapping[str, object], wanted: Mapping[str, object]) -> Iterable[Difference]:
    for name in {**parts, **wanted}:
        was, now = parts.get(name, ABSENT), wanted.get(name, ABSENT)
        if not same_key(was, now):
            yield Difference(name, was, now)

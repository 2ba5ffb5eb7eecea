"""Why a lookup missed: what became of its key, or the nearest key that was put, and what differs."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from heapq import nlargest
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from .texts import change, first_of, label_keys, shared_ends, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .operations import Operation

    TakeApart = Callable[[object], list["Part"]]

__all__ = [
    "ABSENT",
    "Difference",
    "Explanation",
    "Facts",
    "History",
    "closest_keys",
    "components",
    "same",
]

Part = tuple[str, object]

# A key may be a whole prompt, and a failure has to be told in moments.
_PARTS = 2_000
_PARTS_OF_TEXT = 20
_JSON_TEXT = 20_000
# So many parts are compared for one miss, of the newest keys first.
_COMPARED_PARTS = 200_000
_CANDIDATES = 10_000
# Of keys that differ in as many parts, so many are compared character by character.
_COMPARED_CLOSELY = 50
_SHOWN_DIFFERENCES = 5

_HASH = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}|[a-z2-7]{48,}")


class _Absent:
    """Stands for a part that one of two keys lacks: None is a part."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


class Difference(NamedTuple):
    """A part in which two keys differ: its name, and what it was in the earlier key and is now."""

    part: str
    was: object
    now: object

    def __str__(self) -> str:
        if isinstance(self.was, str) and isinstance(self.now, str) and _hashes(self.was, self.now):
            return f"{self.part}: a hash, and what went into it can't be told from it"
        return f"{self.part}: {change(self.was, self.now)}"


class Facts(NamedTuple):
    """What is known of a cache beside its log.

    ``take_apart`` gives the named parts of a key; ``opaque`` says why it can't, or is empty;
    ``forgotten`` are keys that had been put before a reset; ``present`` the keys of the entries;
    ``unkept`` are keys whose newest put the library threw away;
    ``notes`` what a library said of single operations, by their number; ``dropped`` how many operations
    came before those that are known; ``elsewhere`` names other caches that the key was put in.
    """

    take_apart: TakeApart
    opaque: str = ""
    forgotten: Sequence[object] = ()
    present: Iterable[object] = ()
    unkept: Sequence[object] = ()
    notes: Mapping[int, str] = {}
    dropped: int = 0
    elsewhere: Callable[[object], list[str]] = lambda key: []


@dataclass(frozen=True)
class Explanation:
    """Why one lookup missed.

    ``operation`` is its number in the log, from 1. ``reason`` is one of ``"never put"``,
    ``"put elsewhere"``, ``"deleted"``, ``"evicted"``, ``"expired"``, ``"reset"``, ``"emptied"`` (the entry
    was taken out by hand), ``"not kept"`` (the library keeps nothing there), ``"guards failed"`` (it was
    found, and the library refused it) and ``"bypassed"`` (the library did not ask); of the last two ``note``
    has the reason. ``earlier`` is the number of the operation that took the key away, ``later`` of the put
    that came too late. ``nearest`` is the likest key that had been put, by the operation
    ``nearest_operation``; where none had been, one that was looked up, and ``nearest_put`` is False.
    ``differences`` are the parts that are not the same. ``complete`` is False where older operations are
    gone from the log. ``note`` is what else there is to know. ``str()`` of it is one or more lines.
    """

    cache: str
    key: object
    operation: int
    reason: str
    earlier: int | None = None
    later: int | None = None
    nearest: object = ABSENT
    nearest_operation: int | None = None
    nearest_put: bool = True
    differences: tuple[Difference, ...] = ()
    complete: bool = True
    note: str = ""

    def lines(self, label: Callable[[object], str] = shorten, limit: int = _SHOWN_DIFFERENCES) -> list[str]:
        """Return the explanation as lines; *label* writes keys, and at most *limit* differences are told."""
        found = [self._first(label)]
        found += [f"  {difference}" for difference in self.differences[:limit]]
        more = len(self.differences) - limit
        if more > 0:
            found.append(f"  and {more} more {'parts' if more > 1 else 'part'}")
        if self.note and self.reason not in ("guards failed", "bypassed"):
            found.append(self.note)
        return found

    def _first(self, label: Callable[[object], str]) -> str:
        by = f" by operation {self.earlier}" if self.earlier is not None else ""
        later = f"; put later, by operation {self.later}" if self.later is not None else ""
        if self.reason != "never put":
            return _WORDS[self.reason].format(by=by, at=by.replace(" by", " at"), note=self.note) + later
        never = "never put before" if self.complete else "not put in the operations that are known"
        if self.nearest is ABSENT:
            return f"{never}{later}"
        put = ""
        if self.nearest_operation is not None:
            did = "put" if self.nearest_put else "looked up and never put"
            put = f", {did} by operation {self.nearest_operation},"
        said = "differs in" if self.differences else "differs in punctuation or type only"
        return f"{never}{later}; the nearest key, {label(self.nearest)}{put} {said}"

    def __str__(self) -> str:
        label = label_keys([self.key, self.nearest])
        head = f"cache {self.cache!r}, operation {self.operation}, key {label(self.key)}: "
        if self.reason == "bypassed":
            head = f"cache {self.cache!r}, operation {self.operation}: "
        return head + "\n  ".join(self.lines(label))


_WORDS = {
    "deleted": "put, then deleted{by}",
    "evicted": "put, then evicted for room{by}",
    "expired": "put, then expired{by}",
    "reset": "put, then the cache was reset",
    "emptied": "it was there{at}, then gone with no delete logged: the cache was emptied by hand",
    "not kept": "put{by}, and not kept: its backend keeps nothing",
    "put elsewhere": "never put here",
    "guards failed": "the key was present, its guards failed: {note}",
    "bypassed": "no lookup, the library did not take part: {note}",
}
_ENDS = {"delete": "deleted", "eviction": "evicted", "expiration": "expired", "put": "emptied"}


def components(key: object) -> list[Part]:
    """Take *key* apart into named parts, in their order.

    Mappings and dataclasses by their own names, sequences by index, inner ones by path; JSON text as what
    it stands for, other strings between punctuation; anything else is one part.
    """
    if isinstance(key, str):
        found = _json(key)
        return _text_parts(key) if found is None else list(islice(_flat("", found), _PARTS))
    try:
        return list(islice(_flat("", key), _PARTS)) or [("key", key)]
    except Exception:
        # A field that was never set, a mapping that can't be read: what a failure is told of may be anything.
        return [("key", key)]


def _json(text: str) -> object:
    if text[:1] not in ("{", "[") or len(text) > _JSON_TEXT:
        return None
    # Loaded here: only a failure needs it.
    import json

    try:
        return json.loads(text) or None
    except (ValueError, RecursionError):
        return None


def _text_parts(text: str) -> list[Part]:
    found = []
    for n, piece in enumerate(re.split(r"[:/|,;&?\s]+", text, maxsplit=_PARTS_OF_TEXT), 1):
        name, mark, value = piece.partition("=")
        found.append((name, value) if mark and name.isidentifier() else (f"part {n}", piece))
    return found


def _flat(path: str, value: object, depth: int = 0) -> Iterable[Part]:
    inside: Iterable[tuple[str, object]] | None = None
    if depth < 4 and not isinstance(value, (str, bytes, bytearray, memoryview)):
        if isinstance(value, Mapping):
            inside = ((f"{path}.{name}" if path else str(name), each) for name, each in value.items())
        elif is_dataclass(value) and not isinstance(value, type):
            inside = (
                (f"{path}.{field.name}" if path else field.name, getattr(value, field.name))
                for field in fields(value)
            )
        elif isinstance(value, tuple) and hasattr(value, "_fields"):
            inside = (
                (f"{path}.{name}" if path else name, each)
                for name, each in zip(value._fields, value, strict=False)
            )
        elif isinstance(value, Sequence):
            inside = ((f"{path}[{n - 1}]" if path else f"part {n}", each) for n, each in enumerate(value, 1))
    if inside is None or (depth and not value):
        yield path or "key", value
        return
    for name, each in inside:
        yield from _flat(name, each, depth + 1)


class History:
    """The known operations of one cache, set up to explain any number of its misses.

    Each explanation takes time in proportion to the operations that are known.
    """

    def __init__(self, cache: str, operations: Sequence[Operation], facts: Facts) -> None:
        self._cache = cache
        self.operations = operations
        """Those that are known, oldest first."""
        self.dropped = facts.dropped
        """How many came before them."""
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
        noted = {number - self._facts.dropped - 1 for number in self._facts.notes}
        return [
            index
            for index, operation in enumerate(self.operations)
            if operation.kind in ("miss", "bypass") or (operation.kind == "hit" and index in noted)
        ]

    def is_of(self, index: int, key: object) -> bool:
        """Return whether the operation at *index* is one of *key*."""
        return _same_key(self.operations[index].key, key)

    def explain(self, index: int) -> Explanation:
        """Explain the operation at *index*, a miss, a hit that the library refused, or a bypass."""
        operation = self.operations[index]
        number = index + self._facts.dropped + 1
        made = {"cache": self._cache, "key": operation.key, "operation": number}
        note = self._facts.notes.get(number, "")
        if operation.kind == "bypass":
            return Explanation(**made, reason="bypassed", note=str(operation.key))  # type: ignore[arg-type]
        if operation.kind == "hit":
            return Explanation(**made, reason="guards failed", note=note)  # type: ignore[arg-type]
        reason, earlier, later = self._fate(index)
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
            if self._facts.opaque and not note:
                note = self._facts.opaque
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

    def _fate(self, index: int) -> tuple[str, int | None, int | None]:
        """Return the reason, and the numbers of the operations before and after that it follows from."""
        key = self.operations[index].key
        mine = [i for i, operation in enumerate(self.operations) if _same_key(operation.key, key)]
        at = bisect_left(mine, index)
        offset = self._facts.dropped + 1
        later = next((i + offset for i in mine[at:] if self.operations[i].kind == "put"), None)
        lost: int | None = None
        for i in reversed(mine[:at]):
            kind = self.operations[i].kind
            if kind in ("put", "hit"):
                ended = lost if lost is not None else i
                reason = _ENDS.get(self.operations[ended].kind, "emptied")
                if reason == "emptied" and any(_same_key(each, key) for each in self._facts.unkept):
                    reason = "not kept"
                return reason, ended + offset, later
            if kind in ("delete", "eviction", "expiration") and lost is None:
                lost = i
        if lost is not None and self.operations[lost].kind != "delete":
            # It was there, though its put is not known any more. (What was never there may be deleted.)
            return _ENDS[self.operations[lost].kind], lost + offset, later
        if any(_same_key(each, key) for each in self._facts.forgotten):
            return "reset", None, later
        return "never put", None, later

    def _nearest(self, index: int) -> tuple[object, int | None, bool]:
        """Return the likest key that was in the cache before *index*, and the operation that shows it.

        Where none was, it is one that had been looked up only, and the last of the three is False.
        """
        missed = self.operations[index].key
        wanted = self._apart(missed)
        most = min(_CANDIDATES, max(50, _COMPARED_PARTS // max(1, len(wanted))))
        known = self._known_keys()
        before = known[: bisect_left(known, index)][-most:]
        candidates = self._keys_of(before) or self._present(missed, most)
        was_put = bool(candidates)
        if not candidates:
            missing = _identity(missed)
            earlier = range(max(0, index - most), index)
            candidates = self._keys_of(
                i
                for i in earlier
                if self.operations[i].kind == "miss" and _identity(self.operations[i].key) != missing
            )
        if not candidates:
            return ABSENT, None, False
        found = _hashes_of(wanted)
        hashes = None if found is None else frozenset(found)
        scores = [self._score(key, number, wanted, hashes) for key, number in candidates]
        fewest = min(scores)
        ties = [each for each, score in zip(candidates, scores, strict=True) if score == fewest]
        likest = _likest(shorten(missed), [key for key, _ in ties])
        return *ties[likest[0]], was_put

    def _keys_of(self, indexes: Iterable[int]) -> list[tuple[object, int | None]]:
        return [(self.operations[i].key, i + self._facts.dropped + 1) for i in indexes]

    def _present(self, missed: object, most: int) -> list[tuple[object, int | None]]:
        """Return keys that are in the cache and that no operation is known to have put."""
        logged = {_identity(self.operations[i].key) for i in self._known_keys()} | {_identity(missed)}
        return [(key, None) for key in first_of(self._facts.present, most) if _identity(key) not in logged]

    def _known_keys(self) -> list[int]:
        """Return where each key was first known to be in the cache, in this order."""
        if self._known is None:
            seen: set[object] = set()
            self._known = []
            for index, operation in enumerate(self.operations):
                identity = _identity(operation.key)
                if operation.kind in ("put", "hit") and identity not in seen:
                    seen.add(identity)
                    self._known.append(index)
        return self._known

    def _score(
        self, key: object, number: int | None, wanted: dict[str, object], hashes: frozenset[int] | None
    ) -> float:
        """Return in how many parts *key*, of the operation *number*, is another than the *wanted* ones."""
        found = None if number is None else self._hashes.get(number)
        if found is None:
            parts = self._apart(key)
            found = _hashes_of(parts)
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
        for n, (name, value) in enumerate(self._facts.take_apart(key)[:_PARTS], 1):
            parts[name if name not in parts else f"{name} ({n})"] = value
        return parts


def closest_keys(wanted: object, keys: Iterable[object], count: int) -> list[object]:
    """Return up to *count* of *keys*, the likest to *wanted* first; the first 10,000 are compared."""
    found = list(islice(keys, _CANDIDATES))
    order = _likest(shorten(wanted), found, count)
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


def _same_key(one: object, other: object) -> bool:
    return type(one) is type(other) and same(one, other)


def _identity(key: object) -> object:
    """Return what is equal for equal keys only, and can be looked up: 1, 1.0 and True are three."""
    if type(key) is str:
        return key
    try:
        hash(key)
    except Exception:
        return id(key)
    return _Identity(key)


class _Identity:
    __slots__ = ("hash", "key")

    def __init__(self, key: object) -> None:
        self.key = key
        self.hash = hash(key)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and _same_key(self.key, other.key)


def _hashes_of(parts: Mapping[str, object]) -> array[int] | None:
    """Return a hash of each part, or None where a part has none."""
    try:
        return array("q", [hash((name, type(value), value)) for name, value in parts.items()])
    except Exception:
        return None


def _likest(wanted: str, keys: Sequence[object], count: int = 1) -> list[int]:
    """Return the positions of the *count* of *keys* that look likest to *wanted*, the likest first."""
    if len(keys) == 1:
        return [0]
    # Loaded here: only a failure needs it.
    import difflib

    def roughly(n: int) -> int:
        return sum(shared_ends(wanted, shorten(keys[n])))

    def closely(n: int) -> tuple[float, int]:
        ratio = difflib.SequenceMatcher(None, wanted, shorten(keys[n])).ratio()
        # Of equally like ones the newest, which is what the program did last.
        return ratio, n

    first = nlargest(_COMPARED_CLOSELY, range(len(keys)), key=roughly)
    return nlargest(count, first, key=closely)


def _hashes(one: str, other: str) -> bool:
    return bool(_HASH.fullmatch(one) and _HASH.fullmatch(other))


def _differing(parts: Mapping[str, object], wanted: Mapping[str, object]) -> Iterable[Difference]:
    for name in {**parts, **wanted}:
        was, now = parts.get(name, ABSENT), wanted.get(name, ABSENT)
        if not _same_key(was, now):
            yield Difference(name, was, now)

"""What became of a key that a lookup missed."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from .._recording.sameness import same_key
from .lifetimes import expiry_note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .timeline import Aside, Timeline

__all__ = ["Outcome", "aside_lines", "ended", "outcome", "put_elsewhere"]

_SHOWN = 2
_ENDS = {
    "delete": "deleted",
    "eviction": "evicted",
    "expiration": "expired",
    "put": "emptied",
    "hit": "emptied",
}


class Outcome(NamedTuple):
    """The ``reason`` of a miss, and the numbers of the operations before and after that it follows from.

    Where the key was never put, ``earlier`` is the latest that missed it. ``note`` is what else there is, and
    ``by_hand`` says whether the test alone can have taken the entry out.
    """

    reason: str
    earlier: int | None
    later: int | None
    note: str = ""
    by_hand: bool = False


def outcome(line: Timeline, index: int) -> Outcome:
    """Return what became of the key that the operation at *index* missed."""
    kinds, numbers, key = line.kinds, line.numbers, line.keys[index]
    mine = line.of_same(index)
    at = bisect_left(mine, index)
    later = next((numbers[i] for i in mine[at:] if kinds[i] == "put"), None)
    was_there = any(same_key(each, key) for each in line.facts.inherited)
    last = ended(line, mine[:at], was_there=was_there)
    if last is not None:
        reason = _ENDS.get(kinds[last], "emptied")
        if reason != "emptied":
            note = expiry_note(line, last, mine) if reason == "expired" else ""
            return Outcome(reason, numbers[last], later, note)
        note = "\n".join([*_changed(line, last, index), *_in_other_places(line, index)])
        reason = _gone(line, index, later)
        by_hand = reason == "emptied" and _is_by_hand(line, last, index)
        return Outcome(reason, numbers[last], later, note, by_hand)
    if was_there:
        asides, note = line.asides(None, index), "\n".join(_changed(line, None, index))
        # One thread alone has changed it, as far as is known: none has deleted it since, and logs that now.
        by_hand = line.facts.is_plain and not asides and all(kinds[i] in ("hit", "miss", "put") for i in mine)
        return Outcome("emptied", None, later, note, by_hand)
    if any(same_key(each, key) for each in line.facts.forgotten):
        return Outcome("reset", None, later)
    missed = next((numbers[i] for i in reversed(mine[:at]) if kinds[i] == "miss"), None)
    return Outcome("never put", missed, later)


def ended(line: Timeline, mine: Sequence[int], *, was_there: bool) -> int | None:
    """Return which of the operations *mine* on a key ended its entry, or saw it last; None if none did.

    *was_there* says whether the entry was there before the first of them.
    """
    lost: int | None = None
    for i in reversed(mine):
        if line.kinds[i] in ("put", "hit"):
            return i if lost is None else lost
        if line.kinds[i] in ("delete", "eviction", "expiration") and lost is None:
            lost = i
    # It was there, though its put is not known any more. (What was never there may be deleted.)
    return lost if lost is not None and (was_there or line.kinds[lost] != "delete") else None


def _gone(line: Timeline, index: int, later: int | None) -> str:
    """Return why a key was not found that was there, and that no operation took away."""
    facts, key = line.facts, line.keys[index]
    if any(same_key(each, key) for each in facts.unkept):
        return "not kept"
    state = _state_of(line, index)
    if state == "hash changed":
        return state
    if state == "there" and later is None:
        # A lookup that was under way on another thread, a fault, or an entry that somebody brought back.
        return "there"
    return "emptied"


def _is_by_hand(line: Timeline, seen: int, index: int) -> bool:
    """Return whether nothing but the test can have taken the entry out between two operations."""
    first, second = line.operations[seen], line.operations[index]
    alone = first.thread == second.thread and first.process == second.process
    touched = any(getattr(each, "fault", None) for each in (first, second))
    return line.facts.is_plain and alone and not touched and not line.asides(seen, index)


def _state_of(line: Timeline, index: int) -> str:
    """Return whether the key is ``"there"`` now, or its ``"hash changed"``; nothing where it is not there."""
    key, present = line.keys[index], line.facts.present
    if line.facts.places_of is not None:
        return "there" if line.stores[index] in line.facts.places_of(key) else ""
    try:
        if key in present:
            return "there"
    except Exception:
        # Its hash can't be had any more, or its == raises; or nobody can read the entries.
        if not line.facts.is_plain:
            return ""
    if line.facts.is_plain and not isinstance(key, (str, bytes, int)):
        # list() of a dict is made at once, also while other threads add to it.
        return "hash changed" if any(each is key for each in list(present)) else ""
    return ""


def _in_other_places(line: Timeline, index: int) -> list[str]:
    """Return a line that says in which other servers and databases the key is now, if in any."""
    if line.facts.places_of is None:
        return []
    found = [each for each in line.facts.places_of(line.keys[index]) if each != line.stores[index]]
    return [f"the same key is in {', '.join(found)} now"] if found else []


def _changed(line: Timeline, seen: int | None, index: int) -> list[str]:
    """Return what may have taken the entry out after *seen*: deletes in other caches, which may share it.

    Where there are none, what is not counted may have.
    """
    facts, store = line.facts, line.stores[index]
    first = 0 if seen is None else line.numbers[seen]
    if not facts.is_plain:
        deletes = [
            f"in cache {each.cache!r} it was deleted by operation {each.number}, {line.at(each)}"
            for each in facts.changed_elsewhere(line.keys[index])
            if each.kind == "delete" and each.store == store and first < each.number < line.numbers[index]
        ]
        if deletes:
            return deletes[-_SHOWN:]
    return aside_lines(line.asides(seen, index))


def aside_lines(asides: Sequence[Aside]) -> list[str]:
    """Return the lines that tell of the latest of *asides*."""
    return [str(each) for each in asides[-_SHOWN:]]


def put_elsewhere(line: Timeline, index: int) -> str:
    """Return where else the key was put: in another server or database, or another cache."""
    key, store = line.keys[index], line.stores[index]
    for i in reversed(range(index)):
        if line.stores[i] != store and line.kinds[i] == "put" and line.is_of(i, key):
            return (
                f"the same key was put in {line.stores[i]}, by operation {line.numbers[i]}, "
                f"and this lookup was in {store}"
            )
    caches = line.facts.elsewhere(key)
    return f"the same key was put in {', '.join(map(repr, caches))}" if caches else ""

"""How the entry of a hit came to be there, and what did not take it away."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from .._recording.sameness import identity, same_key
from .comparison import are_related, compare
from .nearest import nearest_keys_of
from .outcome import aside_lines
from .shortening import short_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .timeline import Operation, Timeline

__all__ = ["CLASS", "entry_lines", "given_origin", "hit_lines"]

CLASS = "the scope of the class"
"""Where an entry came from that was set up before the test."""

_SHOWN_DELETES = 2
_SHOWN_DIFFERENCES = 3
_COMPARED_DELETES = 200


def given_origin(origins: Mapping[object, str], key: object) -> str | None:
    """Return what *origins* say of *key*; None where they say nothing."""
    try:
        found = origins.get(key)
    except Exception:
        # A key that can't be hashed, or whose == raises.
        return None
    return found


def hit_lines(line: Timeline, index: int, label: Callable[[object], str] = short_repr) -> list[str]:
    """Return how the entry that the operation at *index* hit came to be there, and the deletes near it."""
    mine = line.of_same(index)
    return _lines(line, mine[: bisect_left(mine, index)], index, line.keys[index], label)


def entry_lines(
    line: Timeline, key: object, store: str | None = None, label: Callable[[object], str] = short_repr
) -> list[str]:
    """Return how the entry of *key* came to be there, and what was deleted near it; *store* is where."""
    mine = line.of_key(key, store)
    return _lines(line, mine, len(line.keys), key, label)


def _lines(
    line: Timeline, mine: Sequence[int], index: int, key: object, label: Callable[[object], str]
) -> list[str]:
    put = _put(line, mine)
    lines = _not_put(line, mine, index, key) if put is None else _put_lines(line, mine, put, index)
    lines += aside_lines(line.asides(put, index))
    return lines + _deletes(line, mine, 0 if put is None else put, index, key, label)


def _put(line: Timeline, mine: Sequence[int]) -> int | None:
    """Return which of the operations *mine* on a key put the entry that was there after the last of them."""
    for i in reversed(mine):
        if line.kinds[i] == "put":
            return i
        if line.kinds[i] in ("miss", "delete", "eviction", "expiration"):
            return None
    return None


def _put_lines(line: Timeline, mine: Sequence[int], put: int, index: int) -> list[str]:
    told = f"put by {_at(line, line.operations[put])}"
    if index < len(line.keys):
        between = line.numbers[index] - line.numbers[put] - 1
        told += f", {_operations(between)} before it" if between else ", right before it"
        told += "; no part of its key differs"
    lines = [told]
    before = (i for i in reversed(mine[: bisect_left(mine, put)]) if line.kinds[i] not in ("hit", "miss"))
    gone = next(before, None)
    if gone is not None and line.kinds[gone] == "delete":
        lines[0] = f"deleted by {_at(line, line.operations[gone])}, then {lines[0]}"
    return lines


def _operations(between: int) -> str:
    return "one operation" if between == 1 else f"{between:,} operations"


def _not_put(line: Timeline, mine: Sequence[int], index: int, key: object) -> list[str]:
    """Return what can be said of an entry that no operation is known to have put."""
    given = given_origin(line.facts.origins, key)
    if given is None and any(same_key(each, key) for each in line.facts.inherited):
        given = CLASS
    if given is not None:
        return [f"put by no operation of this scope: it comes from {given}"]
    last = next((i for i in reversed(mine) if line.kinds[i] != "hit"), None)
    since = ""
    if last is not None and line.kinds[last] in _SINCE:
        since = f"{_SINCE[line.kinds[last]]} {_at(line, line.operations[last])}; "
    elif line.dropped:
        return ["put before the operations that are known"]
    later = _under_way(line, index, key)
    if later is not None:
        put = _at(line, line.operations[later])
        return [f"{since}put by {put}, which was logged after it and may have been under way"]
    if line.asides(last, index):
        return [f"{since}no operation put it{' since' if since else ''}"]
    by_hand = line.facts.is_plain and "it was put in by hand"
    how = by_hand or "it was put in by hand, or in a way that is not counted"
    return [f"{since}no operation put it{' since' if since else ''}: {how}"]


_SINCE = {
    "delete": "deleted by",
    "miss": "missed by",
    "eviction": "evicted at",
    "expiration": "found expired by",
}


def _under_way(line: Timeline, index: int, key: object) -> int | None:
    """Return the put that another thread may have been about to log when the operation at *index* hit."""
    if index >= len(line.keys):
        return None
    hit = line.operations[index]
    for i in line.of_same(index):
        if i > index and line.kinds[i] == "put":
            put = line.operations[i]
            return i if (put.thread, put.process) != (hit.thread, hit.process) else None
    return None


def _deletes(
    line: Timeline, mine: Sequence[int], start: int, index: int, key: object, label: Callable[[object], str]
) -> list[str]:
    """Return what was deleted between the operations at *start* and *index* that is near *key*."""
    lines: list[str] = []
    components = line.facts.components
    near: dict[object, int] = {}
    for i in range(min(index, len(line.keys)) - 1, start, -1):
        if line.kinds[i] == "delete" and len(near) < _COMPARED_DELETES:
            if same_key(line.keys[i], key):
                if i not in mine:
                    lines.append(f"deleted in {line.stores[i]} alone, by {_at(line, line.operations[i])}")
                continue
            near.setdefault(identity(line.keys[i]), i)
    for i in _nearest(line, key, list(near.values())):
        found = compare(line.keys[i], key, components)
        if not are_related(line.keys[i], key, found, len(components(key))):
            continue
        said = "which differs in" if found.differences else f"which differs in {found.otherwise}"
        lines.append(f"deleted since: {label(line.keys[i])}, by {_at(line, line.operations[i])}, {said}")
        lines += [f"  {each}" for each in found.differences[:_SHOWN_DIFFERENCES]]
    first = line.numbers[start] if line.numbers else 0
    last = line.numbers[index] if index < len(line.numbers) else float("inf")
    stores = {line.stores[i] for i in mine} - {None}
    for operation in line.facts.changed_elsewhere(key):
        if first < operation.number < last:
            # A cache that has its entries in the same place, such as the client of that server.
            is_shared = operation.store in stores
            told = f"in cache {operation.cache!r}{'' if is_shared else ' alone'}, by {_at(line, operation)}"
            if operation.kind == "delete":
                lines.append(f"deleted {told}")
            elif is_shared:
                lines.append(f"put anew {told}")
    return lines


def _nearest(line: Timeline, key: object, indexes: list[int]) -> list[int]:
    """Return those of *indexes* whose keys are likest to *key*, in their order."""
    found: list[int] = []
    while indexes and len(found) < _SHOWN_DELETES:
        nearest = nearest_keys_of(line).nearest_of(key, sorted(indexes))
        at = next(i for i in indexes if line.numbers[i] == nearest.number)
        indexes.remove(at)
        found.append(at)
    return sorted(found)


def _at(line: Timeline, operation: Operation) -> str:
    return f"operation {operation.number}, {line.at(operation)}"

"""The operations of a cache as lines of a text, each with the reason for it where there is one to tell."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from .._recording.operation import place_of
from .formatting import label_keys, short_middle
from .shortening import short_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._recording.operation import Operation
    from .history import History

    _Explainer = Callable[[Callable[[object], str], int], list[str]]

__all__ = ["LINES", "describe_operations", "in_blocks"]

# What is longer is not read. A failure has a traceback around it as well.
LINES = 38
_EXPLAINED_FIRST = 3
_FEW_DIFFERENCES = 3
_MORE_THAN_PARTS = 3

_PLURALS = {
    "put": "puts",
    "hit": "hits",
    "miss": "misses",
    "delete": "deletes",
    "eviction": "evictions",
    "expiration": "expirations",
    "bypass": "bypasses",
    "refusal": "refusals",
    "failure": "failures",
}


def describe_operations(
    history: History, *, skipped: int = 0, room: int = LINES, hits: bool = False, misses: bool = True
) -> list[str]:
    """Return the operations in order, in about *room* lines, and why the first and the last lookup missed.

    With *hits*, also where the entries of the first and the last hit came from; without *misses*, not that.
    """
    operations, dropped = history.operations, history.dropped
    start = max(0, skipped - dropped)
    if start >= len(operations):
        why = [*(f"  {line}" for line in history.why_unused()), *in_blocks(history)]
        return ["  no operations", *(f"  {line}" for line in why)]
    lines = ["  operations, oldest first:"]
    if dropped > skipped:
        lines.append(f"    ... {dropped - skipped:,} earlier operations not kept")
    chosen = [index for index in history.misses() if index >= start] if misses else []
    explained: dict[int, _Explainer] = {
        index: history.explain(index).lines for index in _first_and_last(chosen)
    }
    if hits:
        chosen = [index for index in history.hits() if index >= start]
        explained |= {index: partial(_hit_lines, history, index) for index in _first_and_last(chosen)}
    details = _details(explained, room - len(lines))
    shown = _shown(len(operations) - start, room - len(lines) - sum(map(len, details.values())) - 1)
    indexes = [start + n for n in shown]
    # One that is explained is shown, whatever else is left out.
    indexes = sorted({*indexes, *explained})
    label = label_keys([*(operations[index].key for index in indexes), *_nearest_of(explained)])
    details = _details(explained, room - len(lines), label)
    told = [operations[index] for index in indexes]
    strands = {(operation.process, operation.thread) for operation in told}
    threads = len(strands) > len({process for process, _ in strands})
    stores = len(set(history.stores)) > 1
    width = max(len(operation.kind) for operation in told)
    before = start - 1
    for index, operation in zip(indexes, told, strict=True):
        if index > before + 1:
            lines.append(f"    ... {_summary(history.kinds[before + 1 : index])}")
        place = f"  in {operation.store}" if stores else ""
        by = _by(history, operation, threads=threads)
        lines.append(_line(operation, width, label, place, by, told=index in details))
        lines += [f"         {line}" for line in details.get(index, ())]
        before = index
    if before + 1 < len(operations):
        lines.append(f"    ... {_summary(history.kinds[before + 1 :])}")
    return lines + [f"  {line}" for line in in_blocks(history)]


def in_blocks(history: History) -> list[str]:
    """Return the lines that tell of the operations in blocks inside the scope."""
    where = history.facts.in_blocks
    if history.total == 0:
        return [f"the operations were in {block}, which has caches of its own" for block, _ in where]
    return [
        f"{count:,} more {'was' if count == 1 else 'were'} in {block}, which has caches of its own"
        for block, count in where
    ]


def _first_and_last(indexes: Sequence[int]) -> list[int]:
    return [*indexes[:_EXPLAINED_FIRST], *indexes[_EXPLAINED_FIRST:][-1:]]


def _hit_lines(history: History, index: int, label: Callable[[object], str], limit: int) -> list[str]:
    # Loaded here: only a hit that nobody expected needs it.
    from .origins import hit_lines

    found = hit_lines(history, index, label)
    return found[: limit + _MORE_THAN_PARTS]


def _nearest_of(explained: Mapping[int, _Explainer]) -> list[object]:
    bound = [getattr(lines, "__self__", None) for lines in explained.values()]
    return [each.nearest for each in bound if each is not None]


def _details(
    explained: Mapping[int, _Explainer], room: int, label: Callable[[object], str] = short_repr
) -> dict[int, list[str]]:
    limit = _FEW_DIFFERENCES if len(explained) > 2 else room // 4
    return {index: lines(label, limit) for index, lines in explained.items()}


def _shown(count: int, room: int) -> list[int]:
    """Return which of *count* operations are shown in *room* lines: the first ones, and more of the last."""
    if count <= room:
        return list(range(count))
    room = max(room - 1, 6)
    first = room // 3
    return [*range(first), *range(count - (room - first), count)]


def _summary(kinds: Iterable[str]) -> str:
    counted = Counter(kinds)
    return ", ".join(f"{n:,} {kind if n == 1 else _PLURALS[kind]}" for kind, n in counted.items())


def _by(history: History, operation: Operation, *, threads: bool) -> str:
    process = history.by(operation)
    if not threads:
        return process
    return f", by {operation.thread}{process.replace(', by', ' of', 1)}"


def _line(
    operation: Operation,
    width: int,
    label: Callable[[object], str],
    place: str,
    by: str,
    *,
    told: bool,
) -> str:
    # What a bypass has for a key is the reason, which its explanation says in full.
    key = "" if operation.kind == "bypass" else f"{label(operation.key)}{place}  "
    raised = f": {short_middle(operation.error, limit=100)}" if operation.error and not told else ""
    struck = "" if operation.fault is None else f", struck by {short_repr(operation.fault)}"
    where = f"{place_of(operation)}{by}{struck}"
    return f"    {operation.number}. {operation.kind:<{width}}  {key}{where}{raised}"

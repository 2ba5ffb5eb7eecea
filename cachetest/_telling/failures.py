"""The text of failures: pure functions, facts in and text out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from .formatting import label_keys, short_middle, short_repr

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from .._recording.operation import Operation
    from .._recording.stats import Stats
    from .explanation import Explanation
    from .history import History

__all__ = [
    "describe_operations",
    "join_problems",
    "not_cached",
    "stats_differ",
    "still_cached",
    "unexpected_use",
    "value_differs",
]

# What is longer is not read. A failure has a traceback around it as well.
_LINES = 38
_SHOWN_KEYS = 8
_EXPLAINED_FIRST = 3
_FEW_DIFFERENCES = 3

_FIELDS = {"puts": "num_put", "hits": "num_get_hit", "misses": "num_get_miss"}
_PLURALS = {
    "put": "puts",
    "hit": "hits",
    "miss": "misses",
    "delete": "deletes",
    "eviction": "evictions",
    "expiration": "expirations",
    "bypass": "bypasses",
    "failure": "failures",
}


def stats_differ(
    name: str,
    expected: Mapping[str, int],
    got: Stats,
    history: Callable[[], History],
    *,
    unavailable: Mapping[str, str] | None = None,
    skipped: int | None = None,
) -> str | None:
    """Return the failure when *got* is not *expected*, None when it is.

    *expected* has a count for each of puts, hits and misses that is compared; *unavailable* says which can't
    be known, and why. *skipped* operations came before the block that is looked at, if it is one. Only a
    failure calls *history*.
    """
    wrong = [word for word, count in expected.items() if getattr(got, _FIELDS[word]) != count]
    if not wrong:
        return None
    unavailable = unavailable or {}
    where = "" if skipped is None else " inside the block"
    # A runner's summary shows the first line alone.
    told = ", ".join(f"expected {word}={expected[word]}, got {getattr(got, _FIELDS[word])}" for word in wrong)
    lines = [f"cache {name!r}{where}: {told}", *_table(expected, got, wrong, unavailable)]
    lines += [f"  {word} can't be known: {why}" for word, why in unavailable.items()]
    if not history().total and any(got.counts()):
        return "\n".join([*lines, "  its operations are not known one by one: only the counts are"])
    lines += describe_operations(history(), skipped=skipped or 0, room=_LINES - len(lines))
    return "\n".join(lines)


def _table(
    expected: Mapping[str, int], got: Stats, wrong: Collection[str], unavailable: Mapping[str, str]
) -> list[str]:
    """Return expected and got, one below the other, and a mark below each count that differs."""
    rows = ["  expected:", "  got:     ", "           "]
    for word, field in _FIELDS.items():
        if word not in expected and word in unavailable:
            cells = ("any", "unknown", "")
        else:
            cells = (
                str(expected.get(word, "any")),
                str(getattr(got, field)),
                "^" if word in wrong else "",
            )
        width = max(map(len, cells))
        rows[0] += f" {word}={cells[0]:<{width}}"
        rows[1] += f" {word}={cells[1]:<{width}}"
        rows[2] += f" {' ' * len(word)} {cells[2] * len(cells[1]):<{width}}"
    return [row.rstrip() for row in rows]


def describe_operations(history: History, *, skipped: int = 0, room: int = _LINES) -> list[str]:
    """Return the operations in order, in about *room* lines, and why the first and the last lookup missed."""
    operations, dropped = history.operations, history.dropped
    start = max(0, skipped - dropped)
    if start >= len(operations):
        return ["  no operations"]
    lines = ["  operations, oldest first:"]
    if dropped > skipped:
        lines.append(f"    ... {dropped - skipped:,} earlier operations not kept")
    misses = [index for index in history.misses() if index >= start]
    chosen = [*misses[:_EXPLAINED_FIRST], *misses[_EXPLAINED_FIRST:][-1:]]
    explained = {index: history.explain(index) for index in chosen}
    details = _details(history, explained, room - len(lines))
    shown = _shown(len(operations) - start, room - len(lines) - sum(map(len, details.values())) - 1)
    indexes = [start + n for n in shown]
    # A miss that is explained is shown, whatever else is left out.
    indexes = sorted({*indexes, *explained})
    label = _label(history, indexes, explained)
    details = _details(history, explained, room - len(lines), label)
    threads = {operations[index].thread for index in indexes}
    width = max(len(operations[index].kind) for index in indexes)
    before = start - 1
    for index in indexes:
        if index > before + 1:
            lines.append(f"    ... {_summary(operations[before + 1 : index])}")
        lines.append(_line(operations[index], width, label, len(threads) > 1))
        lines += [f"         {line}" for line in details.get(index, ())]
        before = index
    if before + 1 < len(operations):
        lines.append(f"    ... {_summary(operations[before + 1 :])}")
    return lines


def _label(
    history: History, indexes: Iterable[int], explained: Mapping[int, Explanation]
) -> Callable[[object], str]:
    keys = [history.operations[index].key for index in indexes]
    return label_keys([*keys, *(each.nearest for each in explained.values())])


def _details(
    history: History,
    explained: Mapping[int, Explanation],
    room: int,
    label: Callable[[object], str] = short_repr,
) -> dict[int, list[str]]:
    limit = _FEW_DIFFERENCES if len(explained) > 2 else room // 4
    return {index: each.lines(label, limit) for index, each in explained.items()}


def _shown(count: int, room: int) -> list[int]:
    """Return which of *count* operations are shown in *room* lines: the first ones, and more of the last."""
    if count <= room:
        return list(range(count))
    room = max(room - 1, 6)
    first = room // 3
    return [*range(first), *range(count - (room - first), count)]


def _summary(operations: Iterable[Operation]) -> str:
    kinds = Counter(operation.kind for operation in operations)
    return ", ".join(f"{n:,} {kind if n == 1 else _PLURALS[kind]}" for kind, n in kinds.items())


def _line(operation: Operation, width: int, label: Callable[[object], str], threads: bool) -> str:
    by = f", by {operation.thread}" if threads else ""
    # What a bypass has for a key is the reason, which its explanation says in full.
    key = "" if operation.kind == "bypass" else f"{label(operation.key)}  "
    raised = f": {short_middle(operation.error, limit=100)}" if operation.error else ""
    return f"    {operation.number}. {operation.kind:<{width}}  {key}at {operation.where}{by}{raised}"


def unexpected_use(found: Mapping[str, History]) -> str:
    """Return the failure of caches that should not have been used, with what was done to them."""
    lines = [f"expected no operation on {', '.join(map(repr, found))}"]
    room = (_LINES - len(lines)) // len(found)
    for name, history in found.items():
        lines.append(f"cache {name!r}:")
        if history.total:
            lines += describe_operations(history, room=max(room - 1, 6))
        else:
            lines.append("  its operations are not known one by one: only the counts are")
    return "\n".join(lines)


def not_cached(name: str, key: object, keys: Collection[object], history: History) -> str:
    """Return the failure of a key that should have been there, with the keys that are closest to it."""
    # Loaded here, and elsewhere: only a failure needs it.
    from .likeness import closest_keys

    closest = closest_keys(key, keys, _SHOWN_KEYS)
    label = label_keys([key, *closest])
    lines = [f"cache {name!r} has no entry for {label(key)}"]
    if closest:
        all_of_them = len(closest) == len(keys)
        lines.append(f"  it has {len(keys):,}{'' if all_of_them else ', the closest first'}:")
        lines += [f"    {label(each)}" for each in closest]
        if not all_of_them:
            lines.append(f"    ... {len(keys) - len(closest):,} more")
    else:
        lines.append("  it has none at all")
    return "\n".join(lines + describe_operations(history, room=_LINES - len(lines)))


def still_cached(name: str, key: object, value: object) -> str:
    """Return the failure of a key that should not have been there."""
    return f"cache {name!r} has an entry for {short_repr(key)}: {short_repr(value)}"


def value_differs(name: str, key: object, expected: object, got: object) -> str:
    """Return the failure of an entry that holds another value."""
    return f"cache {name!r}, entry {short_repr(key)}: expected {short_repr(expected)}, got {short_repr(got)}"


def join_problems(problems: Iterable[str]) -> str:
    """Return what was found at the end of a test as one message."""
    return "\n".join(["the caches of this test can't be trusted:", *(f"  {p}" for p in problems)])

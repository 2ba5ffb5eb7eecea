"""The text of failures: pure functions, facts in and text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .explain import Miss, explain_miss
from .report import shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .operations import OperationLog
    from .stats import Stats

    TakeApart = Callable[[object], list[tuple[str, object]]]

__all__ = [
    "describe_counts",
    "describe_miss",
    "describe_operations",
    "join_problems",
    "not_cached",
    "stats_differ",
    "still_cached",
    "used",
    "value_differs",
]

SHOWN_OPERATIONS = 30
SHOWN_PARTS = 5

_FIELDS = {"puts": "num_put", "hits": "num_get_hit", "misses": "num_get_miss"}


def describe_counts(stats: Stats) -> str:
    """Return counts as the assertions take them."""
    return ", ".join(f"{word}={getattr(stats, field)}" for word, field in _FIELDS.items())


def stats_differ(
    name: str,
    expected: Mapping[str, int],
    got: Stats,
    log: OperationLog,
    take_apart: TakeApart,
    *,
    skipped: int = 0,
) -> str | None:
    """Return the failure when *got* is not *expected*, None when it is.

    *expected* has a count for each of puts, hits and misses that is compared. The first *skipped*
    operations of *log* came before the block that is looked at.
    """
    wrong = [word for word, count in expected.items() if getattr(got, _FIELDS[word]) != count]
    if not wrong:
        return None
    lines = [
        f"cache {name!r}{' inside the block' if skipped else ''}: "
        + ", ".join(f"expected {word}={expected[word]}, got {getattr(got, _FIELDS[word])}" for word in wrong),
        f"  counted: {describe_counts(got)}",
    ]
    return "\n".join(lines + describe_operations(log, take_apart, skipped=skipped))


def describe_operations(log: OperationLog, take_apart: TakeApart, *, skipped: int = 0) -> list[str]:
    """Return a line for each of the latest operations, and one more for each miss: why it missed."""
    operations = log.snapshot()
    start = max(0, skipped - log.dropped, len(operations) - SHOWN_OPERATIONS)
    if start >= len(operations):
        return ["  no operations"]
    lines = ["  operations, oldest first:"]
    earlier = start + log.dropped - skipped
    if earlier > 0:
        lines.append(f"    ({earlier} earlier ones not shown)")
    for index in range(start, len(operations)):
        operation = operations[index]
        lines.append(
            f"    {index + log.dropped + 1}. {operation.kind:<4}  {shorten(operation.key)}"
            f"  at {operation.where}, by {operation.thread}"
        )
        if operation.kind == "miss":
            complete = log.dropped == 0
            why = describe_miss(explain_miss(operations, index, take_apart), complete=complete)
            lines.append(f"       {why}")
    return lines


def describe_miss(miss: Miss, *, complete: bool = True) -> str:
    """Return why a lookup missed; *complete* is False when older operations are gone from the log."""
    if miss.reason == "put before":
        return "it had been put before, and was gone"
    later = "; it was put later" if miss.reason.endswith("later") else ""
    if miss.reason.startswith("empty"):
        known = "" if complete else ", in the operations still known"
        return f"nothing had been put before{known}{later}"
    nearest = shorten(miss.nearest)
    return (
        f"it had not been put before{later}; the nearest key that had been: {nearest} ({_difference(miss)})"
    )


def _difference(miss: Miss) -> str:
    if not miss.differing:
        return "they differ in punctuation or type"
    shown = [
        f"{name}: {shorten(there)} there, {shorten(here)} here"
        for name, there, here in miss.differing[:SHOWN_PARTS]
    ]
    more = len(miss.differing) - SHOWN_PARTS
    return "; ".join([*shown, f"{more} more parts"] if more > 0 else shown)


def used(found: Mapping[str, OperationLog], take_apart: Mapping[str, TakeApart]) -> str:
    """Return the failure of caches that should not have been used, with what was done to them."""
    lines = [f"expected no operation on {', '.join(map(repr, found))}"]
    for name, log in found.items():
        lines.append(f"cache {name!r}:")
        lines += describe_operations(log, take_apart[name])
    return "\n".join(lines)


def not_cached(
    name: str, key: object, keys: Sequence[object], log: OperationLog, take_apart: TakeApart
) -> str:
    """Return the failure of a key that should have been there."""
    lines = [f"cache {name!r} has no entry for {shorten(key)}; it has {len(keys)}:"]
    lines += [f"    {shorten(each)}" for each in keys[:SHOWN_OPERATIONS]]
    if len(keys) > SHOWN_OPERATIONS:
        lines.append(f"    ({len(keys) - SHOWN_OPERATIONS} more)")
    return "\n".join(lines + describe_operations(log, take_apart))


def still_cached(name: str, key: object, value: object) -> str:
    """Return the failure of a key that should not have been there."""
    return f"cache {name!r} has an entry for {shorten(key)}: {shorten(value)}"


def value_differs(name: str, key: object, expected: object, got: object) -> str:
    """Return the failure of an entry that holds another value."""
    return f"cache {name!r}, entry {shorten(key)}: expected {shorten(expected)}, got {shorten(got)}"


def join_problems(problems: Iterable[str]) -> str:
    """Return what was found at the end of a test as one message."""
    return "\n".join(["the caches of this test can't be trusted:", *(f"  {p}" for p in problems)])

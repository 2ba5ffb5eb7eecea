"""The report of a scope, as text and as JSON-ready data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from .texts import LIMIT, first_of, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .caches import MockCache
    from .explain import Explanation

__all__ = ["LAYOUT", "as_dict", "shorten", "write_report"]

LAYOUT = 1
"""The version of the layout of `as_dict`: raised when something is taken away, or its meaning changes."""

_SHOWN_ENTRIES = 100
_SHOWN_OPERATIONS = 30


def write_report(
    caches: Mapping[str, MockCache],
    file: TextIO | None = None,
    *,
    entries: bool = True,
    operations: bool = True,
    footnotes: Iterable[str] = (),
) -> None:
    """Print counts, and entries and operations if asked for, to *file*, or to standard error.

    *footnotes* are lines that end it.
    """
    out = sys.stderr if file is None else file
    lines = ["Cache Stats:"]
    for name, cache in caches.items():
        lines.append(f"  {name}: {cache}")
        lines += [f"    {word} can't be known: {why}" for word, why in cache.unknown.items()]
    if entries:
        lines.append("Cache Entries:")
        for name, cache in caches.items():
            lines += _under(name, _entries(cache))
    if operations:
        lines.append("Cache Operations:")
        for name, cache in caches.items():
            lines += _under(name, _operations(cache))
    print("\n".join([*lines, *footnotes]), file=out)


def _under(name: str, lines: list[str]) -> list[str]:
    return [f"  {name}:", *(f"    {line}" for line in lines)] if lines else []


def _entries(cache: MockCache) -> list[str]:
    # By text, not by key: keys of different types can't be ordered. Only those that are shown are looked at.
    lines = sorted(
        f"{shorten(key)}: {shorten(value)}" for key, value in first_of(cache.cache.items(), _SHOWN_ENTRIES)
    )
    more = len(cache.cache) - len(lines)
    return [*lines, f"... {more:,} more"] if more > 0 else lines


def _operations(cache: MockCache) -> list[str]:
    total = cache.operations.total
    newest = cache.operations.snapshot()[-_SHOWN_OPERATIONS:]
    first = total - len(newest) + 1
    lines = [f"... {first - 1:,} earlier operations"] if newest and first > 1 else []
    lines += [
        f"{number}. {operation.kind:<4}  {shorten(operation.key)}"
        f"  at {operation.where}, by {operation.thread}"
        for number, operation in enumerate(newest, first)
    ]
    history = cache.history()
    if misses := history.misses():
        explanation = history.explain(misses[-1])
        why, *more = explanation.lines()
        lines += [f"about operation {explanation.operation}: {why}", *(f"  {line}" for line in more)]
    return lines


def _plain(value: object) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if type(value) is int and value.bit_length() <= 1_000:  # Python refuses the digits of a huge one
        return value
    if isinstance(value, str) and len(value) <= LIMIT:
        return str(value)
    return shorten(value)


def as_dict(caches: Mapping[str, MockCache]) -> dict[str, Any]:
    """Return what JSON can hold of every cache: counts, entries, operations, the newest miss explained."""
    return {"version": LAYOUT, "caches": {name: _cache_as_dict(cache) for name, cache in caches.items()}}


def _cache_as_dict(cache: MockCache) -> dict[str, Any]:
    history = cache.history()
    misses = history.misses()
    return {
        "puts": cache.num_put,
        "hits": cache.num_get_hit,
        "misses": cache.num_get_miss,
        "hit_ratio": cache.hit_ratio,
        "unknown": dict(cache.unknown),
        "entries": [{"key": _plain(key), "value": _plain(value)} for key, value in list(cache.cache.items())],
        "operations_not_kept": history.dropped,
        "operations": [
            {
                "kind": operation.kind,
                "key": _plain(operation.key),
                "thread": operation.thread,
                "where": str(operation.where),
            }
            for operation in history.operations
        ],
        "newest_miss": _explanation_as_dict(history.explain(misses[-1])) if misses else None,
    }


def _explanation_as_dict(explanation: Explanation) -> dict[str, Any]:
    nearest = explanation.nearest_operation is not None or explanation.differences
    return {
        "operation": explanation.operation,
        "key": _plain(explanation.key),
        "reason": explanation.reason,
        "earlier": explanation.earlier,
        "later": explanation.later,
        "nearest": _plain(explanation.nearest) if nearest else None,
        "nearest_operation": explanation.nearest_operation,
        "differences": [
            {"part": part, "was": _plain(was), "now": _plain(now)}
            for part, was, now in explanation.differences
        ],
        "note": explanation.note,
        "text": str(explanation),
    }

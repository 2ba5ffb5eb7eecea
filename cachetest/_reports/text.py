"""The report of a scope as text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from .._telling.formatting import first_of, short_repr

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._caches.cache import MockCache

__all__ = ["write_report"]

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
        lines += [f"    {word} can't be known: {why}" for word, why in cache.unavailable.items()]
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
        f"{short_repr(key)}: {short_repr(value)}"
        for key, value in first_of(cache.cache.items(), _SHOWN_ENTRIES)
    )
    more = len(cache.cache) - len(lines)
    return [*lines, f"... {more:,} more"] if more > 0 else lines


def _operations(cache: MockCache) -> list[str]:
    newest = cache.operations.snapshot()[-_SHOWN_OPERATIONS:]
    earlier = cache.operations.total - len(newest)
    lines = [f"... {earlier:,} earlier operations"] if newest and earlier > 0 else []
    lines += [
        f"{each.number}. {each.kind:<4}  {short_repr(each.key)}  at {each.where}, by {each.thread}"
        + (f": {each.error}" if each.error else "")
        for each in newest
    ]
    history = cache.history()
    if misses := history.misses():
        explanation = history.explain(misses[-1])
        why, *more = explanation.lines()
        lines += [f"about operation {explanation.operation}: {why}", *(f"  {line}" for line in more)]
    return lines

"""The report of a scope as text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from .._recording.operation import place_of
from .._telling.formatting import first_of, label_keys
from .._telling.shortening import one_text, short_repr, unwritten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .._caches.cache import MockCache
    from .._recording.operation import Operation

__all__ = ["write_report"]

_SHOWN_ENTRIES = 100
_SHOWN_OPERATIONS = 30
_SHOWN_REFERENCES = 10


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
    with one_text():
        lines = _lines(caches, entries, operations) + unwritten()
    print("\n".join([*lines, *footnotes]), file=sys.stderr if file is None else file)


def _lines(caches: Mapping[str, MockCache], entries: bool, operations: bool) -> list[str]:
    lines = ["Cache Stats:"]
    for name, cache in caches.items():
        refused = f", refusals: {cache.num_refusal}" if cache.num_refusal else ""
        lines.append(f"  {name}: {cache}{refused}")
        lines += [f"    {word} can't be known: {why}" for word, why in cache.unavailable.items()]
    if entries:
        lines.append("Cache Entries:")
        for name, cache in caches.items():
            lines += _under(name, _entries(cache))
    if operations:
        lines.append("Cache Operations:")
        for name, cache in caches.items():
            lines += _under(name, _operations(cache))
    return lines


def _under(name: str, lines: list[str]) -> list[str]:
    return [f"  {name}:", *(f"    {line}" for line in lines)] if lines else []


def _entries(cache: MockCache) -> list[str]:
    # By text, not by key: keys of different types can't be ordered. Only those that are shown are looked at.
    lines = sorted(
        f"{short_repr(key)}: {short_repr(value)}"
        for key, value in first_of(cache.cache.items(), _SHOWN_ENTRIES)
    )
    more = len(cache.cache) - len(lines)
    lines += [f"... {more:,} more"] if more > 0 else []
    shared = list(cache.by_reference.copy().items())
    lines += [
        f"{short_repr(key)} is the entry of the scope of the class itself, which can't be copied: {why}"
        for key, why in shared[:_SHOWN_REFERENCES]
    ]
    more = len(shared) - _SHOWN_REFERENCES
    return [*lines, f"... {more:,} more that can't be copied"] if more > 0 else lines


def _struck(operation: Operation) -> str:
    return "" if operation.fault is None else f", struck by {short_repr(operation.fault)}"


def _operations(cache: MockCache) -> list[str]:
    history = cache.history()
    newest = history.operations[-_SHOWN_OPERATIONS:]
    earlier = cache.operations.total - len(newest)
    lines = [f"... {earlier:,} earlier operations"] if newest and earlier > 0 else []
    stores = len(set(history.stores)) > 1
    lines += [
        f"{each.number}. {each.kind:<4}  {short_repr(each.key)}{f'  in {each.store}' if stores else ''}  "
        f"{place_of(each)}, by {each.thread}{history.by(each).replace(', by', ' of', 1)}{_struck(each)}"
        + (f": {each.error}" if each.error else "")
        for each in newest
    ]
    if misses := history.misses():
        explanation = history.explain(misses[-1])
        why, *more = explanation.lines(label_keys([explanation.key, explanation.nearest]))
        lines += [f"about operation {explanation.operation}: {why}", *(f"  {line}" for line in more)]
    return lines

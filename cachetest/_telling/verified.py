"""The texts of values that were put over others."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._recording.operation import place_of
from .._recording.sameness import same_key
from .formatting import change
from .freshness import Answer, part_lines
from .processes import process_named
from .shortening import one_text, short_repr, unwritten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._recording.answers import Difference
    from .._recording.log import OperationLog
    from .._recording.operation import Operation

__all__ = ["Replaced", "difference_lines", "nothing_compared", "replaced_by_others"]

# How many are shown.
_MOST = 5


class Replaced(NamedTuple):
    """A value that another one was put over, after so many operations; ``texts`` is how they differ."""

    key: object
    texts: list[str]
    operations: int


def difference_lines(key: object, before: object, value: object, where: Difference | None) -> list[str]:
    """Return how the value of *key* differs from the one *before*, at *where*."""
    with one_text():
        lines = [f"  {short_repr(key)}: {change(before, value)}"]
        lines += [f"  {line}" for line in part_lines(where, Answer(before), Answer(value))]
        return lines + unwritten()


def replaced_by_others(
    cache: str, replaced: Sequence[Replaced], compared: int, operations: OperationLog
) -> str:
    """Return the failure of a *cache* of whose puts some wrote another value than was there."""
    puts = "put over an entry" if compared == 1 else "puts over an entry"
    lines = [f"cache {cache!r}: {len(replaced):,} of {compared:,} {puts} wrote another value"]
    for each in replaced[:_MOST]:
        lines += each.texts
        lines += _lines_of(each, list(operations), operations.dropped)
    if len(replaced) > _MOST:
        lines.append(f"  ... {len(replaced) - _MOST:,} more")
    return "\n".join(lines)


def _lines_of(replaced: Replaced, operations: Sequence[Operation], dropped: int) -> list[str]:
    """Return the lines that tell of the two puts, as far as they are known."""
    start = max(0, replaced.operations - dropped)
    puts = [
        (index, each)
        for index, each in enumerate(operations)
        if each.kind == "put" and same_key(each.key, replaced.key)
    ]
    earlier = [each for index, each in puts if index < start][-1:]
    later = [each for index, each in puts if index >= start][:1]
    lines = [f"    put by operation {each.number}, {place_of(each)}{process_named(each)}" for each in earlier]
    return lines + [
        f"    and put again by operation {each.number}, {place_of(each)}{process_named(each)}"
        for each in later
    ]


def nothing_compared(cache: str, where: object) -> str:
    """Return the failure of a block at *where* in which nothing was put over an entry of *cache*."""
    return (
        f"nothing was put over an entry of cache {cache!r} in the block of verifying(), at {where}, so "
        "nothing was compared: have the program put it before, or twice"
    )

"""The texts of operations that are not those expected: a diff, with the lines of code, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .formatting import short_middle
from .listing import LINES, in_blocks
from .shortening import key_text, one_text, text_to_compare, unwritten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .history import History

__all__ = [
    "Found",
    "Line",
    "align",
    "diff_lines",
    "explanation_lines",
    "first_difference",
    "operation_text",
    "operations_differ",
]

# What is equal is told so far around what differs.
_CONTEXT = 2
_EXPLAINED = 3
_DIFFERENCES = 3
# So many pairs are compared to find the longest sequence that both have in common.
_MOST_PAIRS = 400_000
_WIDTH = 100


class Found(NamedTuple):
    """An operation: its history, and its place in that."""

    history: History
    at: int

    def told(self) -> str:
        """Return its number, and the line of code that it came from."""
        operation = self.history.operations[self.at]
        return f"{operation.number}. {self.history.at(operation)}"


class _Unwritten(str):
    """Stands for the text of an operation whose key took too long: it is written where it is shown."""

    __slots__ = ()


def operation_text(kind: str, key: object) -> str:
    """Return the text of an operation, for `Line`, where there is time for that."""
    if type(key) is str:
        return f"{kind} {key}"
    text = text_to_compare(key, key_text)
    return _Unwritten(kind) if text is None else f"{kind} {text}"


class Line(NamedTuple):
    """A line of a diff: ``"-"``, ``"+"`` or ``" "``, a text, and what was found there, if anything was.

    ``is_head`` says that it is the head of those below it.
    """

    mark: str
    text: str
    found: Found | None = None
    is_head: bool = False

    def shown(self) -> str:
        """Return the text, which takes long where there was no time before."""
        if self.found is None or type(self.text) is not _Unwritten:
            return self.text
        return f"{self.text} {key_text(self.found.history.keys[self.found.at])}"


def align(
    expected: Sequence[Line], got: Sequence[Line], is_same: Callable[[int, int], bool]
) -> Iterator[Line]:
    """Yield the diff of two sequences, whose elements are compared by their places."""
    start, end = 0, 0
    fewest = min(len(expected), len(got))
    while start < fewest and is_same(start, start):
        start += 1
    while end < fewest - start and is_same(len(expected) - 1 - end, len(got) - 1 - end):
        end += 1
    yield from got[:start]
    rows, columns = range(start, len(expected) - end), range(start, len(got) - end)
    pairs = _in_common(rows, columns, is_same) if len(rows) * len(columns) <= _MOST_PAIRS else []
    row, column = start, start
    for one, other in [*pairs, (rows.stop, columns.stop)]:
        yield from (each._replace(mark="-") for each in expected[row:one])
        yield from (each._replace(mark="+") for each in got[column:other])
        if other < columns.stop:
            yield got[other]
        row, column = one + 1, other + 1
    yield from got[columns.stop :]


def _in_common(rows: range, columns: range, is_same: Callable[[int, int], bool]) -> list[tuple[int, int]]:
    """Return the pairs of the longest sequence that is in both, as their places."""
    same = [[is_same(row, column) for column in columns] for row in rows]
    # The length of the longest one from each pair on.
    longest = [[0] * (len(columns) + 1) for _ in range(len(rows) + 1)]
    for row in reversed(range(len(rows))):
        below, mine = longest[row + 1], longest[row]
        for column in reversed(range(len(columns))):
            mine[column] = (
                below[column + 1] + 1 if same[row][column] else max(below[column], mine[column + 1])
            )
    pairs = []
    row = column = 0
    while row < len(rows) and column < len(columns):
        if same[row][column] and longest[row][column] == longest[row + 1][column + 1] + 1:
            pairs.append((rows[row], columns[column]))
            row, column = row + 1, column + 1
        elif longest[row + 1][column] >= longest[row][column + 1]:
            row += 1
        else:
            column += 1
    return pairs


def operations_differ(lines: Sequence[Line], history: History, by: str = "", *, ordered: bool) -> str:
    """Return the failure of operations on a cache, or those *by* one process, that were not expected."""
    of = f" of {by}" if by else ""
    order = "" if ordered else ", in any order"
    with one_text():
        told = [f"cache {history.cache!r}, its operations{of}{order}: {first_difference(lines)}"]
        if len(history.operations):
            told.append("  - expected, + found:")
        else:
            told += [
                "  no operations",
                *(f"  {line}" for line in [*history.why_unused(), *in_blocks(history)]),
            ]
        told += [f"  {line}" for line in diff_lines(lines, LINES - len(told))]
        return "\n".join(told + unwritten())


def first_difference(lines: Sequence[Line]) -> str:
    """Return what is missing, and what was not expected: the first of each, and how many more."""
    told = []
    for mark, word in (("-", "missing"), ("+", "not expected")):
        # A head says nothing that is not said by what is below it.
        those = [line for line in lines if line.mark == mark and not line.is_head]
        if those:
            more = f" and {len(those) - 1:,} more" if len(those) > 1 else ""
            told.append(f"{word} {short_middle(those[0].shown().strip(), limit=_WIDTH)}{more}")
    return "; ".join(told)


def _counted(missing: int, more: int) -> str:
    parts = [f"{missing} missing"] if missing else []
    return ", ".join([*parts, f"{more} not expected"] if more else parts)


def diff_lines(lines: Sequence[Line], room: int) -> list[str]:
    """Return *lines* as a text, in about *room* lines, and why lookups came out as nobody expected."""
    near = _near(lines)
    explained = [(n, found) for n in near if lines[n].mark == "+" and (found := lines[n].found) is not None]
    details = {n: explanation_lines(found) for n, found in explained[:_EXPLAINED]}
    details = {n: why for n, why in details.items() if why}
    # Each of these may be shown apart from the others, below a line that says what was left out.
    left = room - sum(len(why) + 2 for why in details.values())
    shown = sorted({*near[: max(left, 2 * _EXPLAINED)], *details})
    texts = {n: short_middle(lines[n].shown(), limit=_WIDTH) for n in shown}
    width = max(map(len, texts.values()), default=0)
    told: list[str] = []
    before = -1
    for n in shown:
        told += _left_out(lines[before + 1 : n])
        mark, text, found = lines[n].mark, texts[n], lines[n].found
        told.append(f"{mark} {text:<{width}}  {found.told()}" if found else f"{mark} {text}")
        told += [f"      {line}" for line in details.get(n, ())]
        before = n
    return told + _left_out(lines[before + 1 :])


def _near(lines: Sequence[Line]) -> list[int]:
    """Return the places of the lines that differ, of those around them, and of the heads of these."""
    found: set[int] = set()
    head = None
    for n, line in enumerate(lines):
        head = n if line.is_head else head
        if line.mark != " ":
            found.update(range(max(0, n - _CONTEXT), min(len(lines), n + _CONTEXT + 1)))
            found.update([] if head is None else [head])
    return sorted(found)


def _left_out(lines: Sequence[Line]) -> list[str]:
    lines = [line for line in lines if line.text and not line.is_head]
    same = sum(1 for line in lines if line.mark == " ")
    parts = [f"{same:,} as expected"] if same else []
    if same < len(lines):
        missing = sum(1 for line in lines if line.mark == "-")
        parts.append(_counted(missing, len(lines) - same - missing))
    return [f"  ... {', '.join(parts)}"] if parts else []


def explanation_lines(found: Found) -> list[str]:
    """Return why a lookup missed, or where the entry that it hit came from; of all else nothing."""
    history, index = found.history, found.at
    if history.kinds[index] in ("miss", "refusal", "bypass"):
        return history.explain(index).lines(limit=_DIFFERENCES)
    if history.kinds[index] != "hit":
        return []
    # Loaded here: only a hit that nobody expected needs it.
    from .origins import hit_lines

    return hit_lines(history, index)[: _DIFFERENCES + 1]

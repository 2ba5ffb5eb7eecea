"""The texts of answers that differ from one state of the caches to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._recording.sameness import same_key
from .freshness import are_alike, operation_lines, part_lines
from .listing import LINES
from .shortening import one_text, short_repr, unwritten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._recording.answers import Difference
    from .._recording.operation import Operation
    from .freshness import Answer, Use

__all__ = ["Run", "differs", "end_lines", "never_failed", "never_hit", "not_the_same", "not_used"]


class Run(NamedTuple):
    """A run in one ``state``: its ``answer``, what was done to each cache, and the operations in order."""

    state: str
    answer: Answer
    used: Mapping[str, Use]
    operations: Sequence[Operation]


def differs(name: str, first: Run, run: Run, where: Difference | None, of: int) -> list[str]:
    """Return the lines of a *run* with another answer than the *first*; they differ at *where*.

    *of* is for how many such runs there has to be room.
    """
    with one_text():
        head = f"{run.state}, {name} {run.answer.told()}; {first.state}, it {first.answer.told()}"
        lines = [head]
        if are_alike(run.answer, first.answer) and (where is None or where.at is None):
            lines.append("  they are written alike, and differ all the same")
        lines += part_lines(where, first.answer, run.answer)
        lines += _beginning(first, run)
        lines += operation_lines(run.used, run.state, LINES - LINES // of + len(lines), hits=True)
        return lines + unwritten()


def _beginning(first: Run, run: Run) -> list[str]:
    """Return the line that tells with which operation the two came to differ."""
    if not run.operations:
        return []
    for one, other in zip(first.operations, run.operations, strict=False):
        alike = one.cache == other.cache and same_key(one.key, other.key)
        if alike and one.kind == other.kind:
            continue
        was = f"a {one.kind}" if alike else _told(one)
        now = f"a {other.kind}" if alike else _told(other)
        return [f"it begins with operation {other.number}, {now}, where there was {was} {first.state}"]
    both = min(len(first.operations), len(run.operations))
    if len(run.operations) > both:
        more = run.operations[both]
        return [f"it begins with operation {more.number}, {_told(more)}, which there was not {first.state}"]
    if len(first.operations) > both:
        return [f"it ends before {_told(first.operations[both])}, which there was {first.state}"]
    return [f"its operations are those that there were {first.state}"]


def _told(operation: Operation) -> str:
    return f"a {operation.kind} of {short_repr(operation.key)}"


def end_lines(first: Run, same: Sequence[str], left_out: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the last lines: which states are the *same* as the first, and what was *left_out* of each."""
    lines = [f"the same as {first.state}: {', '.join(same)}"] if same else []
    for state, caches in left_out.items():
        lines += [f"not tried: {cache!r} {state}: {why}" for cache, why in caches.items()]
    return lines


def not_used(name: str, run: Run, caches: Sequence[str], *, elsewhere: bool) -> str:
    """Return the failure of a *run* that used none of *caches*; *elsewhere* says whether the test's were."""
    with one_text():
        none = f"none of {', '.join(map(repr, caches))}" if caches else "no cache"
        lines = [f"{run.state}, {name} used {none}, so nothing was tested"]
        if elsewhere:
            lines.append(
                "  a task or a thread from before it has asked the caches of the test: have it start its own"
            )
        elif run.state != "cold":
            lines.append("  what it keeps elsewhere, as in a memoised function of no adapter, has answered")
        if not elsewhere:
            lines += operation_lines(run.used, run.state, len(lines), hits=False)
        return "\n".join(lines + unwritten())


def never_hit(name: str, run: Run) -> str:
    """Return the failure of a warm *run* that hit nothing."""
    with one_text():
        lines = [
            f"warm, {name} hit nothing in {_listed(run)}, so nothing was tested: leave 'warm' out of states "
            "if it looks nothing up that it has put"
        ]
        lines += operation_lines(run.used, "in its second run", len(lines), hits=False)
        return "\n".join(lines + unwritten())


def never_failed(name: str, left_out: Mapping[str, str]) -> str:
    """Return the failure of a function of whose calls to caches none has failed; some were *left_out*."""
    lines = [f"failing, none of the calls of {name} to a cache has failed, so nothing was tested"]
    return "\n".join(lines + [f"  {cache!r} can't fail: {why}" for cache, why in left_out.items()])


def not_the_same(name: str, first: Answer, again: Answer, state: str, where: Difference | None) -> str:
    """Return the failure of a function that gives another answer each time; they differ at *where*.

    *of* is for how many such runs there has to be room.
    """
    with one_text():
        lines = [
            f"{name} gives another answer each time, so that none can be told to be wrong: {state}, it "
            f"{first.told('gave')}, and {state} once more, it {again.told('gave')}",
            *part_lines(where, first, again),
            "  have it return what is the same each time, or give equal=",
        ]
        return "\n".join(lines + unwritten())


def _listed(run: Run) -> str:
    return ", ".join(map(repr, run.used)) or "any cache"

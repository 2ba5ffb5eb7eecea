"""The texts of an answer that is old after a write, and of what would have told nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .formatting import change
from .listing import LINES, describe_operations
from .lookalikes import looks_alike
from .shortening import one_text, short_repr, unwritten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._recording.answers import Difference, Step
    from .history import History

__all__ = [
    *("Answer", "Use", "never_hit", "not_changed", "not_cold", "not_fresh", "not_raised", "not_the_same"),
    *("are_alike", "operation_lines", "part_lines"),
]

# How many steps of the way to a part are told.
_STEPS = 8


class Use(NamedTuple):
    """What was done to a cache: its ``history``, of which the first ``skipped`` operations came before.

    ``is_used`` says whether there was anything after them, which may be counted and not logged.
    """

    history: History
    skipped: int
    is_used: bool


class Answer:
    """What a function of the program has come to: a ``value``, or an ``error`` that it raised."""

    def __init__(self, value: object = None, error: Exception | None = None) -> None:
        self.value = value
        self.error = error

    def told(self, verb: str = "gives") -> str:
        if self.error is None:
            return f"{verb} {short_repr(self.value)}"
        raised = {"gives": "raises", "gave": "raised"}[verb]
        return f"{raised} {short_repr(self.error)}"


def not_fresh(
    name: str,
    before: Answer,
    found: Answer,
    cold: Answer,
    used: Mapping[str, Use],
    where: Difference | None,
    *,
    is_old: bool,
    is_hit: bool,
) -> str:
    """Return the failure of *found*, which is not what a *cold* read gives; they differ at *where*.

    *is_old* says whether it is what was there *before*, *is_hit* whether it has hit something. *used* says
    what was done to each cache from the write on.
    """
    with one_text():
        still = "still " if is_old else ""
        lines = [
            f"after the write, {name} {still}{_told_apart(found, cold, where)}",
            *part_lines(where, found, cold),
        ]
        if not is_old:
            lines.append(f"  before it, it {before.told('gave')}")
        if not is_hit:
            lines.append(
                f"  it hit nothing after the write, so what is old is in none of {_listed(used)}: it is kept "
                "somewhere else, or was handed out by the write"
            )
        lines += operation_lines(used, "from the write on", len(lines), hits=True)
        return "\n".join(lines + unwritten())


def _told_apart(found: Answer, cold: Answer, where: Difference | None) -> str:
    if are_alike(found, cold) and (where is None or where.at is None):
        return f"gives what a cold read does not: {change(found.value, cold.value)}"
    return f"{found.told()}; a cold read {cold.told()}"


def are_alike(one: Answer, other: Answer) -> bool:
    """Return whether the texts of two values are the same, or look so."""
    texts = one.told(), other.told()
    is_written_alike = texts[0] == texts[1] or looks_alike(*texts)
    return one.error is None and other.error is None and is_written_alike


def part_lines(where: Difference | None, one: Answer, other: Answer) -> list[str]:
    """Return the line that tells in which of their parts two answers differ, where their texts don't."""
    if where is None or where.at is None:
        return []
    if "..." not in one.told() + other.told() and not are_alike(one, other):
        return []
    steps: list[Step] = []
    step: Step | None = where.at
    while step is not None:
        steps.append(step)
        step = step.before
    # Of a long way, the end: that names what has changed.
    shown = [f"[{short_repr(each.name)}]" if each.is_key else str(each.name) for each in steps[:_STEPS]]
    way = ("..." if len(steps) > _STEPS else "") + "".join(shown[::-1])
    return [f"  they differ in {way.removeprefix(', ')}: {change(where.one, where.other)}"]


def never_hit(name: str, used: Mapping[str, Use]) -> str:
    """Return the failure of a read that was not warm before the write."""
    with one_text():
        lines = [f"the second {name} hit nothing, so nothing was tested: it has to be warm before the write"]
        lines += operation_lines(used, "of the two reads", len(lines), hits=False)
        return "\n".join(lines + unwritten())


def not_cold(name: str, used: Mapping[str, Use]) -> str:
    """Return the failure of a cold read that the caches of the test have answered."""
    with one_text():
        lines = [
            f"the cold {name} was done by a task or a thread from before it, which uses the caches of the "
            "test, so that nothing was tested: have it start its own"
        ]
        lines += operation_lines(used, "from the write on", len(lines), hits=True)
        return "\n".join(lines + unwritten())


def not_changed(name: str, cold: Answer, used: Mapping[str, Use]) -> str:
    """Return the failure of a write after which an old answer is as good as a new one."""
    with one_text():
        lines = [
            f"a cold {name} {cold.told()} after the write, as {name} did before it, so that an old answer "
            "can't be told: write what changes it",
            "  where the write is undone, give raises=: what it raises, or () if it raises nothing",
        ]
        lines += operation_lines(used, "from the write on", len(lines), hits=True)
        return "\n".join(lines + unwritten())


def not_the_same(name: str, cold: Answer, again: Answer, where: Difference | None) -> str:
    """Return the failure of a read that gives another answer each time it is cold; they differ at *where*."""
    with one_text():
        lines = [
            f"{name} gives another answer each time, so that none can be told to be old: after the write, "
            f"one cold read {_both(cold, again, where)}",
            *part_lines(where, cold, again),
            "  have it return what is the same each time, or give equal=",
        ]
        return "\n".join(lines + unwritten())


def _both(cold: Answer, again: Answer, where: Difference | None) -> str:
    if are_alike(cold, again) and (where is None or where.at is None):
        return f"and the next one differ: {change(cold.value, again.value)}"
    return f"{cold.told('gave')}, and the next one {again.told('gave')}"


def not_raised(expected: str) -> str:
    """Return the failure of a write that was to raise."""
    return f"the write was to raise {expected}, and raised nothing"


def _listed(used: Mapping[str, Use]) -> str:
    return ", ".join(map(repr, used)) or "the caches of this test"


def operation_lines(used: Mapping[str, Use], when: str, taken: int, *, hits: bool) -> list[str]:
    """Return what was done to each cache that was used, or that none was, as far as there is room."""
    told = {name: use for name, use in used.items() if use.is_used} or used
    room = (LINES - taken) // max(1, len(told))
    lines: list[str] = []
    for name, (history, skipped, is_used) in told.items():
        lines.append(f"cache {name!r}, {when}:")
        if is_used and history.total <= skipped:
            lines.append("  its operations are not known one by one: only the counts are")
            continue
        lines += describe_operations(
            history, skipped=skipped, room=max(room - 1, 6), hits=hits, misses=not hits
        )
    return lines

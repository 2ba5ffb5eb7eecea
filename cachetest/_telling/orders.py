"""The texts of callers whose turns have come to what no serial order comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._recording.sameness import identity
from .listing import LINES
from .shortening import one_text, short_repr, unwritten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .freshness import Answer

__all__ = [
    *("Outcome", "deadlock", "letter", "not_serial", "not_that_program", "not_the_same", "not_used"),
    *("no_serial", "replay"),
]


# A longer order is not written down: those that repeat what they do have very long ones.
_LONGEST = 100


class Outcome:
    """What one order came to: what each caller got, the entries afterwards, and the steps."""

    def __init__(
        self, answers: Sequence[Answer], entries: Mapping[object, object], turns: Any, path: Sequence[int]
    ) -> None:
        self.answers = answers
        self.entries = entries
        self.turns = turns
        self.path = path
        self.order = "".join(letter(who) for who in path)


def letter(who: int) -> str:
    """Return the letter of a caller."""
    return chr(ord("a") + who - 1)


def not_serial(
    name: str,
    cache: str,
    found: Outcome,
    serial: Sequence[Outcome],
    counts: tuple[int, int, bool],
    *,
    is_replay: bool,
) -> str:
    """Return the failure of *found*, an order that comes to what none of the *serial* ones comes to.

    *counts* are how many orders fail, how many were tried, and whether these are all.
    """
    failing, tried, is_all = counts
    with one_text():
        came_to = dict.fromkeys(_came_to(each, cache) for each in serial)
        lines = [
            f"{found.turns.callers} callers of {name} at once come to what they never come to one after the "
            "other",
            f"  at once:              {_came_to(found, cache)}",
            *(
                f"  {'one after the other: ' if n == 0 else 'or:                  '} {each}"
                for n, each in enumerate(list(came_to)[:4])
            ),
            f"order={found.order!r}, step by step:"
            if is_replay
            else "the order with the fewest switches, step by step:",
        ]
        lines += step_lines(found, LINES - len(lines))
        if not is_replay:
            of = f"{tried:,}" if is_all else f"the first {tried:,}"
            lines.append(f"{failing:,} of {of} orders fail; {replay(found)}")
        return "\n".join(lines + unwritten())


def replay(found: Outcome) -> str:
    """Return how to run that order alone."""
    return f"to run this one alone: order={found.order!r}"


def _came_to(outcome: Outcome, cache: str) -> str:
    entries = ", ".join(f"{short_repr(key)}: {short_repr(value)}" for key, value in outcome.entries.items())
    got = ", ".join(_got(number, each) for number, each in enumerate(outcome.answers, 1))
    return f"{cache!r} has {{{entries}}}; {got}"


def _got(number: int, answer: Answer) -> str:
    if answer.error is not None:
        return f"{letter(number)} raises {short_repr(answer.error)}"
    return f"{letter(number)} gets {short_repr(answer.value)}"


def step_lines(found: Outcome, room: int) -> list[str]:
    """Return the operations of *found* as lines, each with whose it is and what it overwrites unread."""
    events = found.turns.events
    width = max((len(each.kind) for each in events), default=0)
    lines = []
    puts: dict[object, int] = {}
    read: dict[object, set[int]] = {}
    for each in events:
        at = identity(each.key)
        more = ""
        if each.kind == "put":
            before = puts.get(at)
            if before not in (None, each.who) and each.who not in read.get(at, ()):
                more = f", over what {letter(before or 0)} has put and {letter(each.who)} has not read"
            puts[at], read[at] = each.who, {each.who}
        elif each.kind in ("hit", "miss"):
            read.setdefault(at, set()).add(each.who)
        key = "" if each.key is None else f"  {short_repr(each.key)}"
        where = "" if each.where is None else f"  at {each.where}"
        lines.append(f"  {letter(each.who)}  {each.kind:<{width}}{key}{where}{more}")
    if len(lines) > room:
        first = room // 2
        lines = [*lines[:first], f"     ... {len(lines) - 2 * first:,} more", *lines[-first:]]
    return lines


def deadlock(name: str, found: Outcome, waiting: Sequence[tuple[int, str]]) -> str:
    """Return the failure of an order in which callers wait for each other; *waiting* says where."""
    with one_text():
        if found.turns.is_deadlock and not found.turns.why_stuck:
            what = f"callers of {name} wait for each other: a deadlock"
        else:
            what = f"callers of {name} do not come to an end: {found.turns.why_stuck}"
        lines = [
            what,
            *(f"  {letter(number)} waits at {where}" for number, where in waiting),
            "step by step:",
            *step_lines(found, LINES - len(waiting) - 3),
            *([replay(found)] if 0 < len(found.order) <= _LONGEST else []),
        ]
        return "\n".join(lines + unwritten())


def no_serial(name: str) -> str:
    """Return the failure of callers of which none comes to its end before another begins."""
    return (
        f"a caller of {name} does not come to its end before another begins: it waits for that, so there "
        "is no serial order to compare with"
    )


def not_used(name: str, cache: str, elsewhere: Sequence[str]) -> str:
    """Return the failure of callers that have asked *cache* for nothing."""
    used = f"; used were {', '.join(map(repr, elsewhere))}" if elsewhere else ""
    return f"{name} has asked the cache {cache!r} for nothing, so nothing was tested{used}"


def not_the_same(name: str, cache: str, one: Outcome, other: Outcome) -> str:
    """Return the failure of a function that comes to something else each time."""
    with one_text():
        lines = [
            f"{name} is not the same each time, so that no order can be told to be wrong: callers one after "
            "the other come to",
            f"  {_came_to(one, cache)}",
            f"  {_came_to(other, cache)}",
            "  have it return, and put, what is the same each time",
        ]
        return "\n".join(lines + unwritten())


def not_that_program(name: str, order: str, step: int, who: int, able: Sequence[int]) -> str:
    """Return the failure of an order in which somebody is to go on who can't."""
    can = " and ".join(map(letter, able)) or "nobody"
    return (
        f"order={order!r} is not of this program: at step {step}, {letter(who)} of {name} is to go on, and "
        f"{can} can"
    )

"""The texts of callers that are many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .formatting import change
from .listing import LINES
from .shortening import one_text, short_repr, unwritten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .freshness import Answer

__all__ = ["differing_results", "frames_line", "last_line", "no_loads", "not_used", "stuck"]
__all__ += ["too_many_loads"]


def too_many_loads(
    name: str,
    flight: Any,
    counted: Sequence[tuple[object, int]],
    loads: int,
    *,
    by_load: str,
) -> str:
    """Return the failure of a key that was loaded more than *loads* times; *counted* has those that were."""
    with one_text():
        key, count = counted[0]
        did = f"called {by_load}" if by_load else "loaded"
        what = f"{_all_of(flight, name)} {did}"
        lines = [
            f"{what}{_of_key(key, by_load)} {_times(count)}, where loads={loads}",
            *(f"  and{_of_key(key, by_load)} {_times(count)}" for key, count in counted[1:4]),
            f"cache {flight.cache!r}, in order:",
            *event_lines(flight.events, LINES),
        ]
        return "\n".join(lines + unwritten())


def _of_key(key: object, by_load: str) -> str:
    if by_load:
        return "" if key is None else f" for {short_repr(key)}"
    return f" {short_repr(key)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def event_lines(events: Sequence[Any], room: int) -> list[str]:
    """Return *events* as lines, of very many the first and the last."""
    shown = list(range(len(events)))
    if len(events) > room:
        shown = [*shown[: room - room // 3], *shown[-(room // 3) :]]
    width = max((len(each.kind) for each in events), default=0)
    lines, before = [], -1
    for index in shown:
        if index > before + 1:
            lines.append(f"    ... {index - before - 1:,} more")
        before = index
        each = events[index]
        key = "" if each.key is None else f"  {short_repr(each.key)}"
        at = "" if each.where is None else f"  at {each.where}"
        lines.append(f"  {each.kind:<{width}}{key}{at}, by {who_is(each.who)}")
    return lines


def who_is(who: int | str) -> str:
    """Return a caller by its number, or the thread that works for one, in words."""
    return f"caller {who}" if isinstance(who, int) else f"thread {who!r}"


def no_loads(name: str, flight: Any, by_load: str) -> str:
    """Return the failure of callers that have loaded nothing."""
    with one_text():
        if by_load:
            what = f"{_all_of(flight, name)} never called {by_load}, so nothing was tested"
        else:
            what = (
                f"{_all_of(flight, name)} put no key that they had missed, so nothing was "
                "tested: the entries have to be absent before it, or give load="
            )
        lines = [what, f"cache {flight.cache!r}, in order:", *event_lines(flight.events, LINES)]
        return "\n".join(lines + unwritten())


def not_used(name: str, cache: str, elsewhere: Sequence[str]) -> str:
    """Return the failure of callers that have asked *cache* for nothing."""
    used = f"; used were {', '.join(map(repr, elsewhere))}" if elsewhere else ""
    return f"{name} has asked the cache {cache!r} for nothing, so nothing was tested{used}"


def differing_results(name: str, flight: Any, answers: Mapping[int, Answer], one: int, other: int) -> str:
    """Return the failure of two callers whose results differ."""
    with one_text():
        first, second = answers[one], answers[other]
        told = f"{who_is(one)} {first.told('gave')}, {who_is(other)} {second.told('gave')}"
        if first.error is None and second.error is None:
            told = f"that of {who_is(one)} and that of {who_is(other)}, {change(first.value, second.value)}"
        lines = [
            f"{_all_of(flight, name)} did not get the same: {told}",
            f"cache {flight.cache!r}, in order:",
            *event_lines(flight.events, LINES),
        ]
        return "\n".join(lines + unwritten())


def stuck(name: str, flight: Any, waiting: Sequence[str], seconds: float) -> str:
    """Return the failure of callers that have not come to an end; *waiting* says where each is."""
    with one_text():
        lines = [
            f"{len(waiting)} of {_all_of(flight, name, False)} have not come to an end: nothing has "
            f"happened for {seconds:g} s",
            *(f"  {each}" for each in waiting),
            f"cache {flight.cache!r}, in order:",
            *event_lines(flight.events, LINES - len(waiting)),
        ]
        return "\n".join(lines + unwritten())


def _all_of(flight: Any, name: str, at_once: bool = True) -> str:
    then = " at once" if at_once else ""
    if flight.are_processes:
        return f"{flight.callers} processes that call {name}{then}"
    return f"{flight.callers} callers of {name}{then}"


def last_line(number: int, last: Any) -> str:
    """Return the line of a caller in a process of its own, of which the *last* thing that it did is known."""
    if last is None:
        return f"{who_is(number)} has not used the cache"
    key = "" if last.key is None else f"  {short_repr(last.key)}"
    return f"{who_is(number)} has last done: {last.kind}{key}  at {last.where}"


def frames_line(number: int, where: str) -> str:
    """Return the line of a caller that is at *where*."""
    return f"{who_is(number)} is at {where}"

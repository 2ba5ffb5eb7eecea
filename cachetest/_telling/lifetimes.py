"""What is said of the time of an entry that has expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._recording.lifetimes import lifetime_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .timeline import Timeline

__all__ = ["duration", "expiry_note", "told_apart"]

# A difference of less is the time that the test itself has taken.
_EXACT = 0.001


def duration(seconds: float, more: int = 0) -> str:
    """Return *seconds* in words, rounded to what matters, or to so many *more* places."""
    places = (0 if seconds >= 10 else 1 if seconds >= 1 else 3) + more
    text = f"{seconds:.{places}f}"
    return f"{text.rstrip('0').rstrip('.') if places else text} s"


def told_apart(one: float, other: float) -> int:
    """Return how many more places it takes to tell two durations apart, if they are not the same."""
    if abs(one - other) < _EXACT:
        return 0
    return next((more for more in range(4) if duration(one, more) != duration(other, more)), 0)


def expiry_note(line: Timeline, last: int, mine: Sequence[int]) -> str:
    """Return who had put the entry that expired at *last*, when and for how long, and when that was over.

    *mine* are all operations on it. Nothing is known where it has expired again since.
    """
    found = lifetime_in(line.facts.lifetimes, line.keys[last], line.stores[last])
    if found is None or any(line.kinds[i] == "expiration" for i in mine if i > last):
        return ""
    put = next((i for i in reversed(mine) if i < last and line.kinds[i] == "put"), None)
    who = "put"
    if put is not None:
        who = f"put by operation {line.numbers[put]}, {line.at(line.operations[put])},"
    over = "just then" if found.ended < _EXACT else f"{duration(found.ended)} before"
    if found.seconds is None:
        return f"{who.rstrip(',')}; its time was over {over}"
    ago = duration(found.seconds + found.ended)
    if not found.seconds:
        # By the program's time it may be yet to come.
        ahead = f" ({duration(line.facts.ahead)} ahead of the program)" if line.facts.ahead else ""
        return f"{who} {ago} before, until a moment that was over already by the clock of the test{ahead}"
    return f"{who} {ago} before, for {duration(found.seconds)}; that was over {over}"

"""What is said of the time of an entry that has expired."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .._recording.lifetimes import lifetime_in
from .._recording.operation import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .timeline import Timeline

__all__ = ["duration", "expiry_note"]

# What is less is the time that the test itself has taken.
_DIGITS = 3


def duration(seconds: float) -> str:
    """Return *seconds* in words, rounded to what matters."""
    if seconds < 0.0005:
        return "0 s"
    places = min(max(0, _DIGITS - 1 - math.floor(math.log10(seconds))), 3)
    text = f"{seconds:.{places}f}"
    return f"{text.rstrip('0').rstrip('.') if places else text} s"


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
        who = f"put by operation {line.numbers[put]}, {place_of(line.operations[put])},"
    over = "just then" if found.ended < 0.0005 else f"{duration(found.ended)} before"
    if found.seconds is None:
        return f"{who.rstrip(',')}; its time was over {over}"
    ago = duration(found.seconds + found.ended)
    return f"{who} {ago} before, for {duration(found.seconds)}; that was over {over}"

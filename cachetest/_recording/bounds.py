"""Bounds on a count: ``at_least(1)``, ``at_most(2)``, ``between(1, 3)``."""

from __future__ import annotations

import math
import operator
from typing import Any

__all__ = ["Bound", "at_least", "at_most", "between", "is_met", "least_of", "most_of", "whole_number"]


class Bound:
    """A range of counts, both ends included, to be given wherever a count is compared."""

    __slots__ = ("_least", "_made_by", "_most")

    def __init__(self, least: int, most: float, made_by: str) -> None:
        self._least = least
        self._most = most
        self._made_by = made_by

    def __contains__(self, count: int) -> bool:
        return self._least <= count <= self._most

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bound):
            return NotImplemented
        return (self._least, self._most) == (other._least, other._most)

    def __hash__(self) -> int:
        return hash((self._least, self._most))

    def __repr__(self) -> str:
        return self._made_by


def at_least(count: int) -> Bound:
    """Return what a count has to be: *count* or more, which is 1 or more itself.

    Raises ``TypeError`` for what is no integer, and ``ValueError`` for 0, which any count is.
    """
    least = whole_number("the count of at_least", count)
    if not least:
        raise ValueError("at_least(0) is met by any count, so it compares nothing: leave it out")
    return Bound(least, math.inf, f"at_least({least})")


def at_most(count: int) -> Bound:
    """Return what a count has to be: *count* or fewer, none included.

    Raises ``TypeError`` for what is no integer, and ``ValueError`` for one below 0.
    """
    most = whole_number("the count of at_most", count)
    return Bound(0, most, f"at_most({most})")


def between(least: int, most: int) -> Bound:
    """Return what a count has to be: *least*, *most*, or any count between them.

    Raises ``TypeError`` for what is no integer, and ``ValueError`` for one below 0, or where *least* is more
    than *most*.
    """
    low = whole_number("the first count of between", least)
    high = whole_number("the second count of between", most)
    if low > high:
        raise ValueError(f"between({low}, {high}) is met by no count: the smaller one comes first")
    return Bound(low, high, f"between({low}, {high})")


def whole_number(what: str, count: Any) -> int:
    """Return *count* as an integer; raises ``TypeError`` or ``ValueError``, which name *what* it is."""
    # A bool is an int to Python; as a count it is a mistake.
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"{what} must be an integer, not {count!r}")
    number = operator.index(count)
    if number < 0:
        raise ValueError(f"{what} must be 0 or more, not {number}")
    return number


def is_met(expected: int | Bound, count: int) -> bool:
    """Return whether *count* is what was *expected*."""
    return count in expected if isinstance(expected, Bound) else count == expected


def least_of(expected: int | Bound) -> int:
    """Return the smallest count that *expected* is met by."""
    return expected._least if isinstance(expected, Bound) else expected


def most_of(expected: int | Bound) -> float:
    """Return the largest count that *expected* is met by; infinity where there is none."""
    return expected._most if isinstance(expected, Bound) else expected

"""The numbers of the operations of a scope, and when each was given while somebody keeps times."""

from __future__ import annotations

from functools import partial
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

__all__ = ["TimedNumbers", "keep_times", "make"]

# Held in a tuple, since who stops the time of a program replaces such names in all modules.
_NOW = (perf_counter,)
# So many times are kept in a scope, the newest ones: as many as ten caches keep operations.
_KEPT = 100_000


class TimedNumbers:
    """The numbers from 1 on, which knows when the newest of them were given."""

    __slots__ = ("_began", "_count", "_times")

    def __init__(self) -> None:
        self._count = count(1)
        self._times: dict[int, tuple[int, float]] = {}
        self._began = _NOW[0]()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> int:
        # Either of the two is atomic, and no other thread has this number.
        number = next(self._count)
        self._times[number % _KEPT] = number, _NOW[0]()
        return number

    def at(self, number: int) -> float | None:
        """Return the seconds from the scope's beginning until *number* was given; None where not kept."""
        found = self._times.get(number % _KEPT)
        return None if found is None or found[0] != number else found[1] - self._began

    def age(self) -> float:
        """Return how many seconds ago the scope was made."""
        return _NOW[0]() - self._began


make: Callable[[], Iterator[int]] = partial(count, 1)
"""Returns the numbers of a new scope."""

_keeping = 0


def keep_times(more: int) -> None:
    """Have new scopes keep times, for 1 *more* that wants them, or for 1 less (-1)."""
    global _keeping, make
    _keeping += more
    make = TimedNumbers if _keeping else partial(count, 1)

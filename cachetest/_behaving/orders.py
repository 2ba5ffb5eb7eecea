"""All orders in which callers can take turns, those with the fewest switches first."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count, pairwise
from typing import TYPE_CHECKING, NamedTuple

from ..errors import CacheTestError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ByPrefix", "Choice", "NotThereError", "Orders", "One", "letters_of", "numbers_of"]


class Choice(NamedTuple):
    """Who went on, of those that could have, after whom."""

    who: int
    able: Sequence[int]
    before: int | None

    def is_switch(self, who: int) -> bool:
        """Return whether another than the one before goes on, where that one could, if *who* does."""
        return self.before is not None and self.before in self.able and who != self.before


class NotThereError(CacheTestError):
    """Somebody was to go on who could not: it is not the program that the order is of."""

    def __init__(self, step: int, who: int, able: Sequence[int]) -> None:
        super().__init__(step, who, able)
        self.step = step
        self.who = who
        self.able = able


class ByPrefix:
    """Chooses by *prefix*, and then whoever has run last, as long as that one can."""

    def __init__(self, prefix: Sequence[int] = ()) -> None:
        self.prefix = prefix
        self.choices: list[Choice] = []

    def __call__(self, able: Sequence[int]) -> int:
        step = len(self.choices)
        before = self.choices[-1].who if self.choices else None
        if step < len(self.prefix):
            who = self.prefix[step]
            if who not in able:
                raise NotThereError(step + 1, who, able)
        else:
            who = before if before in able and before is not None else self.otherwise(able)
        self.choices.append(Choice(who, tuple(able), before))
        return who

    def otherwise(self, able: Sequence[int]) -> int:
        """Return who begins, or goes on where the one before can't: each in its turn."""
        before = self.choices[-1].who if self.choices else 0
        return next((each for each in able if each > before), able[0])

    @property
    def path(self) -> tuple[int, ...]:
        return tuple(each.who for each in self.choices)


class One(ByPrefix):
    """Chooses the first in *order* that can go on: one after the other, unless they wait for each other."""

    def __init__(self, order: Sequence[int]) -> None:
        super().__init__()
        self.order = order

    def __call__(self, able: Sequence[int]) -> int:
        before = self.choices[-1].who if self.choices else None
        who = next(each for each in self.order if each in able)
        self.choices.append(Choice(who, tuple(able), before))
        return who

    @property
    def is_serial(self) -> bool:
        """Whether each came to its end before the next began."""
        path = self.path
        changes = sum(one != other for one, other in pairwise(path))
        return changes == len(set(path)) - 1 if path else True


class Orders:
    """The orders that are still to be run: each run is told, and gives others."""

    def __init__(self) -> None:
        self._numbers = count()
        # By how many switches there are, and then as they were found.
        self._left: list[tuple[int, int, tuple[int, ...]]] = [(0, next(self._numbers), ())]

    def __bool__(self) -> bool:
        return bool(self._left)

    def next(self) -> ByPrefix:
        """Return what chooses in the next order."""
        return ByPrefix(heappop(self._left)[2])

    def ran(self, run: ByPrefix) -> None:
        """Have the orders run as well in which somebody else goes on at one of the steps of *run*."""
        path, switches = run.path, 0
        for step, choice in enumerate(run.choices):
            if step >= len(run.prefix):
                for who in choice.able:
                    if who != choice.who:
                        cost = switches + choice.is_switch(who)
                        heappush(self._left, (cost, next(self._numbers), (*path[:step], who)))
            switches += choice.is_switch(choice.who)


def letters_of(path: Sequence[int]) -> str:
    """Return an order as letters, ``"abba"``."""
    return "".join(chr(ord("a") + who - 1) for who in path)


def numbers_of(order: str) -> tuple[int, ...]:
    """Return the numbers of the callers that the letters of *order* stand for."""
    return tuple(ord(letter) - ord("a") + 1 for letter in order)

"""In a child process: the other end of a client's connection is in the parent, and is spoken to by this.

The bytes that a client sends go to the server of the parent's test, which executes them as the child, so that
they are counted where everything else is, with the child's own line.
"""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from .outer_call import call_around
from .tries import begin_tries, tried_by_caller, tries_of_caller

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["STRUCK", "FarEnd", "pauses"]

STRUCK = "_cachetest_struck"
"""The attribute of an exception from the parent where the call is struck there, and may be tried again."""

# So long, in seconds, is waited between two looks for what may come.
_PAUSES = (0.001, 0.002, 0.004)
_LONGEST = 0.008


def pauses() -> Iterator[float]:
    """Yield how long to wait before each look whether something has come, without end."""
    yield from _PAUSES
    while True:
        yield _LONGEST


class FarEnd:
    """The other end of one connection, in the parent's process."""

    def __init__(self, adapter: str, libraries: frozenset[str], *args: Any) -> None:
        """Have *adapter* open one there, of *args*; *libraries* are the packages that are not the caller."""
        self._libraries = libraries
        self._number = 0
        self._number = self.do("open", adapter, *args)

    def do(self, what: str, *args: Any) -> Any:
        """Return what the other end comes to as it does *what*; raise what it raises."""
        # Loaded here: in the parent nothing is asked.
        from .._sharing.client import ask, at_of

        around: Any = call_around()
        at = at_of(sys._getframe(1), self._libraries)
        try:
            result, told, is_struck = ask(
                "relay", self._number, what, args, _token(), around is not None, at=at
            )
        except Exception as error:
            if vars(error).pop(STRUCK, False):
                self._begin_tries()
            raise
        if is_struck:
            self._begin_tries()
        if told is not None:
            effects, reached, places = told
            around.effects += effects
            around.reached = around.reached or reached
            around.places.update(places)
        return result

    def _begin_tries(self) -> None:
        """Have the rest of the call that the client tries wait by the clock of the parent's test alone."""
        if tries_of_caller() is None:
            clock: Any = _FarClock(self)
            begin_tries(clock)


class _FarClock:
    """The clock of the parent's test, for the waits of one call that is struck there."""

    offset = 0.0

    def __init__(self, end: FarEnd) -> None:
        self._end = end
        self._at = 0.0

    def reach(self, at: float) -> None:
        """Have the call take until *at*, in seconds since it was struck."""
        seconds, self._at = at - self._at, at
        self._end.do("wait", seconds)


# What a client tries, for as long as it does, by a number.
_tokens: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
_numbers = count(1)


def _token() -> int | None:
    """Return the number of the call that is being tried, the same for all of its tries; None for no such."""
    tried = tried_by_caller()
    if tried is None:
        return None
    token = _tokens.get(tried)
    if token is None:
        token = _tokens.setdefault(tried, next(_numbers))
    return token

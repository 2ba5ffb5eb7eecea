"""The assertion that many callers at once load a key once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._recording.answers import same_answer
from .apart import validate_functions
from .base import AssertionBase
from .driving import drive

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .flown import Results

__all__ = ["FlightAssertions", "at_least"]

T = TypeVar("T")

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True
__tracebackhide__ = True

_NAME = "assertCacheSingleFlight"


class FlightAssertions(AssertionBase):
    """The assertion on callers that miss at once."""

    @overload
    def assertCacheSingleFlight(  # type: ignore[overload-overlap]
        self,
        name: str,
        function: Callable[[], Awaitable[T]],
        *,
        callers: int = 8,
        load: Callable[..., Any] | str | None = None,
        loads: int = 1,
        patience: float = 5.0,
        equal: Callable[[T, T], object] = same_answer,
        msg: object = None,
    ) -> Awaitable[Results[T]]: ...

    @overload
    def assertCacheSingleFlight(
        self,
        name: str,
        function: Callable[[], T],
        *,
        callers: int = 8,
        load: Callable[..., Any] | str | None = None,
        loads: int = 1,
        patience: float = 5.0,
        equal: Callable[[T, T], object] = same_answer,
        msg: object = None,
    ) -> Results[T]: ...

    def assertCacheSingleFlight(
        self,
        name: str,
        function: Callable[[], Any],
        *,
        callers: int = 8,
        load: Callable[..., Any] | str | None = None,
        loads: int = 1,
        patience: float = 5.0,
        equal: Callable[[Any, Any], object] = same_answer,
        msg: object = None,
    ) -> Any:
        """Fail if *callers* of *function* at once load a key of the cache *name* more than *loads* times.

        They are threads, or tasks where it returns what is to be awaited. None of them puts anything before
        each has looked up, waits for another, or is done; for that at most *patience* seconds are waited
        where it can't be seen. *load* is the function that computes, or its import path: its calls are
        counted. Without it, a load is an attempt to put a key that its caller had missed. All have to get the
        same, which *equal* compares. Returns what they got, a list with the attribute ``waited_out``.

        Raises ``TypeError`` and ``ValueError`` for arguments that are none, and `UnknownCacheError`, with the
        closest names, for a cache that is none.
        """
        validate_functions(function=function, equal=equal)
        at_least(callers, 2, "callers", "how many call at once")
        at_least(loads, 1, "loads", "how often a key may be loaded")
        validate_patience(patience)
        cache = self._cache(name)
        # Loaded here: few tests need it.
        from .flown import FlightCheck

        check = FlightCheck(self, cache, function, callers, load, loads, patience, equal, msg)
        awaited = drive(check.steps, _NAME, self._session)
        return check.results if awaited is None else awaited


def at_least(value: object, least: int, word: str, what: str) -> None:
    """Raise ``TypeError`` or ``ValueError`` unless *value*, given as *word*, is a number from *least* on."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{word} must be a number, {what}, not {value!r}")
    if value < least:
        raise ValueError(f"{word} must be {what}, {least} or more, not {value!r}")


def validate_patience(patience: object) -> None:
    """Raise ``TypeError`` or ``ValueError`` unless *patience* is so many seconds."""
    if isinstance(patience, bool) or not isinstance(patience, (int, float)):
        raise TypeError(f"patience must be a number of seconds, not {patience!r}")
    if not 0 <= patience <= 3600:
        raise ValueError(f"patience must be 0 seconds or more, and an hour at most, not {patience!r}")

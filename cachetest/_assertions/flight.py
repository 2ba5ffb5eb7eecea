"""The assertion that many callers at once load a key once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._recording.answers import same_answer
from .apart import at_least, validate_functions, validate_patience
from .base import AssertionBase
from .driving import drive

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._recording.answers import Results

__all__ = ["FlightAssertions"]

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
        processes: bool = False,
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
        processes: bool = False,
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
        processes: bool = False,
        load: Callable[..., Any] | str | None = None,
        loads: int = 1,
        patience: float = 5.0,
        equal: Callable[[Any, Any], object] = same_answer,
        msg: object = None,
    ) -> Any:
        """Fail if *callers* of *function* at once load a key of the cache *name* more than *loads* times.

        They are threads, or tasks where it returns what is to be awaited. None of them puts anything before
        each has looked up, waits for another, or is done; for that at most *patience* seconds are waited
        where it can't be seen. With *processes* they are child processes, forked from this one, which share
        the cache and nothing else. *load* is the function that computes, or its import path: its calls are
        counted. Without it, a load is an attempt to put a key that its caller had missed. All have to get the
        same, which *equal* compares. Returns what they got, a list with the attribute ``waited_out``.

        Raises ``TypeError`` and ``ValueError`` for arguments that are none, and `UnknownCacheError`, with the
        closest names, for a cache that is none.
        """
        validate_functions(function=function, equal=equal)
        at_least(callers, 2, "callers", "how many call at once")
        at_least(loads, 1, "loads", "how often a key may be loaded")
        validate_patience(patience)
        if not isinstance(processes, bool):
            raise TypeError(f"processes must be True or False, not {processes!r}: callers= says how many")
        cache = self._cache(name)
        # Loaded here: few tests need it.
        from .flown import FlightCheck

        check = FlightCheck(self, cache, function, callers, processes, load, loads, patience, equal, msg)
        awaited = drive(check.steps, _NAME, self._session)
        return check.results if awaited is None else awaited

"""The assertion that callers at once come to what they come to one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from .apart import at_least, validate_functions
from .base import AssertionBase
from .driving import drive

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["AtomicAssertions"]

T = TypeVar("T")

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True
__tracebackhide__ = True

_NAME = "assertCacheAtomic"
# The orders one after the other are tried all, and there are six times as many for each more.
_MOST_CALLERS = 5


class AtomicAssertions(AssertionBase):
    """The assertion on callers that take turns."""

    @overload
    def assertCacheAtomic(  # type: ignore[overload-overlap]
        self,
        name: str,
        function: Callable[[], Awaitable[object]],
        *,
        callers: int = 2,
        load: Callable[..., Any] | str | None = None,
        most: int = 1_000,
        order: str | None = None,
        reset: Callable[[], object] | None = None,
        msg: object = None,
    ) -> Awaitable[None]: ...

    @overload
    def assertCacheAtomic(
        self,
        name: str,
        function: Callable[[], object],
        *,
        callers: int = 2,
        load: Callable[..., Any] | str | None = None,
        most: int = 1_000,
        order: str | None = None,
        reset: Callable[[], object] | None = None,
        msg: object = None,
    ) -> None: ...

    def assertCacheAtomic(
        self,
        name: str,
        function: Callable[[], Any],
        *,
        callers: int = 2,
        load: Callable[..., Any] | str | None = None,
        most: int = 1_000,
        order: str | None = None,
        reset: Callable[[], object] | None = None,
        msg: object = None,
    ) -> Any:
        """Fail if *callers* of *function* at once come to what they never come to one after the other.

        They take turns at each call to a cache, in all orders, those with the fewest switches first and at
        most *most*; each from the entries that there are now, in a scope of its own, and *reset* puts the
        rest of the program back before each. What they return, and the entries of the cache *name*
        afterwards, have to be those of some order of one after the other.
        With *load*, the function that computes or its import path, they take turns where that begins and ends
        as well. Where *function* returns what is to be awaited they are tasks, which take turns where they
        suspend, and so is this. *order*, such as ``"abba"``, has that order run alone: a failure tells it.

        Raises ``TypeError`` and ``ValueError`` for arguments that are none, ``ValueError`` for a cache whose
        calls can't be told, and `UnknownCacheError`, with the closest names, for one that is none.
        """
        validate_functions(function=function, **({} if reset is None else {"reset": reset}))
        at_least(callers, 2, "callers", "how many call at once")
        if callers > _MOST_CALLERS:
            raise ValueError(
                f"callers must be {_MOST_CALLERS} at most, not {callers!r}: of more there are too many orders"
            )
        at_least(most, 1, "most", "how many orders are tried at most")
        if order is not None:
            _check_order(order, callers)
        cache = self._cache(name)
        for what in ("operations", "entries"):
            if what in cache.unavailable:
                raise ValueError(f"the {what} of cache {name!r} can't be known: {cache.unavailable[what]}")
        # Loaded here: few tests need it.
        from .atomic_check import AtomicCheck

        check = AtomicCheck(self, cache, function, callers, load, most, order, reset, msg)
        return drive(check.steps, _NAME, self._session)


def _check_order(order: object, callers: int) -> None:
    letters = [chr(ord("a") + number) for number in range(callers)]
    if not isinstance(order, str):
        raise TypeError(f"order must be letters, one for each step, such as 'abba', not {order!r}")
    wrong = [letter for letter in order if letter not in letters]
    if wrong or not order:
        raise ValueError(
            f"order must be of {', '.join(map(repr, letters))} for {callers} callers, not {order!r}"
        )

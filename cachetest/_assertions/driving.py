"""The way an assertion calls functions of a program that may have to be awaited."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import partial
from inspect import isawaitable, iscoroutine
from typing import TYPE_CHECKING, Any, Protocol

from .._recording.call_sites import CallSite

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from .._caches.caches import MockCaches
    from .._caches.scope import Scope

    Steps = Generator[Callable[[], Any], Any, Any]

__all__ = ["Closable", "drive"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class _Session(Protocol):
    """The session of the running test, as far as its scope is told what has not come to its end."""

    scope: Scope | None


class Closable:
    """The base of what is to be awaited and has to be closed where it is not."""

    def close(self) -> None:
        """Close it; harmless where it has been awaited."""


def drive(begin: Callable[[], Steps], name: str, session: _Session | None) -> Any:
    """Call what steps yield, give them the results, and return None; where these are awaited, an awaitable.

    That has the result of the steps.
    What the first call returns decides that for all. Steps that are awaited *begin* anew where that is done:
    what they open may be of the task. *name* is the assertion's, for the texts.
    """
    steps = begin()
    first = _finish(steps, name)
    return None if first is None else _Awaited(begin(), first, name, session)


def _finish(steps: Steps, name: str) -> Any:
    """Go all the way, and return None; where the first call returns what is to be awaited, return that."""
    from .._patching.patch_caches import again_if_interrupted

    try:
        do = next(steps)
        result, error = _call(do)
        if error is None and isawaitable(result):
            return result
        while True:
            if error is not None:
                do = steps.throw(error)
            elif isawaitable(result):
                _close(result)
                # Raised out here, past the steps: to them it would be an exception of the program's.
                raise TypeError(
                    f"{name}: a function returned {result!r}, which is to be awaited, and the first one "
                    "returned what is not: have both be of one kind"
                )
            else:
                do = steps.send(result)
            result, error = _call(do)
    except StopIteration:
        return None
    finally:
        # Ctrl-C, or what pytest raises to skip a test, goes past the steps too.
        again_if_interrupted(steps.close)


# An exception is thrown into the steps when it is no longer handled: or whatever fails later is told as
# what came up during that.


def _call(do: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """Return what *do* returns, and what it raises."""
    try:
        return do(), None
    except Exception as error:
        return None, error


async def _call_and_await(do: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        result = do()
        return (await result if isawaitable(result) else result), None
    except Exception as error:
        return None, error


def _close(awaitable: object) -> None:
    """Keep Python from warning of a coroutine that nobody will await."""
    if iscoroutine(awaitable) or isinstance(awaitable, Closable):
        awaitable.close()


# The assertions that are under way where one begins: it may be within them, and not beside others.
_around: ContextVar[tuple[_Awaited, ...]] = ContextVar("cachetest.assertions", default=())


class _Awaited:
    """What is to be awaited for an assertion to be made; where that does not happen, its test fails."""

    def __init__(self, steps: Steps, first: Awaitable[Any], name: str, session: _Session | None) -> None:
        self._steps = steps
        self._first: Awaitable[Any] | None = first
        self._name = name
        scope = None if session is None else session.scope
        # Their scope fails at its end with what is told here.
        self._caches: MockCaches | None = None if scope is None else scope.caches
        self._at = CallSite(sys._getframe(3))
        self._is_begun = False
        self._tell(f"was not awaited, so it tested nothing: await self.{name}(...)")

    def _tell(self, text: str | None) -> None:
        """Have the test fail at its end, with *text*; without one, not any more."""
        if self._caches is None:
            return
        if text is None:
            self._caches.forget_end(self)
        else:
            self._caches.await_end(self, lambda: f"{self._name}, at {self._at}, {text}")

    def close(self) -> None:
        """Give up what is not awaited."""
        _close(self._first)

    def __await__(self) -> Generator[Any, None, Any]:
        if self._first is None:
            raise RuntimeError(f"{self._name} was awaited twice: it calls its functions once")
        first, self._first = self._first, None
        return self._go_on(first).__await__()

    async def _go_on(self, first: Awaitable[Any]) -> Any:
        from .._patching.patch_caches import again_if_interrupted

        around = _around.get()
        try:
            _around.set((*around, self))
            self._refuse_beside(around)
            self._is_begun = True
            self._tell("had not come to its end, so it tested nothing: it was cancelled, or not awaited")
            # The first call is made, and what comes of it belongs to what is open now.
            next(self._steps)
            result, error = await _call_and_await(lambda: first)
            while True:
                do = self._steps.send(result) if error is None else self._steps.throw(error)
                result, error = await _call_and_await(do)
        except StopIteration as end:
            self._tell(None)
            return end.value
        except Exception:
            # Whoever awaits it has that.
            self._tell(None)
            raise
        finally:
            again_if_interrupted(partial(self._end, first, around))

    def _end(self, first: Awaitable[Any], around: tuple[_Awaited, ...]) -> None:
        _close(first)
        self._is_begun = False
        # Where it is closed in another context, as garbage, that has nothing of it.
        if self in _around.get():
            _around.set(around)
        # Where it was cancelled in between: what the steps have opened is closed.
        self._steps.close()

    def _refuse_beside(self, around: tuple[_Awaited, ...]) -> None:
        for each in () if self._caches is None else self._caches.not_ended():
            if isinstance(each, _Awaited) and each._is_begun and each not in around:
                raise RuntimeError(
                    f"{self._name} was awaited while {each._name}, at {each._at}, was under way, whose hits "
                    "could be taken for its own: await one after the other"
                )

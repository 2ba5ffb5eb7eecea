"""The tries of one call of redis-py: all of them are one call to what strikes it.

redis-py tries again inside ``Retry.call_with_retry``. Nothing is put around that, which each command goes
through: what has struck a call is kept here until it ends, and is found by the outermost such frame on the
stack, that is by the function that this one calls, which lives as long as the call.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from typing import TYPE_CHECKING, Any
from weakref import ref

import redis.asyncio.retry as asyncio_retry
import redis.retry as sync_retry

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    from ..._behaving.clock import Clock

__all__ = ["SLEEPS", "Tries", "async_sleep", "begin_tries", "is_inside", "limit_of_caller", "refusal_of", "sleep", "tries_of_caller"]

_RETRY: frozenset[CodeType] = frozenset(
    {sync_retry.Retry.call_with_retry.__code__, asyncio_retry.Retry.call_with_retry.__code__}
)
SLEEPS = ((sync_retry, "sleep"), (asyncio_retry, "sleep"))
"""What redis-py waits by between two tries, as module and name."""


class Tries:
    """What has struck one call, for all of its tries.

    ``is_down`` says that its server can't be reached any more, ``error`` is what each try raises in place of
    that, and ``at`` is by how much the clock is ahead where the call has got to.
    """

    is_down = False
    error: Callable[[], Exception] | None = None

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.at = clock.offset
        # What has struck each command, by the bytes that it was sent in.
        self.plans: dict[bytes, Any] = {}

    def pass_on(self, seconds: float) -> None:
        """Have the call take so long, by the clock of the scope: of two at once the longer one counts."""
        self.at += seconds
        self.clock.reach(self.at)


# By the id of the function that is tried, with what takes them away as it goes.
_tries: dict[int, tuple[Any, Tries]] = {}


def _frame_of_retry(frame: FrameType | None) -> FrameType | None:
    """Return the frame of the outermost ``call_with_retry`` that *frame* is inside of."""
    found = None
    while frame is not None:
        if frame.f_code in _RETRY:
            found = frame
        frame = frame.f_back
    return found


def tries_of_caller() -> Tries | None:
    """Return what has struck the call that the calling thread, or task, is in; None for nothing."""
    if not _tries:
        return None
    frame = _frame_of_retry(sys._getframe(1))
    return None if frame is None else _known_of(frame.f_locals["do"])


def _known_of(do: Any) -> Tries | None:
    known = _tries.get(id(do))
    return None if known is None or known[0]() is not do else known[1]


def begin_tries(clock: Clock) -> Tries:
    """Return the object that keeps what strikes the call, made where it is the first thing that does."""
    frame = _frame_of_retry(sys._getframe(1))
    if frame is None:
        # A connection that is used by itself is never tried again.
        return Tries(clock)
    do = frame.f_locals["do"]
    found = _known_of(do)
    if found is None:
        found, at = Tries(clock), id(do)
        # A bound method is another object each time; this one is held by the frame.
        _tries[at] = ref(do, lambda _: _tries.pop(at, None)), found
    return found


def refusal_of(connection: Any) -> OSError:
    """Return what a system says to *connection* where nobody listens."""
    text = os.strerror(errno.ECONNREFUSED)
    if asyncio.iscoroutinefunction(type(connection)._connect):
        path = getattr(connection, "path", None)
        if path is None:
            host = "127.0.0.1" if connection.host == "localhost" else connection.host
            text = f"Connect call failed {host, int(connection.port)!r}"
    return ConnectionRefusedError(errno.ECONNREFUSED, text)


def _passed_on(frame: FrameType, seconds: float) -> bool:
    """Return whether the wait of a retry was one on the clock alone, of a call that is struck."""
    if not _tries:
        return False
    outermost = _frame_of_retry(frame)
    tries = None if outermost is None else _known_of(outermost.f_locals["do"])
    if tries is None:
        return False
    tries.pass_on(seconds)
    return True


def sleep(found: Any) -> Any:
    """Return what ``redis.retry`` sleeps by, over what it has *found*."""

    def sleep_unless_struck(seconds: float) -> None:
        if not _passed_on(sys._getframe(1), seconds):
            found(seconds)

    return sleep_unless_struck


def async_sleep(found: Any) -> Any:
    """Return what ``redis.asyncio.retry`` sleeps by, over what it has *found*."""

    async def sleep_unless_struck(seconds: float, *args: object) -> Any:
        if _passed_on(sys._getframe(1), seconds):
            return await asyncio.sleep(0)
        return await found(seconds, *args)

    return sleep_unless_struck


def is_inside(names: frozenset[str]) -> bool:
    """Return whether the caller is inside a function of redis-py that has one of these *names*."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in names and frame.f_globals.get("__name__", "").startswith("redis."):
            return True
        frame = frame.f_back
    return False


def limit_of_caller(connection: Any) -> float | None:
    """Return for how long an asyncio *connection* waits for a reply, while it sends; None for ever.

    Its own limit is taken off for that: see `without_time_limit`.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "send_unlimited" and frame.f_locals.get("connection") is connection:
            limit: float | None = frame.f_locals["limit"]
            return limit
        frame = frame.f_back
    return None if connection is None else connection.socket_timeout

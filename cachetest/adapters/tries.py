"""The tries of one call of a client: all of them are one call to what strikes it.

A client tries again inside a function of its own, such as ``Retry.call_with_retry`` of redis-py. Nothing is
put around that, which each command goes through: what has struck a call is kept here until it ends, and is
found by the outermost such frame on the stack, that is by the function that this one tries, which lives as
long as the call.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from weakref import ref

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from .._behaving.clock import Clock

__all__ = ["RETRIES", "Tried", "Tries", "begin_tries", "is_inside", "passed_on", "sleep"]
__all__ += ["tried_by_caller", "tries_of_caller"]

RETRIES: dict[CodeType, str] = {}
"""The code of the functions that try again, with the name that each of them has for what it tries."""


class Tries:
    """What has struck one call, for all of its tries.

    ``is_down`` says that its server can't be reached any more, and ``at`` is by how much the clock is ahead
    where the call has got to. ``plans`` has what has struck each packet, by its bytes.
    """

    is_down = False

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.at = clock.offset
        self.plans: dict[bytes | str, Any] = {}

    def pass_on(self, seconds: float) -> None:
        """Have the call take so long, by the clock of the scope: of two at once the longer one counts."""
        self.at += seconds
        self.clock.reach(self.at)


class Tried:
    """Stands for what is tried elsewhere, and keeps what has struck it itself."""

    tries: Tries | None = None

    def __init__(self) -> None:
        global _is_any_elsewhere
        _is_any_elsewhere = True


# By the id of the function that is tried, with what takes them away as it goes.
_tries: dict[int, tuple[Any, Tries]] = {}
_is_any_elsewhere = False


def _tried(frame: FrameType | None) -> Any:
    """Return what the outermost function that tries again, among those that *frame* is in, tries; or None."""
    found = None
    while frame is not None:
        if frame.f_code in RETRIES:
            found = frame
        frame = frame.f_back
    return None if found is None else found.f_locals[RETRIES[found.f_code]]


def tries_of_caller(frame: FrameType | None = None) -> Tries | None:
    """Return what has struck the call that the calling thread, or task, is in; None for nothing."""
    return _known_of(_tried(frame or sys._getframe(1))) if _tries or _is_any_elsewhere else None


def tried_by_caller() -> Any:
    """Return what the client that the caller is in tries, maybe several times; None where it does not."""
    return _tried(sys._getframe(1))


def _known_of(tried: Any) -> Tries | None:
    if isinstance(tried, Tried):
        return tried.tries
    known = _tries.get(id(tried))
    return None if known is None or known[0]() is not tried else known[1]


def begin_tries(clock: Clock) -> Tries:
    """Return the object that keeps what strikes the call, made where it is the first thing that does."""
    tried = _tried(sys._getframe(1))
    if tried is None:
        # It is never tried again.
        return Tries(clock)
    found = _known_of(tried)
    if found is None and isinstance(tried, Tried):
        found = tried.tries = Tries(clock)
    elif found is None:
        found, at = Tries(clock), id(tried)
        # A bound method is another object each time; this one is held by the frame.
        _tries[at] = ref(tried, lambda _: _tries.pop(at, None)), found
    return found


def passed_on(frame: FrameType, seconds: float) -> bool:
    """Return whether *frame* waits in a call that is struck, and have that be a wait on the clock alone."""
    tries = tries_of_caller(frame)
    if tries is None:
        return False
    tries.pass_on(seconds)
    return True


def sleep(found: Any) -> Any:
    """Return what a client waits by between two tries, over what it has *found*."""

    def sleep_unless_struck(seconds: float) -> None:
        if not passed_on(sys._getframe(1), seconds):
            found(seconds)

    return sleep_unless_struck


def is_inside(names: frozenset[str], package: str) -> bool:
    """Return whether the caller is inside a function of *package* that has one of these *names*."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name in names and frame.f_globals.get("__name__", "").startswith(package):
            return True
        frame = frame.f_back
    return False

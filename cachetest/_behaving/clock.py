"""The clock of a scope: the time that its caches keep, which a test can move on."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

from .._recording.locks import make_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

__all__ = ["Clock", "clock_here", "clock_in", "clock_offset", "find_by", "moved", "now"]

# The clocks that are ahead of the program's. What reads the time for a library looks whether there is any,
# and asks whose time it is only then.
moved: list[ref[Clock]] = []
# What finds the scope that the caller is in: `_caches.attribution` gives it, which is loaded later.
_finders: list[Callable[[], Any]] = []


def clock_in(shared: dict[str, Any]) -> Clock:
    """Return the clock of the scope whose caches share *shared*, made when it is first asked for."""
    found: Clock | None = shared.get("clock")
    # setdefault is atomic: two threads that ask at once get the same.
    return found or cast("Clock", shared.setdefault("clock", Clock()))


def find_by(scope_of_caller: Callable[[], Any]) -> None:
    """Have the scope whose clock is read found by *scope_of_caller*."""
    _finders[:] = [scope_of_caller]


def clock_offset() -> float:
    """Return by how many seconds the clock of the caller's scope is ahead of the program's."""
    # Nearly always no clock was moved.
    scope = _finders[0]() if moved else None
    return 0.0 if scope is None else scope.ahead()


def clock_here() -> Clock | None:
    """Return the clock of the scope that the caller is in."""
    scope = _finders[0]()
    return None if scope is None or scope.closed else scope.caches.clock


def now() -> float:
    """Return the time of the caches of the scope that the caller is in."""
    # The time first: a clock that is stopped gives what is missing from then on.
    here = time.time()
    return here + clock_offset() if moved else here


class Clock:
    """The time that the caches of one scope keep: that of the program, and by how much a test moved it on.

    The program's ``time.time()`` stays as it is.
    """

    def __init__(self, offset: float = 0.0) -> None:
        self._offset = 0.0
        # The moment at which it stands still, if it does.
        self._stop: float | None = None
        self._lock = make_lock()
        self._listeners: tuple[Callable[[], object], ...] = ()
        if offset:
            self.reach(offset)

    @property
    def offset(self) -> float:
        """By how many seconds it is ahead of the program's time."""
        stop = self._stop
        return self._offset if stop is None else stop - time.time()

    def now(self) -> float:
        """Return the time of the caches, in seconds since the epoch."""
        stop = self._stop
        return time.time() + self._offset if stop is None else stop

    def advance(self, by: float | timedelta) -> None:
        """Move the clock on *by* seconds, or a ``timedelta``, and wake what waits for a time that has come.

        Raises ``ValueError`` for going back, which no clock of a test does, and for what is not finite.
        """
        step = _seconds(by)
        if step < 0:
            raise ValueError(f"the clock goes forward only: advance({by!r})")
        self._move(lambda offset: offset + step)

    def reach(self, offset: float) -> None:
        """Move the clock on to *offset* seconds ahead of the program's; it stays where it is further on."""
        goal = _seconds(offset)
        self._move(lambda now: max(now, goal))

    def tell(self, listener: Callable[[], object]) -> None:
        """Have *listener* called after each move, on the thread that made it, until `tell_no_more`."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def tell_no_more(self, listener: Callable[[], object]) -> None:
        """Forget one *listener*, if it was given; two waits may have the same."""
        with self._lock:
            if listener in self._listeners:
                at = self._listeners.index(listener)
                self._listeners = self._listeners[:at] + self._listeners[at + 1 :]

    @contextmanager
    def telling(self, listener: Callable[[], object]) -> Iterator[None]:
        """Have *listener* called after each move until the block is left."""
        self.tell(listener)
        try:
            yield
        finally:
            self.tell_no_more(listener)

    def _move(self, moved_from: Callable[[float], float]) -> None:
        with self._lock:
            before, after = self._offset, moved_from(self._offset)
            if not math.isfinite(after):
                raise ValueError(f"the clock can't be moved on to {after!r} seconds ahead")
            if not before and after:
                self._be_asked()
            self._offset = after
            listeners = self._listeners
        if after != before:
            for listener in listeners:
                listener()

    def _be_asked(self) -> None:
        if not any(each() is self for each in moved):
            moved.append(ref(self, moved.remove))

    @contextmanager
    def stopped(self, moment: float) -> Iterator[None]:
        """Have it stand still at *moment*, in seconds since the epoch, while the block runs."""
        self._be_asked()
        self._stop = moment
        try:
            yield
        finally:
            self._stop = None

    def __reduce__(self) -> tuple[object, ...]:
        # Nobody waits for a copy, and it moves nothing but itself.
        return Clock, (self._offset,)

    def __repr__(self) -> str:
        return f"<Clock {self.offset:g} seconds ahead>"


def _seconds(given: Any) -> float:
    # Loaded here: few tests move a clock.
    from datetime import timedelta
    from numbers import Real

    if isinstance(given, timedelta):
        return given.total_seconds()
    if isinstance(given, bool) or not isinstance(given, Real):
        raise TypeError(f"the clock is moved by seconds, or a timedelta, not by {given!r:.80}")
    try:
        seconds = float(given)
    except OverflowError:
        seconds = math.inf
    if not math.isfinite(seconds):
        raise ValueError(f"the clock is moved by a finite time, not by {repr(given)[:80]}")
    return seconds

"""The threads of callers that are many at once, and how one of them is held."""

from __future__ import annotations

import sys
import threading
from _thread import allocate_lock
from contextlib import suppress
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from .._recording.packages import INSTALLED, NO_LIBRARIES, module_of, packages_without
from .flight import flying

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType, FrameType

    from .flight import Who
    from .load_calls import Profile

__all__ = ["LONGEST", "Caller", "Held", "frames_of", "is_asked_outside", "is_to_be_awaited", "why_no_threads"]

LONGEST = 120.0
"""No thread is held for longer, in seconds, whatever becomes of who lets it go."""


class Caller(threading.Thread):
    """One caller, on a thread of its own: its ``value``, or the ``error`` that it raised."""

    value: Any = None
    error: BaseException | None = None

    def __init__(self, flight: Any, number: int, function: Callable[[], Any], profile: Profile) -> None:
        super().__init__(name=f"caller {number}", daemon=True)
        self.number = number
        self._flight = flight
        self._function = function
        self._profile = profile

    def end(self, patience: float) -> None:
        """Wait until it has ended, so many seconds at most."""
        if self.ident is not None:
            self.join(patience)

    def run(self) -> None:
        flying.set((self._flight, self.number))
        self._flight.begin_caller(self.number)
        self._profile.start()
        try:
            self.value = self._function()
        except BaseException as error:
            self.error = error
        finally:
            self._profile.stop()
            self._flight.end_caller(self.number)


class Held:
    """A thread that is held: after it has released a lock, or before it puts."""

    def __init__(self, who: Who, key: object, *, at_put: bool) -> None:
        self.who = who
        self.key = key
        self.at_put = at_put
        self.lock = allocate_lock()
        self.lock.acquire()

    def let_go(self) -> None:
        """Let the thread go on; it may be repeated."""
        with suppress(RuntimeError):
            self.lock.release()


_packages = packages_without(NO_LIBRARIES)
_ranks: dict[CodeType, int] = {}


def is_asked_outside(frame: FrameType, most: int = INSTALLED) -> bool:
    """Return whether a lock was released for code outside the standard library, and outside cachetest."""
    found: FrameType | None = frame
    if module_of(frame) in ("threading", "multiprocessing.synchronize"):
        # As by ``with condition``.
        found = frame.f_back
    if found is None:
        return False
    rank = _ranks.get(found.f_code)
    if rank is None:
        rank = _ranks[found.f_code] = _packages.rank(found)
    return rank <= most


def why_no_threads() -> str:
    """Return why callers can't be threads, or nothing where they can.

    Where a library has put greenlets in the place of threads, one that is held holds all of them.
    """
    # Not imported: whoever has patched has them.
    gevent: Any = sys.modules.get("gevent.monkey")
    eventlet: Any = sys.modules.get("eventlet.patcher")
    by = "gevent" if gevent is not None and gevent.is_module_patched("threading") else ""
    if not by and eventlet is not None and eventlet.is_monkey_patched("thread"):
        by = "eventlet"
    if not by:
        return ""
    return (
        f"its callers are threads, and {by} has put greenlets in their place: run the test without its patch"
    )


def is_to_be_awaited(value: object) -> bool:
    """Return whether *value* is to be awaited."""
    return isawaitable(value)


def frames_of(threads: Sequence[Caller], done: set[int]) -> list[tuple[int, list[FrameType]]]:
    """Return those of *threads* that are not *done*, each with its frames, the innermost first."""
    frames = sys._current_frames()
    found = []
    for each in threads:
        frame = frames.get(each.ident or 0)
        if each.number not in done and frame is not None:
            chain = []
            while frame is not None:
                chain.append(frame)
                frame = frame.f_back
            found.append((each.number, chain))
    return found

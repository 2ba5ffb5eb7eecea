"""What a library has in place of ``time`` in a module of its own: the time of the caches of the scope.

The program's own ``time`` stays. Whatever else of the module is asked for, or replaced, as ``mock.patch``
does by the library's name for it, is that of the real one.
"""

from __future__ import annotations

import threading
import time
from types import BuiltinFunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from .._behaving.clock import moved
from .._caches.attribution import clock_offset, scope_of_caller

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._behaving.clock import Clock
    from .._patching.undo import Undo

__all__ = ["MOVED_TIME", "Moved", "clock_here", "move_time", "now"]


def now() -> float:
    """Return the time of the caches of the scope that the caller is in."""
    return time.time() + clock_offset() if moved else time.time()


def clock_here() -> Clock | None:
    """Return the clock of the scope that the caller is in."""
    scope = scope_of_caller()
    return None if scope is None or scope.closed else scope.caches.clock


class Moved:
    """The base of what stands for a module: to be changed through it changes the module."""

    __slots__ = ()
    _module: ModuleType

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        return vars(self._module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._module, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._module, name)

    def __dir__(self) -> list[str]:
        return dir(self._module)

    def __repr__(self) -> str:
        return f"<{self._module.__name__}, moved by the clock of a test>"


class _MovedTime(Moved):
    __slots__ = ()
    _module = time

    # Written out, and the time first: a clock that is stopped gives what is missing from then on.

    def time(self) -> float:
        here = time.time()
        return here + clock_offset() if moved else here

    def time_ns(self) -> int:
        here = time.time_ns()
        return here + round(clock_offset() * 1e9) if moved else here

    def monotonic(self) -> float:
        here = time.monotonic()
        return here + clock_offset() if moved else here

    def sleep(self, seconds: float) -> None:
        """Sleep so long by the clock, which may be moved on meanwhile."""
        clock = clock_here() if type(time.sleep) is BuiltinFunctionType else None
        if clock is None or seconds <= 0:
            # A test has replaced it, or there is no clock.
            time.sleep(seconds)
            return
        woken = threading.Event()
        until = time.monotonic() + clock.offset + seconds
        with clock.telling(woken.set):
            while (left := until - time.monotonic() - clock.offset) > 0:
                # The time that is up ends it, and no reading: somebody may have stopped the program's time.
                if not woken.wait(left):
                    break
                woken.clear()


MOVED_TIME: Any = _MovedTime()


def move_time(undo: Undo, places: Iterable[tuple[ModuleType, str, ModuleType, Any]]) -> None:
    """Set what is moved in each of *places*: module, name in there, what it should be, and what instead.

    Where a test has put something else there, that stays.
    """
    undo.set_attributes(
        [(module, name, new) for module, name, old, new in places if vars(module).get(name) is old]
    )

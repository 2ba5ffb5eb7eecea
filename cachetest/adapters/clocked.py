"""What a library has in place of ``time`` in a module of its own: the time of the caches of the scope.

The program's own ``time`` stays. Whatever else of the module is asked for, or replaced, as ``mock.patch``
does by the library's name for it, is that of the real one.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

from .._behaving.clock import clock_here, clock_offset, moved

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from .._patching.undo import Undo

__all__ = ["MOVED_TIME", "Moved", "Places"]


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


class Places:
    """Names in modules of a library, to be moved as long as anybody needs that.

    Two adapters of one library may, and be installed and undone in any order.
    """

    def __init__(self, places: Iterable[tuple[ModuleType, str]], real: ModuleType, instead: Any) -> None:
        """Have each of *places*, a module and the name that it has for *real* there, be *instead*."""
        self._real = real
        self._instead = instead
        self._places = [(vars(module), name) for module, name in places]
        self._users: set[object] = set()

    def move(self, undo: Undo) -> None:
        """Have them moved until *undo* is run; where a test has put something else, that stays."""
        user = object()
        undo.add(partial(self._put_back, user))
        self._users.add(user)
        for names, name in self._places:
            if names.get(name) is self._real:
                names[name] = self._instead

    def _put_back(self, user: object) -> None:
        self._users.discard(user)
        if not self._users:
            for names, name in self._places:
                if names.get(name) is self._instead:
                    names[name] = self._real

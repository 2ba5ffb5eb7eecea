"""Whose a call of a client is, of which each part asks anew: it is decided for all of it."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from .._caches.attribution import decided
from .._caches.scope import Scope, marked
from .calls import SUSPENDED, Calls
from .task_calls import TaskCalls

if TYPE_CHECKING:
    from types import FrameType
    from weakref import ref

__all__ = ["CallsInto", "Undecidable"]


class Undecidable:
    """What a call is for while several scopes are open; ``remembered`` is as that of a scope."""

    def __init__(self) -> None:
        self.remembered: dict[int, tuple[ref[Any], Any]] = {}


class CallsInto(Calls):
    """The calls into *package* by threads that no scope has marked: decided for the outermost of each.

    Others began in the scope that has marked them. What a coroutine of the package has called is decided for
    the outermost of a task; generators are looked at anew whenever they go on.
    """

    def __init__(self, package: str) -> None:
        super().__init__(object)
        self._package = package
        self.of_tasks = TaskCalls(package)

    def begin(self) -> None:
        self.of_tasks.begin()
        super().begin()

    def look(self) -> None:
        self.of_tasks.look()
        super().look()

    def end(self) -> None:
        super().end()
        self.of_tasks.wait()

    def is_for_scope(self, called: object) -> bool:
        """Return whether the call that the calling thread is in is for a scope."""
        return marked() is not None or self.scope_of(called) is not None

    def scope_of(self, called: object) -> Scope | Undecidable | None:
        """Return the scope that the call of a thread without a mark is for, which may have closed since.

        It is `Undecidable` where several were open; None for a call of the real thing.
        """
        frame = self.of_tasks.around(sys._getframe(1))
        if frame is None:
            found = self.find_around(called, _decide_scope)
        else:
            found = self.of_tasks.find(called, frame, partial(self._decide, _decide_scope))
        return cast("Scope | Undecidable | None", found)

    def _is_in(self, called: object, frame: FrameType) -> bool:
        module = frame.f_globals.get("__name__")
        inside = isinstance(module, str) and module.partition(".")[0] == self._package
        return inside and not frame.f_code.co_flags & SUSPENDED


def _decide_scope() -> Scope | Undecidable | None:
    found = decided()
    return found if isinstance(found, Scope) else Undecidable() if found else None

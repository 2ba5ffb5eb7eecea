"""A fork of the process of a test: its server has no thread then, and a warning is of the program's line."""

from __future__ import annotations

import sys
from _thread import get_ident

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

__all__ = ["wrap_fork"]

_CALL = (lambda function: function()).__code__


def wrap_fork(fork: Callable[[], Any]) -> Callable[[], Any]:
    def pausing_fork() -> Any:
        scopes = sys.modules.get("cachetest._caches.scope")
        # By way of the wrapper that `process_hooks` has made.
        caller = sys._getframe(1).f_back
        if scopes is None or not scopes.open_scopes():
            return _call_at(caller, fork)
        # Loaded here: a process that never forks in a test needs none.
        from . import server

        here = get_ident()
        server.pause()
        server.forking[here] = None
        try:
            forked = _call_at(caller, fork)
            if (child := server.forking.get(here)) is not None:
                child.process = forked if isinstance(forked, int) else forked[0]
            return forked
        finally:
            # Here and not by what is called after a fork: the thread that comes back would be warned of.
            server.forking.pop(here, None)
            server.resume()

    return pausing_fork


def _call_at(frame: FrameType | None, fork: Callable[[], Any]) -> Any:
    """Call *fork* as if by *frame*: a warning of the threads that run beside it is of the line that calls it.

    By that, and by the module, a program says which warnings it wants, and is told where to look.
    """
    if frame is None:
        return fork()
    found = frame.f_code
    code = _CALL.replace(
        co_filename=found.co_filename, co_name=found.co_name, co_firstlineno=max(frame.f_lineno or 1, 1)
    )
    make: Any = type(_call_at)
    return make(code, frame.f_globals)(fork)

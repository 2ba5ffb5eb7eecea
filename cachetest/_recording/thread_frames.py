"""The frames that threads are in, looked up so that nothing else runs meanwhile."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from .locks import make_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["thread_frames", "without_collection"]

_lock = make_lock()
_is_off = False


def without_collection(do: Callable[[], T]) -> T:
    """Return what *do*, which looks at frames of other threads, returns; meanwhile no garbage is collected.

    Up to CPython 3.11 the interpreter holds a lock of its own while it lists the threads, and makes their
    frames one by one. A collection may run anybody's code, which lets other threads run: one that wants that
    lock as well waits for ever, with all others, and a frame that has ended is read as if it had not.
    """
    with _lock:
        return _without(do)


def _without(do: Callable[[], T]) -> T:
    global _is_off
    found = gc.isenabled()
    try:
        _is_off = _is_off or found
        gc.disable()
        return do()
    finally:
        if found:
            gc.enable()
            _is_off = False


def _after_fork_in_child() -> None:
    """Collect garbage in a child that another thread has forked meanwhile."""
    global _is_off
    if _is_off:
        gc.enable()
        _is_off = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def thread_frames() -> dict[int, FrameType]:
    """Return the innermost frame of each thread, by the id of the thread."""
    return without_collection(sys._current_frames)

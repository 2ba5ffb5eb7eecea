"""Threads and tasks: which one a caller is, and which of them run beside each other."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

if TYPE_CHECKING:
    import asyncio

__all__ = ["ThreadOrTask", "current_thread_or_task", "this_thread"]


class ThreadOrTask(NamedTuple):
    """A thread, by its id, or one task of it; ``task`` is None outside any task."""

    thread: int
    task: ref[asyncio.Task[Any]] | None

    def runs_beside(self, other: ThreadOrTask) -> bool:
        """Return whether *other* is of another thread, or of another task while this one's is not done."""
        if self.thread != other.thread:
            return True
        if self.task is None or other.task is None or self.task == other.task:
            return False
        return (task := self.task()) is not None and not task.done()


class _ThisThread(threading.local):
    """The thread that reads it, outside any task."""

    def __init__(self) -> None:
        self.value = ThreadOrTask(threading.get_ident(), None)


this_thread = _ThisThread()


def current_thread_or_task() -> ThreadOrTask:
    """Return that of the caller."""
    # asyncio is not imported for this: where it was not, or just is being, no task runs.
    module: Any = sys.modules.get("asyncio")
    running = getattr(module, "_get_running_loop", None)
    if running is None or running() is None:
        return this_thread.value
    task = module.current_task()
    return this_thread.value if task is None else ThreadOrTask(threading.get_ident(), ref(task))

"""Whether nothing on an event loop of asyncio can go on by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

__all__ = ["QuietLoop"]

_SLEEP = "_set_result_unless_cancelled"
_PAUSE = 0.001
# Who was seen to sleep so often, and to go on in between, is polling.
_POLLS = 5


class QuietLoop:
    """Tells whether the tasks that *is_ours* knows by their context all wait for others.

    Who sleeps, or waits for a job of an executor, does not; who waits with a time limit does.
    """

    def __init__(self, loop: Any, is_ours: Callable[[Context], bool]) -> None:
        """Look at *loop*; ``is_told`` is whether it can be looked at."""
        self._loop = loop
        self._is_ours = is_ours
        self.is_told = hasattr(loop, "_ready") and hasattr(loop, "_scheduled")
        self._jobs = 0
        self._sleeps = 0
        self._last: frozenset[int] = frozenset()

    def start(self) -> None:
        """Begin to count the jobs that are handed to executors."""
        if self.is_told:
            run = self._loop.run_in_executor

            def run_in_executor(executor: Any, function: Any, *args: Any) -> Any:
                future = run(executor, function, *args)
                self._jobs += 1
                future.add_done_callback(self._end_job)
                return future

            self._loop.run_in_executor = run_in_executor

    def stop(self) -> None:
        """Count no more; it may be repeated."""
        if self.is_told:
            vars(self._loop).pop("run_in_executor", None)

    def _end_job(self, _: object) -> None:
        self._jobs -= 1

    def forget(self) -> None:
        """Note that something has been asked of a cache, so that nobody is just polling."""
        self._sleeps = 0

    async def look(self) -> bool:
        """Let the loop go on, and return whether nothing was left to do."""
        await asyncio.sleep(0)
        if not self.is_told:
            await asyncio.sleep(_PAUSE)
            return False
        if self._loop._ready:
            return False
        sleeping = frozenset(id(each) for each in list(self._loop._scheduled) if self._is_sleep(each))
        if self._jobs or sleeping:
            self._sleeps += bool(sleeping - self._last)
            self._last = sleeping
            if self._jobs or self._sleeps <= _POLLS:
                await asyncio.sleep(_PAUSE)
                return False
        # What has come from outside meanwhile is seen after another turn of the loop.
        await asyncio.sleep(0)
        return not self._loop._ready

    def _is_sleep(self, handle: Any) -> bool:
        if handle.cancelled():
            return False
        name = getattr(handle._callback, "__name__", "")
        return name == _SLEEP and self._is_ours(handle._context)

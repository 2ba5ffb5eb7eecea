"""`settle`: to wait until nothing that a scope has started still runs."""

from __future__ import annotations

import sys
from math import isfinite
from threading import current_thread, get_ident
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .._recording.call_sites import CallSite
from .running import tasks_of, works_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

__all__ = ["settle"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

# So many seconds between two looks: what ends tells nobody where the scope is open.
_PAUSE = 0.001


def settle(caches: Any, patience: float, frame: FrameType) -> Any:
    """Wait, or return what is to be awaited where a loop runs here; see `MockCaches.settle`."""
    if isinstance(patience, bool) or not isinstance(patience, (int, float)):
        raise TypeError(f"patience must be a number of seconds, not {patience!r}")
    if not (isfinite(patience) and patience >= 0):
        raise ValueError(f"patience must be 0 seconds or more, and end, not {patience!r}")
    scope = None if caches._scope is None else caches._scope()
    if scope is None:
        raise RuntimeError("settle() is for the caches of a scope: a copy has started nothing")
    asyncio: Any = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        return _Settling(caches, scope, patience, frame)
    deadline = monotonic() + patience
    while _still_running(scope, ()):
        if monotonic() >= deadline:
            raise AssertionError(_told(scope, patience, ()))
        sleep(_PAUSE)
    return None


def _still_running(scope: Any, waiting: Any) -> bool:
    return bool(_works(scope) or _tasks(scope, waiting))


def _works(scope: Any) -> list[Any]:
    here, thread = get_ident(), current_thread()
    return [work for work in works_of(scope) if work.thread != here and work.what is not thread]


def _tasks(scope: Any, waiting: Any) -> list[Any]:
    return [task for task in tasks_of(scope) if task not in waiting]


def _told(scope: Any, patience: float, waiting: Any) -> str:
    from .._telling.left_running import describe_running

    lines = describe_running(_works(scope), _tasks(scope, waiting))
    if not lines:
        return f"what {scope.label} has started ended only just now, after more than {patience:g} s"
    return "\n".join(
        [
            f"this still runs after {patience:g} s, and was started in {scope.label}:",
            *(f"  {each}" for each in lines),
        ]
    )


class _Settling:
    """What is to be awaited where a loop runs; the test fails where that is not done."""

    def __init__(self, caches: Any, scope: Any, patience: float, frame: FrameType) -> None:
        self._caches = caches
        self._scope = scope
        self._patience = patience
        at = CallSite(frame)
        caches.await_end(self, lambda: f"settle(), at {at}, was not awaited, so it did not wait: await ...")

    def close(self) -> None:
        """Do nothing: there is nothing to be ended."""

    def __await__(self) -> Generator[Any, None, None]:
        self._caches.forget_end(self)
        return self._wait().__await__()

    async def _wait(self) -> None:
        import asyncio

        deadline = monotonic() + self._patience
        while _still_running(self._scope, waiting := _waiting(asyncio.current_task())):
            if monotonic() >= deadline:
                raise AssertionError(_told(self._scope, self._patience, waiting))
            await asyncio.sleep(_PAUSE)


def _waiting(task: Any) -> set[Any]:
    """Return *task*, and those that wait for it, as one that gathers it does: they end after it."""
    from asyncio import all_tasks

    found = {task}
    while True:
        more = {each for each in all_tasks() if each not in found and _waits_for(each, found)}
        if not more:
            return found
        found |= more


def _waits_for(task: Any, others: set[Any]) -> bool:
    future = getattr(task, "_fut_waiter", None)
    return future in others or any(child in others for child in getattr(future, "_children", ()))

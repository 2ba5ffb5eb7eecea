"""A coroutine of a program that is driven step by step, so that it can be kept from going on."""

from __future__ import annotations

from inspect import isawaitable, iscoroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

__all__ = ["Driven", "TaskFactory"]


class Driven:
    """What is to be awaited in place of *awaited*; after each of its steps *pause* may have it wait.

    *pause* returns what is to be awaited before it goes on, or None.
    """

    def __init__(self, awaited: Awaitable[Any], pause: Callable[[], Awaitable[None] | None]) -> None:
        self._awaited = awaited
        self._pause = pause

    def __await__(self) -> Generator[Any, Any, Any]:
        awaited: Any = self._awaited
        inner: Any = awaited if iscoroutine(awaited) else awaited.__await__()
        value: Any = None
        error: BaseException | None = None
        try:
            while True:
                try:
                    if error is not None:
                        step = inner.throw(error)
                    elif value is None:
                        step = next(inner) if not hasattr(inner, "send") else inner.send(None)
                    else:
                        step = inner.send(value)
                except StopIteration as end:
                    return end.value
                value, error = None, None
                try:
                    value = yield step
                    pause = self._pause()
                    if pause is not None:
                        yield from pause.__await__()
                except GeneratorExit:
                    raise
                except BaseException as found:
                    error = found
        finally:
            close = getattr(inner, "close", None)
            if close is not None:
                close()


class TaskFactory:
    """The factory of tasks of *loop* while it is `set`: what a caller's tasks make is driven as well."""

    def __init__(self, loop: Any, drives: Callable[[], Callable[[], Awaitable[None] | None] | None]) -> None:
        """Ask *drives* at each task for its pause; None for one that is not to be driven."""
        self._loop = loop
        self._drives = drives
        self._found: Any = None

    def set(self) -> None:
        """Have the loop make its tasks by this."""
        self._found = self._loop.get_task_factory()
        self._loop.set_task_factory(self)

    def put_back(self) -> None:
        """Have the loop make its tasks as before, unless somebody has changed that; it may be repeated."""
        if self._loop.get_task_factory() is self:
            self._loop.set_task_factory(self._found)

    def __call__(self, loop: Any, coro: Any, **more: Any) -> Any:
        import asyncio

        pause = self._drives()
        if pause is not None and isawaitable(coro):
            coro = _drive(coro, pause)
        if self._found is not None:
            return self._found(loop, coro, **more)
        return asyncio.Task(coro, loop=loop, **more)


async def _drive(awaited: Any, pause: Callable[[], Awaitable[None] | None]) -> Any:
    return await Driven(awaited, pause)

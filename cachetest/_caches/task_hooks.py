"""The hooks that keep the lines which hand something to an event loop: tasks, callbacks and timers.

These copy the context of whoever makes them, and so belong to a scope without any hook. But where the
function is a library's own, no line of the program is on its stack when it runs. And what a task does is told
apart from what others do beside it on the same thread.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from .._recording.call_sites import TaskName, made_here, this_thread
from .._recording.makers import remember_made, remember_name
from .._recording.packages import NO_LIBRARIES
from .scope import marked

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from .._recording.makers import Made

__all__ = ["LOOP_HOOKS"]


def _wrap_create_task(create_task: Callable[..., Any]) -> Callable[..., Any]:
    def keeping_create_task(self: Any, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        name = _name_of_task(self, frame)
        if name is None:
            task = create_task(self, *args, **kwargs)
        else:
            before = None
            try:
                before = this_thread.tell_apart(name)
                task = create_task(self, *args, **kwargs)
            finally:
                this_thread.tell_apart(before)
            remember_name(task, name)
        _keep(task, frame)
        if self._debug:
            _take_out_own_lines(task)
        return task

    return keeping_create_task


def _name_of_task(loop: Any, frame: FrameType) -> TaskName | None:
    """Return what the operations of a task are logged with that is made for *loop* in *frame*.

    None where it is as if the thread did them: what a loop is run for, which has no other beside it yet.
    """
    asyncio: Any = sys.modules["asyncio"]
    if asyncio._get_running_loop() is not loop:
        return None
    maker = this_thread.name
    if _waits_for_it(frame):
        # Some releases of Python make a task of it, and others none.
        return maker if isinstance(maker, TaskName) else None
    return TaskName(maker)


def _waits_for_it(frame: FrameType) -> bool:
    """Return whether the task made by who called *frame*, a hook, is one that its maker only waits for."""
    outer = frame.f_back
    while outer is not None and outer.f_globals.get("__name__") == "asyncio.tasks":
        if outer.f_code.co_name in ("shield", "wait_for"):
            return True
        outer = outer.f_back
    return False


def _wrap_call_soon(call_soon: Callable[..., Any]) -> Callable[..., Any]:
    def keeping_call_soon(self: Any, callback: Any, *args: Any, **kwargs: Any) -> Any:
        handle = call_soon(self, callback, *args, **kwargs)
        _keep_handle(handle, callback, self)
        return handle

    return keeping_call_soon


def _wrap_call_soon_threadsafe(call_soon: Callable[..., Any]) -> Callable[..., Any]:
    def keeping_call_soon_threadsafe(self: Any, callback: Any, *args: Any, **kwargs: Any) -> Any:
        # With the callback, since the loop may have run it before its handle is there to be remembered.
        handle = call_soon(self, _with_lines(callback, sys._getframe(1)), *args, **kwargs)
        if self._debug:
            _take_out_own_lines(handle)
        return handle

    return keeping_call_soon_threadsafe


def _with_lines(callback: Any, frame: FrameType) -> Any:
    lines = _lines(frame) if _may_be_a_library(callback) else ()
    if not lines:
        return callback

    @functools.wraps(callback)
    def bound(*args: Any) -> Any:
        # To be read from this frame, by `_recording.makers`.
        _made_by = lines
        return callback(*args)

    return bound


def _wrap_call_at(call_at: Callable[..., Any]) -> Callable[..., Any]:
    def keeping_call_at(self: Any, when: float, callback: Any, *args: Any, **kwargs: Any) -> Any:
        handle = call_at(self, when, callback, *args, **kwargs)
        _keep_handle(handle, callback, self)
        return handle

    return keeping_call_at


def _keep_handle(handle: Any, callback: Any, loop: Any) -> None:
    if _may_be_a_library(callback):
        _keep(handle, sys._getframe(2))
    if loop._debug:
        _take_out_own_lines(handle)


def _may_be_a_library(callback: Any) -> bool:
    # Each step of a task is a callback as well, of asyncio's or of no module; so are those of `shield`, which
    # redis-py calls for each pipeline. One of the module of tasks makes a task.
    module = getattr(callback, "__module__", None)
    if module == "asyncio.tasks":
        return str(callback.__qualname__).startswith("run_coroutine_threadsafe.")
    return module is not None and not module.startswith(_STEPS)


def _keep(made: Any, frame: FrameType) -> None:
    """Have the lines remembered that *frame* is in as it makes *made*, a task or a handle."""
    lines = _lines(frame)
    if lines:
        remember_made(made, lines)


def _lines(frame: FrameType) -> Made:
    scope = marked()
    return made_here(frame, NO_LIBRARIES if scope is None else scope.log_outside)


def _take_out_own_lines(made: Any) -> None:
    """Take out of what a loop in debug mode tells of *made* that it went through here."""
    trace = getattr(made, "_source_traceback", None)
    while trace and trace[-1].filename.startswith(_OWN_FOLDER):
        del trace[-1]


_STEPS = ("asyncio.futures", "asyncio.base_events", "asyncio.selector_events", "asyncio.timeouts", "_asyncio")
_OWN_FOLDER = _keep.__code__.co_filename.removesuffix("task_hooks.py")
LOOP_HOOKS = {
    "create_task": _wrap_create_task,
    "call_soon": _wrap_call_soon,
    "call_soon_threadsafe": _wrap_call_soon_threadsafe,
    "call_at": _wrap_call_at,
}
"""The methods of ``asyncio.base_events.BaseEventLoop`` to hook, each with what wraps it."""

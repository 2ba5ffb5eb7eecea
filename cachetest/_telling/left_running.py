"""The lines that name what a test has left running when its patches were taken off."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from .._recording.call_sites import calling_frame, location_of
from .._recording.thread_frames import thread_frames

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

__all__ = ["describe_left_running", "describe_running"]


class Work(Protocol):
    """A thread, or the function of a call, and by its id the thread that it runs on, if it has begun."""

    what: object
    thread: int | None


def describe_left_running(
    works: Iterable[Work], tasks: Iterable[Any], label: object, patience: float
) -> list[str]:
    """Return a line for each thread, call and task of the test *label*, with where it is now."""
    return [
        f"late: {each}, still runs {patience:g} s after {label} had ended, which started it; the patches of "
        "that test are held no longer"
        for each in describe_running(works, tasks)
    ]


def describe_running(works: Iterable[Work], tasks: Iterable[Any]) -> list[str]:
    """Return what each thread, call and task is, and where it is now."""
    frames = thread_frames()
    return [_thread_or_call(work, frames) for work in works] + [_task(task) for task in tasks]


def _thread_or_call(work: Work, frames: dict[int, FrameType]) -> str:
    what = work.what
    if isinstance(what, threading.Thread):
        return f"the thread {what.name!r}{_at(frames.get(what.ident or 0))}"
    at = ", which has not begun" if work.thread is None else _at(frames.get(work.thread))
    return f"the call of {_name_of(what)}{at}"


def _task(task: Any) -> str:
    stack = task.get_stack(limit=1)
    return f"the task {task.get_name()!r} of {_name_of(task.get_coro())}{_at(stack[0] if stack else None)}"


def _at(frame: FrameType | None) -> str:
    if frame is None:
        return ""
    found = calling_frame(frame)
    return f", at {location_of(found.f_code, found.f_lasti)}"


def _name_of(function: object) -> str:
    name = getattr(function, "__qualname__", None)
    return name if isinstance(name, str) else repr(function)

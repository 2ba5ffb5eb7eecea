"""The frames of callers, past the loop, pool or runner that runs it, to the line that made what is run.

A task, a job of a pool or a thread whose function is a library's own has no line of the program on its stack.
So the lines that made it are kept where it is made: those of a task here, those of work that is bound to a
scope by `bind_to_scope`, in its frame.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

__all__ = ["Made", "SavedFrame", "TestFrame", "frames", "remember_made", "remember_name", "task_names"]


class SavedFrame:
    """What is kept of a frame: its locals would else live as long as what it has made."""

    __slots__ = ("f_code", "f_globals", "f_lasti")

    def __init__(self, code: CodeType, instruction: int, module: str) -> None:
        self.f_code = code
        self.f_lasti = instruction
        self.f_globals = {"__name__": module}


class TestFrame(SavedFrame):
    """Stands for the test that a runner runs, where it has called a library's function by itself."""

    __slots__ = ()


Made = tuple[SavedFrame, ...]

_made: dict[int, tuple[ref[Any], Made]] = {}
task_names: dict[int, tuple[ref[Any], str]] = {}
"""The names that were given to tasks, by their ids, with what takes each out as its task goes."""


def remember_made(thing: Any, made: Made) -> None:
    """Keep *made* for *thing*, a task or a handle of asyncio, as long as that lives."""
    # By its id: handles compare their arguments, which are anybody's.
    at = id(thing)
    _made[at] = ref(thing, lambda _: _made.pop(at, None)), made


def remember_name(task: Any, name: str) -> None:
    """Keep *name* for *task* as long as that lives."""
    at = id(task)
    task_names[at] = ref(task, lambda _: task_names.pop(at, None)), name


def _made_of(thing: object) -> Made:
    known = _made.get(id(thing))
    return known[1] if known is not None and known[0]() is thing else ()


def _module_of(frame: FrameType) -> str:
    # Anything may stand there.
    return str(frame.f_globals.get("__name__"))


def frames(first: FrameType) -> Iterator[FrameType | SavedFrame]:
    """Give *first* and the frames that called it, and then those that made what these are part of."""
    frame: FrameType | None = first
    while frame is not None:
        makers = _MAKERS.get(frame.f_code.co_name)
        maker = None if makers is None else makers.get(_module_of(frame))
        made_by = None if maker is None else maker(frame)
        if made_by is not None:
            yield from made_by
            return
        yield frame
        frame = frame.f_back


def _of_bound(frame: FrameType) -> Made:
    return cast("Made", frame.f_locals["_made_by"])


def _of_loop(frame: FrameType) -> Made | None:
    """Return what made the task that runs, or the handle that *frame* runs.

    None before the loop runs, and for the task that the loop is run for: who runs it has made that.
    """
    asyncio: Any = sys.modules["asyncio"]
    if asyncio._get_running_loop() is None:
        return None
    task = asyncio.current_task()
    made = _made_of(frame.f_locals.get("self") if task is None else task)
    return None if not made and task is not None and _is_run_for(task) else made


def _is_run_for(task: object) -> bool:
    outer: FrameType | None = sys._getframe(1)
    while outer is not None:
        if outer.f_code.co_name == "run_until_complete" and _module_of(outer) == "asyncio.base_events":
            return outer.f_locals.get("future") is task
        outer = outer.f_back
    return False


def _of_nobody(frame: FrameType) -> Made:
    """Nothing: who has handed the work over is not known, and who has started the worker is not it."""
    return ()


def _of_test(frame: FrameType) -> Made:
    case = frame.f_locals.get("self")
    return _test(getattr(case, getattr(case, "_testMethodName", ""), None))


def _of_hook(frame: FrameType) -> Made:
    """Return the test that pytest runs, if any."""
    outer: FrameType | None = frame
    while outer is not None:
        if outer.f_code.co_name == "run" and _module_of(outer) == "unittest.case":
            return _of_test(outer)
        if outer.f_code.co_name == "runtestprotocol" and _module_of(outer) == "_pytest.runner":
            return _test(getattr(outer.f_locals.get("item"), "obj", None))
        outer = outer.f_back
    return ()


def _test(function: Any) -> Made:
    if not callable(function):
        return ()
    # Loaded here: few runners call a library's function.
    import inspect

    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    return () if code is None else (TestFrame(code, -1, str(function.__module__)),)


_CACHES = f"{__name__.partition('.')[0]}._caches"
# The functions that run what somebody else has made, by their names and modules: what is outside of one of
# these is not the caller. `RUNNING_MODULES` has the same modules.
_MAKERS: dict[str, dict[str, Callable[[FrameType], Made | None]]] = {
    "act_as": {f"{__name__.partition('.')[0]}._sharing.as_child": _of_bound},
    "_run": {"asyncio.events": _of_loop},
    "_multicall": {"pluggy._callers": _of_hook},
    "bound": {
        f"{_CACHES}.attribution": _of_bound,
        f"{_CACHES}.task_hooks": _of_bound,
    },
    "debug": {"unittest.case": _of_test},
    "run": {
        "asyncio.runners": _of_loop,
        "concurrent.futures.thread": _of_nobody,
        "unittest.case": _of_test,
        "unittest.suite": _of_nobody,
    },
    "run_forever": {"asyncio.base_events": _of_loop},
    "worker": {"multiprocessing.pool": _of_nobody},
}

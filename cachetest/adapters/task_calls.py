"""Whose a call of an asyncio client is that a task from before makes: it is decided for all of it."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from inspect import CO_COROUTINE
from time import sleep
from types import CoroutineType
from typing import TYPE_CHECKING, Any
from weakref import ref

from .._caches.running import all_tasks
from .._recording.patience import Patience
from .._sharing.joined import is_in_parents_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["TaskCalls"]

_UNDECIDED = object()
# In seconds; what a call waits for is there already, but its thread may be short of time.
_CALL_PATIENCE = 1.0
_LOOP_PATIENCE = 5.0


class TaskCalls:
    """The calls of *package* by tasks that no scope has marked, each by its outermost coroutine."""

    def __init__(self, package: str) -> None:
        self._package = package
        # The latest call of each task, by its id, and what it is for. None stands for the real thing.
        self._latest: dict[int, tuple[ref[Any], FrameType, Any]] = {}
        # The loops whose tasks may be in a call of before: that is seen by themselves alone.
        self._unseen: set[Any] = set()
        # What loops stand still for, if any do.
        self._standing: object | None = None

    def begin(self) -> None:
        """Forget the calls of before, and let loops go on."""
        self._latest.clear()
        self._unseen = set()
        self._standing = None

    def look(self) -> None:
        """Take those that have begun for calls of the real thing."""
        if is_in_parents_test():
            # They came to the patch being made, in a child process.
            return
        here = _running_loop()
        unseen = self._unseen = {task.get_loop() for task in all_tasks() if not task.done()}
        if here in unseen:
            around = self.around(sys._getframe())
            if around is not None:
                self._note(_current_task(), around, None)
            self._see(unseen, here)
        for loop in list(unseen):
            # It is executed between two steps of its tasks; until then none of them is in a new call.
            _call_on(loop, partial(self._see, unseen, loop))

    def _see(self, unseen: set[Any], loop: Any) -> None:
        """Note the calls that the tasks of *loop*, which runs on this thread, are suspended in."""
        if unseen is not self._unseen or loop not in unseen:
            return
        for task in all_tasks():
            frame = next(self._frames_of(task), None) if task.get_loop() is loop else None
            if frame is not None and id(task) not in self._latest:
                self._note(task, frame, None)
        unseen.discard(loop)

    def find(self, called: Any, frame: FrameType, decide: Callable[[], Any]) -> Any:
        """Return what the call is for that *frame* is the outermost coroutine of; *decide* if it begins.

        *called* is the object that it uses just now.
        """
        task = _current_task()
        if task is None:
            return decide()
        latest = self._latest.get(id(task))
        if latest is not None and latest[0]() is task and latest[1] is frame:
            return latest[2]
        # That it is being decided has to be known before it is: `wait` looks for it.
        self._note(task, frame, _UNDECIDED)
        found = None
        try:
            made_in = self._call_around(called, task, frame)
            if made_in is not None:
                found = made_in[2]
            elif task.get_loop() not in self._unseen:
                found = decide()
        finally:
            self._note(task, frame, found)
        return found

    def _note(self, task: Any, frame: FrameType, found: Any) -> None:
        at, latest = id(task), self._latest
        latest[at] = ref(task, lambda _: latest.pop(at, None)), frame, found

    def _call_around(self, called: Any, made: Any, frame: FrameType) -> tuple[Any, FrameType, Any] | None:
        """Return the call that waits for the task *made*, which *frame*, a method of *called*, is of."""
        # Before Python 3.12, `asyncio.wait_for` makes one.
        if frame.f_locals.get("self") is not called:
            return None
        for task in all_tasks():
            frames = [] if task.done() or task is made else list(self._frames_of(task))
            if any(each.f_locals.get("self") is called for each in frames):
                latest = self._latest.get(id(task))
                # Without one it is a call of before.
                return latest if latest is not None and latest[1] is frames[0] else (task, frames[0], None)
        return None

    def around(self, first: FrameType) -> FrameType | None:
        """Return the outermost coroutine that *first* is in, if a function of the package begins with one."""
        return None if _running_loop() is None else self._outermost(first)

    def _outermost(self, first: FrameType | None) -> FrameType | None:
        found, frame = None, first
        while frame is not None:
            if self._is_in(frame):
                found = frame
            frame = frame.f_back
        return found if found is not None and found.f_code.co_flags & CO_COROUTINE else None

    def _is_in(self, frame: FrameType) -> bool:
        module = frame.f_globals.get("__name__")
        return isinstance(module, str) and module.partition(".")[0] == self._package

    def _frames_of(self, task: Any) -> Iterator[FrameType]:
        """Give the coroutines of the package that *task* is suspended in, the outermost first."""
        found = task.get_coro()
        while found is not None:
            frame = getattr(found, "cr_frame", None)
            if frame is not None and self._is_in(frame):
                yield frame
            # Before Python 3.13, what a running coroutine awaits may be anything in memory. No other thread
            # comes in between these two. (test_task_calls)
            found = found.cr_await if isinstance(found, CoroutineType) and not found.cr_running else None

    def of_scopes(self) -> list[tuple[Any, Any]]:
        """Return the tasks in a call that is for a scope, each with what it is for."""
        found = [(latest[0](), latest[1], latest[2]) for latest in list(self._latest.values())]
        return [
            (task, call)
            for task, frame, call in found
            if task is not None and call is not None and not task.done() and frame in self._frames_of(task)
        ]

    def latest_of(self, task: Any) -> FrameType | None:
        """Return the outermost coroutine of the call that *task* is in, or was in last."""
        latest = self._latest.get(id(task))
        return None if latest is None else latest[1]

    def is_in_call(self, task: Any, call: FrameType | None, called: object) -> bool:
        """Return whether the caller is in *call*, of *task*, or in a method of *called* that it waits for."""
        frame = self.around(sys._getframe(1))
        if frame is None or frame is call:
            return frame is not None
        is_made_by = not task.done() and any(each is call for each in self._frames_of(task))
        return is_made_by and frame.f_locals.get("self") is called

    def uses(self, task: Any, called: object) -> bool:
        """Return whether the call that *task* is suspended in has called a method of *called*."""
        return any(each.f_locals.get("self") is called for each in self._frames_of(task))

    def wait(self) -> None:
        """Wait for the calls that are for scopes; a loop where some do not end stands still until `begin`.

        Apart from those of the caller's loop, which only go on when this returns.
        """
        here = _running_loop()
        calls, loops = Patience(_CALL_PATIENCE), Patience(_LOOP_PATIENCE)
        standing = self._standing = object()
        found = [latest[0]() for latest in list(self._latest.values()) if latest[2] is not None]
        for loop in {task.get_loop() for task in found if task is not None} - {here}:
            answers = [False]
            # A loop that does not run goes on with nothing.
            while loop.is_running() and not answers[-1] and not loops.is_over():
                asked = len(answers)
                _call_on(loop, partial(self._answer, loop, answers, standing, calls))
                while len(answers) == asked and loop.is_running() and not loops.is_over():
                    sleep(0)

    def _answer(self, loop: Any, answers: list[bool], standing: object, calls: Patience) -> None:
        """Say that no call of *loop* is for a scope, or, once *calls* is over, that it stands still."""
        # It is executed between two steps of its tasks.
        left = any(task.get_loop() is loop for task, _ in self.of_scopes())
        answers.append(not left or calls.is_over())
        patience = Patience(_LOOP_PATIENCE)
        while left and answers[-1] and self._standing is standing and not patience.is_over():
            sleep(0)


def _running_loop() -> Any:
    """Return the loop of asyncio that runs on the calling thread, if any does."""
    asyncio: Any = sys.modules.get("asyncio")
    return None if asyncio is None else asyncio._get_running_loop()


def _current_task() -> Any:
    asyncio: Any = sys.modules["asyncio"]
    return asyncio.current_task()


def _call_on(loop: Any, function: Callable[[], object]) -> None:
    # It may be closed.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function)

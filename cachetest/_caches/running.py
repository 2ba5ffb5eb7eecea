"""The work that scopes have started, and that may still run: threads, jobs of pools, callbacks, and tasks."""

from __future__ import annotations

import gc
import sys
import threading
from contextvars import Context
from typing import TYPE_CHECKING, Any, Protocol
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["MARK", "TASKS", "Work", "all_tasks", "is_running", "tasks_of", "works_of"]

TASKS = ("_all_tasks", "_scheduled_tasks", "_eager_tasks")
"""Where ``asyncio.tasks`` has those of all loops; from Python 3.14 on, none that are written in C."""

MARK = "cachetest.mark"
"""The name of the variable that has the scope of a context."""

# A task of unittest itself, in Python 3.10: it ends with the test.
_RUNNER = "IsolatedAsyncioTestCase._asyncioLoopRunner"


class Owner(Protocol):
    """A scope, as far as it matters here."""

    closed: bool
    running: dict[int, ref[Work]] | None
    when_ended: Callable[[bool], None] | None

    def lineage(self) -> Sequence[Owner]: ...


class Work:
    """Something that a scope has started, until it has ended, or can't begin any more.

    ``what`` is a thread, or the function of a job. It is known by reference alone: a job that was cancelled
    is let go of by its pool, and has ended by that.
    """

    __slots__ = ("__weakref__", "_key", "_owners", "thread", "what")

    def __init__(self, scope: Owner, what: object) -> None:
        self.what = what
        self.thread: int | None = None
        self._owners = scope.lineage()
        self._key = id(self)
        key, owners = self._key, self._owners
        found = ref(self, lambda _: _end(owners, key, at_once=False))
        for owner in owners:
            if owner.running is None:
                # setdefault is atomic: two threads may start something at once.
                owner.running = vars(owner).setdefault("running", {})
            owner.running[key] = found

    def begin(self) -> None:
        """Note that it runs, on the calling thread."""
        self.thread = threading.get_ident()

    def end(self) -> None:
        """Note that it has ended."""
        _end(self._owners, self._key, at_once=True)


def _end(owners: Iterable[Owner], key: int, *, at_once: bool) -> None:
    for owner in owners:
        running = owner.running
        if running is not None:
            running.pop(key, None)
        if owner.closed and not running and owner.when_ended is not None:
            owner.when_ended(at_once)


def is_running(scope: Owner) -> bool:
    """Return whether anything that *scope* has started may still run."""
    return bool(scope.running) or bool(tasks_of(scope))


def works_of(scope: Owner) -> list[Work]:
    """Return the threads and jobs of *scope* that have not ended."""
    found = [each() for each in list((scope.running or {}).values())]
    return [work for work in found if work is not None]


def tasks_of(scope: Owner) -> list[Any]:
    """Return the tasks of asyncio, of any loop, that *scope* has made and that are not done."""
    return [task for task in all_tasks() if not task.done() and _is_of(task, scope)]


def all_tasks() -> list[Any]:
    module: Any = sys.modules.get("asyncio.tasks")
    if module is None:
        return []
    found: list[Any] = []
    for name in TASKS:
        registered = getattr(module, name, None)
        # Emptiness is all that nearly every test asks for.
        if registered:
            found += _copied(registered)
    if sys.version_info >= (3, 14):
        loop = module.events._get_running_loop()
        found += [] if loop is None else module.all_tasks(loop)
    return found


def _copied(registered: Iterable[Any]) -> list[Any]:
    while True:
        try:
            return list(registered)
        except RuntimeError:
            # Another thread has made a task meanwhile.
            continue


def _is_of(task: Any, scope: Owner) -> bool:
    if getattr(task.get_coro(), "__qualname__", "") == _RUNNER:
        return False
    context = _context_of(task)
    found: Any = (
        None
        if context is None
        else next((value for variable, value in context.items() if variable.name == MARK), None)
    )
    return found is not None and scope in found.lineage()


def _context_of(task: Any) -> Context | None:
    if hasattr(task, "get_context"):
        found: Context = task.get_context()
        return found
    # Until Python 3.11 nothing else tells.
    return next((each for each in gc.get_referents(task) if isinstance(each, Context)), None)

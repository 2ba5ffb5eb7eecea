"""Patches that outlive their scope: held while what it has started still runs, and would reach real stores.

They are taken off when the last of that has ended, on the thread where it ends. One thread waits for the
others' time to be over, as long as any patches are held; nobody waits for it.
"""

from __future__ import annotations

import _thread
import sys
import threading
from contextlib import suppress
from os import getpid
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .._caches.running import is_running, tasks_of, works_of
from .._caches.scope import close_scope
from .._recording.locks import make_lock
from .._recording.uncounted import add_left_running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._caches.scope import Scope
    from ..adapters.base import Adapter

__all__ = ["LatePatches", "held", "wait_for_held"]


class LatePatches:
    """The patches of *scope*, which has closed, for *patience* seconds at most."""

    is_over = False

    def __init__(
        self,
        scope: Scope,
        adapters: Sequence[Adapter],
        patience: float,
        acquire: Callable[[Adapter, object], None],
        release: Callable[[Adapter, object, list[str]], object],
        take_hooks_out: Callable[[], None],
    ) -> None:
        """Take what `hold` is to hold; *take_hooks_out* is called when nothing needs the hooks any more.

        *acquire* holds the patches of an adapter for an object, and *release* lets them go.
        """
        self.scope = scope
        self._acquire, self._release = acquire, release
        self._take_hooks_out = take_hooks_out
        self.adapters = adapters
        self.patience = patience
        self.deadline = monotonic() + patience

    def hold(self) -> None:
        """Hold them from now on; it may be repeated, and does nothing once they were taken off."""
        if self.is_over:
            return
        if not self.patience:
            self.expire()
            return
        for adapter in self.adapters:
            self._acquire(adapter, self)
        with _lock:
            if self not in held:
                held.append(self)
            self.scope.when_ended = self.end_if_over
            _see_to_keeper()
        for task in tasks_of(self.scope):
            self._watch(task)
        # The last may have ended before it could tell.
        self.end_if_over(True)

    def end_if_over(self, at_once: bool) -> None:
        """Take them off where nothing runs any more: *at_once*, or by the thread that waits."""
        if not at_once:
            _wake()
        elif not is_running(self.scope):
            self.end()

    def end(self) -> None:
        """Take them off; harmless when that was done."""
        self.scope.when_ended = None
        problems: list[str] = []
        for adapter in self.adapters[::-1]:
            try:
                self._release(adapter, self, problems)
            except Exception as error:
                problems.append(f"undoing the patches of {adapter!r} raised {type(error).__name__}: {error}")
                # Finish what was begun; that it fails again is no news.
                with suppress(Exception):
                    self._release(adapter, self, problems)
        with _lock:
            if self in held:
                held.remove(self)
        self.is_over = True
        self.let_hooks_go()
        for problem in problems:
            _tell(f"late: {problem}, after {self.scope.label} had ended")

    def let_hooks_go(self) -> None:
        """Take the thread hooks out, unless a scope is open or patches are held."""
        if not held:
            close_scope(self.scope, self._take_hooks_out)

    def expire(self) -> None:
        """Take them off though something still runs, and have the next test to end name that."""
        from .._telling.left_running import describe_left_running

        for line in describe_left_running(
            works_of(self.scope), tasks_of(self.scope), self.scope.label, self.patience
        ):
            _tell(line)
        self.end()

    def _watch(self, task: Any) -> None:
        loop = task.get_loop()

        def done(_: object) -> None:
            # It may have made others.
            for other in tasks_of(self.scope):
                self._watch(other)
            self.end_if_over(True)

        # Of a loop that is closed no task goes on.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(task.add_done_callback, done)


_lock = make_lock()
held: list[LatePatches] = []
"""Those that are held just now."""

# The process whose thread waits; a child that was forked has none of it.
_keeper: int | None = None
_woken: Any = None


def _tell(line: str) -> None:
    from .._telling.uncounted_lines import tell_at_exit

    add_left_running(line)
    tell_at_exit()


def wait_for_held() -> None:
    """Return once nothing is held, at the latest when the patience of whatever holds it is over."""
    while held:
        sleep(0.0005)


def _see_to_keeper() -> None:
    global _keeper, _woken
    if _keeper == getpid():
        _wake()
        return
    _woken = threading.Event()
    _keeper = getpid()
    # Not by Thread, whose start is hooked, and which would be waited for as the process exits.
    with suppress(RuntimeError):
        _thread.start_new_thread(_keep, ())


def _wake() -> None:
    if _woken is not None:
        _woken.set()


def _keep() -> None:
    if threading.gettrace() is not None:
        # As `threading` does for its own: what is called here may be of the program.
        sys.settrace(threading.gettrace())
    _take_off_in_time()


def _take_off_in_time() -> None:
    global _keeper
    while True:
        now = monotonic()
        for each in tuple(held):
            if not is_running(each.scope):
                each.end()
            elif each.deadline <= now:
                each.expire()
        with _lock:
            if not held:
                _keeper = None
                return
            wait = min(each.deadline for each in held) - monotonic()
        if wait > 0:
            _woken.wait(wait)
            _woken.clear()

"""The scope of a test: its caches, the thread or task that opens it, and its place among the others."""

from __future__ import annotations

import sys
import threading
from contextvars import ContextVar
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from weakref import ref

from .._recording.uncounted import UncountedOperation, add_uncounted
from .caches import MockCaches

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from .._behaving.gate import Behaviour
    from .._recording.operation import Operation
    from .cache import Explainer, MockCache

__all__ = [
    "Scope",
    "ThreadOrTask",
    "close_scope",
    "current_thread_or_task",
    "last_seen",
    "lines_left",
    "mark",
    "marked",
    "newest_scope",
    "note_uncounted",
    "open_scope",
    "open_scopes",
    "spawned_by",
    "unassigned",
]


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


_this_thread = _ThisThread()


def current_thread_or_task() -> ThreadOrTask:
    """Return that of the caller."""
    # asyncio is not imported for this: where it was not, or just is being, no task runs.
    module: Any = sys.modules.get("asyncio")
    running = getattr(module, "_get_running_loop", None)
    if running is None or running() is None:
        return _this_thread.value
    task = module.current_task()
    return _this_thread.value if task is None else ThreadOrTask(threading.get_ident(), ref(task))


# The scope that a context is marked with. `open_scope` sets it; tasks copy it, and `thread_hooks` hands it on
# to threads and pools. Without it a thread's operations would belong to whichever test runs alone.
mark: ContextVar[Scope | None] = ContextVar("cachetest.mark", default=None)
# A method of what is imported would be looked up and bound at each call.
marked = mark.get
# Who started the thread that a mark was handed to: it stands for all that this thread or task does. None
# where the mark is of this very context.
spawned_by: ContextVar[ThreadOrTask | None] = ContextVar("cachetest.spawned_by", default=None)
# What global_stats shows where no mark is: the scope that this context was in last.
last_seen: ContextVar[Scope | None] = ContextVar("cachetest.last_seen", default=None)

# Held while scopes open and close, never while code of a user runs. An operation takes no lock at all: it
# reads `_open`, which is replaced and not changed. No block that holds a lock has a comprehension in it, here
# or in another module: where CPython inlines one, from 3.12 on, an interrupt in its loop may skip __exit__.
_lock = threading.RLock()
_open: tuple[Scope, ...] = ()
_newest: Scope | None = None


class Scope:
    """The caches of one test or ``with`` block, and its place among the others.

    ``label`` names it in messages, by its ``str()``; ``parent`` is the scope around it, of the same test.
    ``previous`` is the mark that its context had, and ``previous_spawned_by`` whose that was, if handed to
    it. ``entered_by`` is whatever its opener will look for it by.
    """

    closed = False
    parent: Scope | None = None
    opener: ThreadOrTask | None = None
    previous: Scope | None = None
    previous_spawned_by: ThreadOrTask | None = None
    entered_by: object = None

    # Whether it is open, no other is open inside it, and nothing is in force: an operation that is marked
    # with it then belongs to it, and nothing else is to be asked. Anything in force clears it, so that the
    # fast path has no check for that.
    is_innermost = False

    _caches: MockCaches | None = None
    _has_inner = False
    _in_force: tuple[Behaviour, ...] = ()

    def __init__(
        self,
        label: object,
        names: Iterable[str] = (),
        adapter_for: Callable[[str], str | None] | None = None,
        *,
        whole_test: bool = False,
        log_length: int | None = None,
        explainer_of: Callable[[str], Explainer | None] | None = None,
    ) -> None:
        """Make a scope that is not open yet; the rest is as for `MockCaches`.

        That of a *whole_test* is inside another in the same context only: a runner that hands tests to
        threads while one runs would else have them inside that one.
        """
        self.label = label
        self.whole_test = whole_test
        self.by_name: dict[str, MockCache] = {}
        # What adapters know of objects of the program, by id, each with a weak reference: ids are used again.
        self.remembered: dict[int, tuple[ref[Any], Any]] = {}
        self._options = names, adapter_for, lines_left, log_length, explainer_of
        if whole_test:
            # A test case has them as an attribute, so they are made in any case.
            self._caches = MockCaches(
                names, adapter_for, lines_left, log_length, explainer_of, by_name=self.by_name
            )

    @property
    def caches(self) -> MockCaches:
        """The caches, by name."""
        found = self._caches
        if found is None:
            with _lock:
                # Two threads that are first at once share one, and one sequence of numbers.
                if self._caches is None:
                    self._caches = MockCaches(*self._options, by_name=self.by_name)
                found = self._caches
        return found

    @property
    def test(self) -> Scope:
        """The scope that is the same for all scopes of one test, its blocks on other threads included."""
        around = self.parent if self.opener is not None else self.around()
        return self if around is None else around.test

    @property
    def late(self) -> MockCaches:
        """The caches that late operations read and write: they need some, but not what a report has shown."""
        made = MockCaches(observer=partial(note_uncounted, (), self))
        return cast("MockCaches", vars(self).setdefault("_late", made))

    def around(self) -> Scope | None:
        """Return what would be the scope around it if it were opened now."""
        found = mark.get()
        if found is None or found.closed or (self.whole_test and spawned_by.get() is not None):
            return None
        return found

    def lineage(self) -> list[Scope]:
        """Return this scope, the one around it, and so on."""
        found: list[Scope] = []
        scope: Scope | None = self
        while scope is not None:
            found.append(scope)
            scope = scope.parent
        return found

    def put_in_force(self, *behaviours: Behaviour) -> None:
        """Have *behaviours*, the innermost last, and no others act before each call to its caches."""
        with _lock:
            self._in_force = behaviours
            self.caches._put_in_force(behaviours)
            self._update()

    def _update(self) -> None:
        self.is_innermost = not (self.closed or self._has_inner or self._in_force)

    def __repr__(self) -> str:
        return f"<{'closed' if self.closed else 'open'} scope of {self.label}>"


def lines_left() -> list[str]:
    """Return the lines that end a report: the operations that no test counted."""
    # Loaded here: only a report needs it.
    from .._telling.uncounted_lines import left_lines

    return left_lines()


def note_uncounted(suspects: tuple[Scope, ...], ended: Scope | None, operation: Operation) -> None:
    """Keep *operation* until it is told of; *suspects* and *ended* are as for `UncountedOperation`."""
    add_uncounted(UncountedOperation(operation, suspects, ended))
    if not suspects:
        from .._telling.uncounted_lines import tell_at_exit

        tell_at_exit()


# Where operations outside any scope read and write.
unassigned = MockCaches(observer=partial(note_uncounted, (), None))
_unassigned_by_name = unassigned.by_name()


def open_scopes() -> tuple[Scope, ...]:
    """Return the scopes that are open, in the order they were opened in."""
    return _open


def newest_scope() -> Scope | None:
    """Return the scope that was opened last, which may have closed since."""
    return _newest


def _nothing() -> None: ...


def open_scope(scope: Scope, put_hooks_in: Callable[[], None] = _nothing) -> None:
    """Make *scope* that of the calling context, inside the one it has; *put_hooks_in* is called before."""
    global _newest, _open
    scope.parent = scope.around()
    scope.opener = current_thread_or_task()
    if _unassigned_by_name and not _open:
        unassigned.reset()
    with _lock:
        put_hooks_in()
        _newest = scope
        # A scope that is innermost no longer, or not yet, has to be looked for.
        if scope.parent is not None:
            scope.parent._has_inner = True
            scope.parent.is_innermost = False
        _open = (*_open, scope)
        scope.is_innermost = not scope._in_force
        scope.previous = mark.get()
        scope.previous_spawned_by = spawned_by.get()
        # The mark first: by that close_scope tells whether there is anything to put back.
        mark.set(scope)
        if scope.previous_spawned_by is not None:
            spawned_by.set(None)


def close_scope(scope: Scope, take_hooks_out: Callable[[], None] = _nothing) -> None:
    """End *scope*, once: what comes now is late. *take_hooks_out* is called where no scope is left open."""
    global _open
    with _lock:
        scope.closed = True
        scope.is_innermost = False
        if scope in _open:
            at = _open.index(scope)
            _open = _open[:at] + _open[at + 1 :]
        if not _open:
            take_hooks_out()
        parent = scope.parent
        if parent is not None and not parent.closed:
            parent._has_inner = any(other.parent is parent for other in _open)
            parent._update()
        # The context may be another one than that which opened, and then the mark is not ours to take.
        if mark.get() is not scope:
            return
        # The mark last, for the same reason.
        if scope.parent is None:
            last_seen.set(scope)
            if scope.previous_spawned_by is not None:
                spawned_by.set(scope.previous_spawned_by)
            mark.set(scope.previous)
        else:
            _mark_with_outer(scope)


def _mark_with_outer(scope: Scope) -> None:
    """Mark the context, which *scope* is leaving, with the innermost scope around it that is open."""
    lineage = scope.lineage()
    left = list(takewhile(lambda outer: outer.closed, lineage))
    # A thread that was late before is late again, and a runner's thread back in the runner's test.
    around = lineage[len(left)] if len(left) < len(lineage) else left[-1].previous
    # Those inside which it was opened may have been left before it.
    spawned = next((each.previous_spawned_by for each in left if each.previous_spawned_by is not None), None)
    last_seen.set(around or scope)
    spawned_by.set(spawned)
    mark.set(around)

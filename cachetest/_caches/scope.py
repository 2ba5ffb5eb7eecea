"""The scope of a test: its caches, the thread or task that opens it, and its place among the others."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any
from weakref import ref

from .._behaving.clock import moved
from .._recording.locks import make_lock
from .._recording.packages import NO_LIBRARIES
from .caches import MockCaches
from .inherited import Inheritance
from .open_order import Placed, begin_clock, open_among, without
from .running import MARK
from .threads import ThreadOrTask, current_thread_or_task, this_thread
from .uncounted_notes import lines_left, note_uncounted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .cache import Explainer, MockCache
    from .running import Work

__all__ = [
    "Scope",
    "close_scope",
    "last_seen",
    "lines_left",
    "mark",
    "marked",
    "newest_scope",
    "note_uncounted",
    "open_scope",
    "open_scopes",
    "rest_scope",
    "spawned_by",
    "unassigned",
]

# The scope that a context is marked with. `open_scope` sets it, tasks copy it, and `thread_hooks` hand it on.
# Without it a thread's operations would belong to whichever test runs alone.
mark: ContextVar[Scope | None] = ContextVar(MARK, default=None)
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
_lock = make_lock(4)
_open: tuple[Scope, ...] = ()
# Those that somebody has entered, and those of classes and modules that nobody is in just now.
_entered: tuple[Scope, ...] = ()
_resting: tuple[Scope, ...] = ()
_newest: Scope | None = None


class Scope(Placed):
    """The caches of one test or ``with`` block, and its place among the others.

    ``label`` names it in messages, by its ``str()``; ``parent`` is the scope around it, of the same test.
    ``previous`` is the mark that its context had, and ``previous_spawned_by`` whose that was, if handed to
    it. ``entered_by`` is whatever its opener will look for it by. ``origin`` is the scope whose entries it
    begins with, of the class or the module: a lasting one, which may rest, and is closed by nothing else.
    """

    # Each operation reads these two: vars() of an object makes its other attributes slow to read.
    __slots__ = ("by_name", "is_innermost")
    by_name: dict[str, MockCache]
    # Whether it is open, no other is open inside it, and nothing is in force: an operation marked with it is
    # its own then. What is in force, and `log_outside`, clear it: so the fast path has no check for them.
    is_innermost: bool
    closed = False
    is_resting = False
    parent: Scope | None = None
    origin: Scope | None
    opener: ThreadOrTask | None = None
    previous: Scope | None = None
    previous_spawned_by: ThreadOrTask | None = None
    entered_by: object = None
    # The stay in it that has patched for it, and has adapters.
    session: Any = None
    # The switches that its opener has turned for it, several at once.
    turned: Sequence[tuple[Sequence[Any], bool]] = ()
    # What it has started and may still run, by id.
    running: dict[int, ref[Work]] | None = None
    # Told when all that it has started has ended, after it was closed; with True where that may act at once.
    when_ended: Callable[[bool], None] | None = None

    # Whether something is in force over its caches.
    is_acted_on = False
    _caches: MockCaches | None = None
    _late: MockCaches | None = None
    _inherit: Callable[[MockCache], None] | None = None
    _has_inner = False

    def __init__(
        self,
        label: object,
        names: Iterable[str] = (),
        adapter_for: Callable[[str], str | None] | None = None,
        *,
        whole_test: bool = False,
        is_lasting: bool = False,
        origin: Scope | None = None,
        log_length: int | None = None,
        log_outside: frozenset[str] = NO_LIBRARIES,
        explainer_of: Callable[[str], Explainer | None] | None = None,
    ) -> None:
        """Make a scope that is not open yet; the rest is as for `MockCaches`.

        That of a *whole_test* is inside another in the same context only: a runner that hands tests to
        threads while one runs would else have them inside that one.
        """
        self.label = label
        self.whole_test = whole_test
        self.is_lasting = is_lasting
        self.origin = origin
        self.is_innermost = False
        self.by_name = {}
        # What adapters know of objects of the program, by id, each with a weak reference: ids are used again.
        self.remembered: dict[int, tuple[ref[Any], Any]] = {}
        if origin is not None:
            inheritance = Inheritance([each.by_name for each in origin.origins()])
            self._inherit = inheritance.begin
            names = (*names, *inheritance.names())
        self.log_outside = log_outside
        self._options = names, adapter_for, lines_left, log_length, explainer_of

    @property
    def caches(self) -> MockCaches:
        """The caches, by name."""
        found = self._caches
        if found is None:
            # Who is first at once shares one, and one sequence of numbers: another thread, or the end of what
            # is collected as garbage while they are made here.
            found = vars(self).setdefault("_caches", self._make_caches())
        return found

    def _make_caches(self) -> MockCaches:
        own: dict[str, Any] = {"by_name": self.by_name, "inherit": self._inherit}
        return MockCaches(*self._options, log_outside=self.log_outside, scope=ref(self), **own)

    @property
    def test(self) -> Scope:
        """The scope that all scopes of one test have, its blocks on other threads included."""
        around = self.parent if self.opener is not None else self.around()
        return self if around is None or around.is_lasting else around.test

    @property
    def late(self) -> MockCaches:
        """The caches that late operations read and write: they need some, but not what a report has shown."""
        found = self._late
        # Asked first: each operation of a child process comes this way.
        if found is None:
            found = vars(self).setdefault("_late", MockCaches(observer=partial(note_uncounted, (), self)))
        return found

    def around(self) -> Scope | None:
        """Return what would be the scope around it if it were opened now."""
        found = mark.get()
        if found is None or found.closed or (self.whole_test and spawned_by.get() is not None):
            return None
        return found

    def change_in_force(self, put: Callable[[], None]) -> None:
        with _lock:
            put()
            self._update()

    def _update(self) -> None:
        self.is_acted_on = bool(self._caches is not None and self._caches._in_force)
        self.is_innermost = not (self.closed or self._has_inner or self.is_acted_on or self.log_outside)

    def __repr__(self) -> str:
        return f"<{'closed' if self.closed else 'open'} scope of {self.label}>"


# Where operations outside any scope are.
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
    """Make *scope* that of the calling context, inside the one it has; *put_hooks_in* is called before.

    One that rests is entered again.
    """
    global _newest, _open, _entered, _resting
    scope.parent = scope.around()
    # A call less, where no task is running: each test is opened.
    running = getattr(sys.modules.get("asyncio"), "_get_running_loop", None)
    here = this_thread.value if running is None or running() is None else current_thread_or_task()
    scope.opener = here
    if moved:
        begin_clock(scope)
    if _unassigned_by_name and not _open:
        unassigned.reset()
    with _lock:
        put_hooks_in()
        _newest = scope
        # A scope that is innermost no longer, or not yet, has to be looked for.
        if scope.parent is not None:
            scope.parent._has_inner = True
            scope.parent.is_innermost = False
        _entered = (*_entered, scope)
        if _resting:
            _resting = without(_resting, scope)
        _open = open_among(_entered, _resting) if _resting else _entered
        scope.is_resting, scope.is_innermost = False, not (scope.log_outside or scope.is_acted_on)
        scope.previous = mark.get()
        scope.previous_spawned_by = spawned_by.get()
        # The mark first: by that close_scope tells whether there is anything to put back.
        mark.set(scope)
        if scope.previous_spawned_by is not None:
            spawned_by.set(None)


def rest_scope(scope: Scope, *, withdrawn: bool = False) -> None:
    """Leave *scope*, which is lasting, without closing it; *withdrawn*, it counts for nobody meanwhile."""
    global _open, _entered, _resting
    with _lock:
        _entered = without(_entered, scope)
        if not scope.closed:
            _resting = (*without(_resting, scope), *(() if withdrawn else (scope,)))
            scope.is_resting, scope.is_innermost = True, False
        _open = open_among(_entered, _resting)
        _take_mark(scope)


def close_scope(scope: Scope, take_hooks_out: Callable[[], None] = _nothing) -> None:
    """End *scope*: what comes now is late. *take_hooks_out* is called where no scope is left open.

    It may be repeated, and then only does the latter.
    """
    global _open, _entered, _resting
    with _lock:
        scope.closed = True
        scope.is_resting = scope.is_innermost = False
        if scope in _entered:
            _entered = _entered[: (at := _entered.index(scope))] + _entered[at + 1 :]
        if _resting:
            _resting = without(_resting, scope)
        _open = open_among(_entered, _resting) if _resting else _entered
        _take_mark(scope)
        if not _open:
            take_hooks_out()


def _take_mark(scope: Scope) -> None:
    """Mark the context with what is around *scope*, which it is leaving."""
    parent = scope.parent
    if parent is not None and not parent.closed:
        parent._has_inner = any(other.parent is parent for other in _entered)
        parent._update()
    # The context may be another one than that which opened, and then the mark is not ours to take.
    if mark.get() is not scope:
        return
    # The mark last, for the same reason.
    if parent is None:
        last_seen.set(scope)
        if scope.previous_spawned_by is not None:
            spawned_by.set(scope.previous_spawned_by)
        mark.set(scope.previous)
    else:
        _mark_with_outer(scope)


def _mark_with_outer(scope: Scope) -> None:
    """Mark the context, which *scope* is leaving, with the innermost scope around it that is open."""
    lineage = scope.lineage()
    left = [scope, *takewhile(lambda outer: outer.closed, lineage[1:])]
    # A thread that was late before is late again, and a runner's thread back in the runner's test.
    around = lineage[len(left)] if len(left) < len(lineage) else left[-1].previous
    # Those inside which it was opened may have been left before it.
    spawned = next((each.previous_spawned_by for each in left if each.previous_spawned_by is not None), None)
    last_seen.set(around or scope)
    spawned_by.set(spawned)
    mark.set(around)

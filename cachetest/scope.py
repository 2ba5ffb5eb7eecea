"""Which scope an operation belongs to, and what becomes of one that belongs to none.

An operation belongs to the scope that its context is marked with; `handoff` carries the mark to threads
and pools. Without a mark it belongs to the only test that is running. It is *unattributed* when several
are and it can't be told, and *late* when its scope has closed: neither is ever counted for another test.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO
from weakref import ref

from .caches import MockCache, MockCaches
from .strays import Stray, note, strays_left

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Iterator

    from .caches import Explainer
    from .operations import Operation

__all__ = [
    "GlobalStats",
    "Scope",
    "cache_for",
    "carry",
    "close_scope",
    "current_scope",
    "global_stats",
    "innermost_of",
    "open_scope",
    "owner",
    "while_open",
]


class Scope:
    """The caches of one test or ``with`` block, and its place among the others.

    ``label`` names it in messages, by its ``str()``; ``parent`` is the scope around it, of the same test.
    ``found`` is the mark that its context had, and ``found_carried`` whose that was, if handed to it.
    ``holder`` is whatever its opener will look for it by.
    """

    closed = False
    parent: Scope | None = None
    opener: Strand | None = None
    found: Scope | None = None
    found_carried: Strand | None = None
    holder: object = None

    # Whether it is open and no other is open inside it: what is marked with it then belongs to it, and
    # nothing else is to be asked.
    leaf = False

    def __init__(
        self,
        label: object,
        names: Iterable[str] = (),
        owners: Callable[[str], str | None] | None = None,
        *,
        whole_test: bool = False,
        log_length: int | None = None,
        explainer_of: Callable[[str], Explainer | None] | None = None,
    ) -> None:
        """Make a scope, not open yet; that of a *whole_test* is inside another in the same context only.

        A runner that hands tests to threads while one runs would else have them inside that one. The rest is
        as for `MockCaches`.
        """
        self.label = label
        self.whole_test = whole_test
        self.caches = MockCaches(names, owners, strays_left, log_length, explainer_of)
        self.by_name = self.caches.by_name()

    @property
    def test(self) -> Scope:
        """What is the same for all scopes of one test, its blocks on other threads included."""
        around = self.parent if self.opener is not None else self.around()
        return self if around is None else around.test

    @property
    def late(self) -> MockCaches:
        """What late operations read and write: they need something, but not what a report has shown."""
        # setdefault is atomic: two threads that are late at once share one.
        made: MockCaches = vars(self).setdefault("_late", MockCaches(observer=self._note_late))
        return made

    def around(self) -> Scope | None:
        """Return what would be the scope around it if it were opened now."""
        marked = _marker.get()
        if marked is None or marked.closed or (self.whole_test and _carried.get() is not None):
            return None
        return marked

    def lineage(self) -> list[Scope]:
        """Return this scope, the one around it, and so on."""
        found: list[Scope] = []
        scope: Scope | None = self
        while scope is not None:
            found.append(scope)
            scope = scope.parent
        return found

    def _note_late(self, operation: Operation) -> None:
        note(Stray(operation, (), self))

    def __repr__(self) -> str:
        return f"<{'closed' if self.closed else 'open'} scope of {self.label}>"


class Strand(NamedTuple):
    """What runs one thing after another: a thread, or one task of it.

    ``task`` is None outside any task.
    """

    thread: int
    task: ref[asyncio.Task[Any]] | None

    def runs_beside(self, other: Strand) -> bool:
        """Return whether *other* is of another thread, or of another task while this one's is not done."""
        if self.thread != other.thread:
            return True
        if self.task is None or other.task is None or self.task == other.task:
            return False
        task = self.task()
        return task is not None and not task.done()


def _strand() -> Strand:
    # Not imported for this: where it was not, or just is being, or where no loop runs, there is no task.
    module: Any = sys.modules.get("asyncio")
    running = getattr(module, "_get_running_loop", None)
    if running is None or running() is None:
        return _here.strand
    task = module.current_task()
    return _here.strand if task is None else Strand(threading.get_ident(), ref(task))


class _Here(threading.local):
    """The strand of a thread outside any task."""

    def __init__(self) -> None:
        self.strand = Strand(threading.get_ident(), None)


_here = _Here()


_marker: ContextVar[Scope | None] = ContextVar("cachetest.scope", default=None)
# A method of what is imported is looked up and bound at each call.
marked = _marker.get
# Whose the mark was, where it was handed to a thread: it stands for all that this strand does. None where it
# stands for this very context.
_carried: ContextVar[Strand | None] = ContextVar("cachetest.carried", default=None)
# What global_stats shows where no mark is: the scope that this context was in last.
_shown: ContextVar[Scope | None] = ContextVar("cachetest.shown", default=None)

# Held while scopes open and close, never while code of a user runs. An operation takes no lock at all: it
# reads `_open`, which is replaced and not changed. No block that holds a lock has a comprehension in it, here
# or in another module: where CPython inlines one, from 3.12 on, an interrupt in its loop may skip __exit__.
_lock = threading.RLock()
_open: tuple[Scope, ...] = ()
_last: Scope | None = None


def _no_hooks() -> None: ...


_put_hooks_in = _take_hooks_out = _no_hooks


def while_open(put_in: Callable[[], None], take_out: Callable[[], None]) -> None:
    """Have *put_in* called as each scope opens, and *take_out* when the last has closed.

    Either may be called again after it was interrupted, and one call is over before the next begins.
    """
    global _put_hooks_in, _take_hooks_out
    _put_hooks_in, _take_hooks_out = put_in, take_out


def open_scope(scope: Scope) -> None:
    """Make *scope* that of the calling context, inside the one it has, and of all that it starts."""
    global _last, _open
    scope.parent = scope.around()
    scope.opener = _strand()
    if _adrift_by_name and not _open:
        _adrift.reset()
    with _lock:
        _put_hooks_in()
        _last = scope
        # What is a leaf no longer, or not yet, has to be looked for: `owner` does, wherever this is not set.
        if scope.parent is not None:
            scope.parent.leaf = False
        _open = (*_open, scope)
        scope.leaf = True
        scope.found = _marker.get()
        scope.found_carried = _carried.get()
        # The mark first: by that close_scope tells whether there is anything to put back.
        _marker.set(scope)
        if scope.found_carried is not None:
            _carried.set(None)


def close_scope(scope: Scope) -> None:
    """End *scope*: what comes now is late. Closing again, or what never opened, changes nothing."""
    global _open
    with _lock:
        scope.closed = True
        scope.leaf = False
        if scope in _open:
            at = _open.index(scope)
            _open = _open[:at] + _open[at + 1 :]
        if not _open:
            _take_hooks_out()
        parent = scope.parent
        if parent is not None and not parent.closed:
            parent.leaf = all(other.parent is not parent for other in _open)
        # The context may be another one than that which opened, and then the mark is not ours to take.
        if _marker.get() is not scope:
            return
        # The mark last, for the same reason.
        if scope.parent is None:
            _shown.set(scope)
            if scope.found_carried is not None:
                _carried.set(scope.found_carried)
            _marker.set(scope.found)
        else:
            lineage = scope.lineage()
            left = list(takewhile(lambda outer: outer.closed, lineage))
            # A thread that was late before is late again, and a runner's thread back in the runner's test.
            around = lineage[len(left)] if len(left) < len(lineage) else left[-1].found
            # Those inside which it was opened may have been left before it.
            carried = next((outer.found_carried for outer in left if outer.found_carried is not None), None)
            _shown.set(around or scope)
            _carried.set(carried)
            _marker.set(around)


def owner() -> Scope | None:
    """Return the scope that an operation of the calling context belongs to, closed if it is late.

    None when it can't be told, or when nothing is open.
    """
    marked = _marker.get()
    current = _open
    if marked is not None:
        strand = None if marked.closed else _carried.get()
        return marked if strand is None else _innermost(marked, strand, current)[-1]
    if len(current) <= 1:
        return current[0] if current else None
    roots = [scope for scope in current if scope.parent not in current]
    nest = _innermost(roots[0], roots[0].opener, current)
    return nest[-1] if len(nest) == len(current) else None


def _innermost(scope: Scope, strand: Strand | None, current: tuple[Scope, ...]) -> list[Scope]:
    """Return *scope* and the scopes inside it that *strand* has opened, one inside the other.

    An inner block takes all that its test does, also on threads that were started before it; but not what
    another task of the test does meanwhile. (A task that was made before the block has a mark of its own, and
    is not asked for here.)
    """
    nest = [scope]
    while strand is not None and len(current) > 1:
        inner = [
            each
            for each in current
            if each.parent is scope and each.opener is not None and not strand.runs_beside(each.opener)
        ]
        if len(inner) != 1:
            break
        scope = inner[0]
        nest.append(scope)
    return nest


def cache_for(name: str) -> MockCache:
    """Return the cache called *name* that an operation of the calling context belongs to."""
    # Nearly always the context is marked with the innermost scope of its test.
    scope = marked()
    if scope is None or not scope.leaf:
        scope = owner()
        if scope is None:
            return _adrift.ensure(name)
        if scope.closed:
            return scope.late.ensure(name)
    return scope.by_name.get(name) or scope.caches.ensure(name)


def carry(scope: Scope | None, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* so wrapped that what it does belongs to *scope*, wherever it is called.

    It is then part of what the calling strand does, or, where that has no mark, the one that opened *scope*.
    None takes away the mark of wherever that is.
    """
    unmarked = _marker.get() is None
    strand = scope.opener if unmarked and scope is not None else _carried.get() or _strand()

    def carried(*args: Any, **kwargs: Any) -> Any:
        # Set and reset, not a copy of the caller's context: the library under test must find in its
        # ContextVars what it would find without us.
        token, carried_token = _marker.set(scope), _carried.set(strand)
        try:
            return function(*args, **kwargs)
        finally:
            _carried.reset(carried_token)
            _marker.reset(token)

    return carried


def current_scope() -> Scope | None:
    """Return the scope that the calling context is in, or else the one it was in last."""
    marked = _marker.get()
    if marked is not None and not marked.closed:
        return owner()
    found = owner()
    # Another thread's test may be the only one that runs, when the one of this thread has ended.
    if found is not None and not found.closed and not _strand().runs_beside(found.opener or _strand()):
        return found
    return marked or _shown.get() or found or _last


def innermost_of(accept: Callable[[Scope], bool]) -> Scope | None:
    """Return the innermost scope that *accept* takes of those that the caller is in, or was in last."""
    current = current_scope()
    return next(filter(accept, current.lineage()), None) if current else None


def _note_adrift(operation: Operation) -> None:
    note(Stray(operation, _open, None))


# Where unattributed operations, and those outside any scope, read and write.
_adrift = MockCaches(observer=_note_adrift)
_adrift_by_name = _adrift.by_name()


class GlobalStats(Mapping[str, MockCache]):
    """The scope that the running test, or ``with PatchCaches()`` block, is in.

    After exit it shows that scope until the next one begins. It has what `MockCaches` has; before the
    first scope, *names* are there with nothing counted.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._idle = MockCaches(names, footnotes=strays_left)

    @property
    def _caches(self) -> MockCaches:
        scope = current_scope()
        return self._idle if scope is None else scope.caches

    def get_stat(self, name: str) -> MockCache:
        """As `MockCaches.get_stat`."""
        return self._caches.get_stat(name)

    def reset(self) -> None:
        """As `MockCaches.reset`."""
        self._caches.reset()

    def report(self, file: TextIO | None = None, *, entries: bool = True, operations: bool = True) -> None:
        """As `MockCaches.report`."""
        self._caches.report(file, entries=entries, operations=operations)

    def as_dict(self) -> dict[str, Any]:
        """As `MockCaches.as_dict`."""
        return self._caches.as_dict()

    def __getitem__(self, name: str) -> MockCache:
        return self._caches[name]

    def __getattr__(self, name: str) -> MockCache:
        # copy and pickle probe for dunders before __init__ has run.
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self._caches.__getattr__(name)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "_idle":
            super().__setattr__(name, value)
        else:
            setattr(self._caches, name, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._caches)

    def __len__(self) -> int:
        return len(self._caches)

    def __repr__(self) -> str:
        return f"<global_stats: {self._caches!r}>"


global_stats = GlobalStats()

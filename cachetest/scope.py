"""Which scope an operation belongs to, and what becomes of one that belongs to none.

An operation belongs to the scope that its context is marked with; `handoff` carries the mark to threads
and pools. Without a mark it belongs to the only test that is running. It is *unattributed* when several
are and it can't be told, and *late* when its scope has closed: neither is ever counted for another test.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

from .caches import MockCache, MockCaches
from .strays import Stray, note, strays_left

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

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
]


class Scope:
    """The caches of one test or ``with`` block, and its place among the others.

    ``label`` names it in messages; ``parent`` is the scope around it, of the same test.
    """

    def __init__(
        self,
        label: str,
        names: Iterable[str] = (),
        owners: Callable[[str], str | None] | None = None,
        *,
        whole_test: bool = False,
    ) -> None:
        """Make a scope, not open yet; that of a *whole_test* is inside another in the same context only.

        A runner that hands tests to threads while one runs would else have them inside that one.
        """
        self.label = label
        self.closed = False
        self.parent: Scope | None = None
        self.opener = 0
        self.found_carried = False
        self.whole_test = whole_test
        around = self._around()
        # The same for all scopes of one test, its blocks on other threads included.
        self.test: Scope = self if around is None else around.test
        self.caches = MockCaches(names, owners=owners, footnotes=strays_left)
        # Late operations still need something to read and write, but not what a report has shown.
        self.late = MockCaches(observer=self._note_late)

    def _around(self) -> Scope | None:
        marked = _marker.get()
        if marked is None or marked.closed or (self.whole_test and _carried.get()):
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


_marker: ContextVar[Scope | None] = ContextVar("cachetest.scope", default=None)
# Whether the mark stands for the test as a whole, as it was handed to a thread, or for this very context.
_carried: ContextVar[bool] = ContextVar("cachetest.carried", default=False)
# What global_stats shows where no mark is: the scope that this context was in last.
_shown: ContextVar[Scope | None] = ContextVar("cachetest.shown", default=None)

# Held while scopes open and close, never while code of a user runs. An operation takes no lock at all: it
# reads `_open`, which is replaced and not changed.
_lock = threading.RLock()
_open: tuple[Scope, ...] = ()
_last: Scope | None = None


def open_scope(scope: Scope) -> None:
    """Make *scope* that of the calling context, inside the one it has, and of all that it starts."""
    global _open, _last
    scope.parent = scope._around()
    scope.opener = threading.get_ident()
    if not _open:
        _adrift.reset()
    with _lock:
        _last = scope
        _open = (*_open, scope)
        scope.found_carried = _carried.get()
        _carried.set(False)
        _marker.set(scope)
        _shown.set(scope)


def close_scope(scope: Scope) -> None:
    """End *scope*: what comes now is late. Closing again, or what never opened, changes nothing."""
    global _open
    with _lock:
        scope.closed = True
        _open = tuple(other for other in _open if other is not scope)
        # The context may be another one than that which opened, and then the mark is not ours to take.
        if _marker.get() is scope:
            around = next((outer for outer in scope.lineage() if not outer.closed), None)
            _carried.set(scope.found_carried)
            _marker.set(around)
            _shown.set(around or scope)


def owner() -> Scope | None:
    """Return the scope that an operation of the calling context belongs to, closed if it is late.

    None when it can't be told, or when nothing is open.
    """
    marked = _marker.get()
    current = _open
    if marked is not None:
        return _innermost(marked, current)[-1] if _carried.get() and not marked.closed else marked
    if len(current) <= 1:
        return current[0] if current else None
    roots = [scope for scope in current if scope.parent not in current]
    nest = _innermost(roots[0], current)
    return nest[-1] if len(nest) == len(current) else None


def _innermost(scope: Scope, current: tuple[Scope, ...]) -> list[Scope]:
    """Return *scope* and the scopes that its own thread has opened inside it.

    An inner block takes all that its test does, also on threads that were started before it. (A task that
    was made before it has a mark of its own, and is not asked for here.)
    """
    nest = [scope]
    while len(current) > 1:
        inner = [each for each in current if each.parent is scope and each.opener == scope.opener]
        if len(inner) != 1:
            break
        scope = inner[0]
        nest.append(scope)
    return nest


def cache_for(name: str) -> MockCache:
    """Return the cache called *name* that an operation of the calling context belongs to."""
    scope = owner()
    if scope is None:
        return _adrift.ensure(name)
    return (scope.late if scope.closed else scope.caches).ensure(name)


def carry(scope: Scope | None, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* so wrapped that what it does belongs to *scope*, wherever it is called.

    None takes away the mark of wherever that is.
    """

    def carried(*args: Any, **kwargs: Any) -> Any:
        # Set and reset, not a copy of the caller's context: the library under test must find in its
        # ContextVars what it would find without us.
        token, carried_token = _marker.set(scope), _carried.set(True)
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
    if found is not None and not found.closed and found.opener == threading.get_ident():
        return found
    return marked or _shown.get() or found or _last


def innermost_of(scopes: Container[Scope]) -> Scope | None:
    """Return the innermost of *scopes* that the calling context is in, or was in last."""
    current = current_scope()
    return next((scope for scope in current.lineage() if scope in scopes), None) if current else None


def _note_adrift(operation: Operation) -> None:
    note(Stray(operation, _open, None))


# Where unattributed operations, and those outside any scope, read and write.
_adrift = MockCaches(observer=_note_adrift)


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

    def report(self, file: TextIO | None = None, *, entries: bool = True) -> None:
        """As `MockCaches.report`."""
        self._caches.report(file, entries=entries)

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

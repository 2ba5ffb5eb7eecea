"""Which scope an operation belongs to, and what becomes of one that belongs to none.

An operation belongs to the scope that its context is marked with; `thread_hooks` hand the mark on to threads
and pools. Without a mark it belongs to the only test that is running. It is *unattributed* when several are
and it can't be told, and *late* when its scope has closed: neither is ever counted for another test.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from .._behaving.clock import find_by
from .._recording.call_sites import JobName, made_here
from .._recording.call_sites import this_thread as logged_thread
from .._recording.packages import NO_LIBRARIES
from .caches import MockCaches
from .running import Work
from .scope import (
    last_seen,
    mark,
    marked,
    newest_scope,
    note_uncounted,
    open_scopes,
    spawned_by,
    unassigned,
)
from .threads import current_thread_or_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cache import MockCache
    from .scope import Scope
    from .threads import ThreadOrTask

__all__ = [
    "bind_to_scope",
    "cache_for",
    "cache_in_scope",
    "count_outside",
    "current_scope",
    "decided",
    "innermost_of",
    "is_late",
    "latest_scope",
    "scope_of_caller",
    "scope_to_hand_on",
]

_unassigned_by_name = unassigned.by_name()


# What an operation outside any scope belongs to in a child process: a closed scope, whose caches refuse.
outside: Scope | None = None


def scope_of_caller() -> Scope | None:
    """Return the scope that an operation of the calling context belongs to, closed if it is late.

    None when it can't be told, or when nothing is open.
    """
    return _scope_among(open_scopes())


def decided() -> Scope | tuple[Scope, ...]:
    """Return what `scope_of_caller` does, or the scopes that are open where it can't be told among them."""
    # Read once: of one that opens in between it would be said that there are several.
    still_open = open_scopes()
    return _scope_among(still_open) or still_open


find_by(scope_of_caller)


def scope_to_hand_on() -> Scope | None:
    """Return the scope that what the calling context hands to another thread belongs to.

    None for a thread from before: what it hands over is as much anybody's as what it does itself, and may be
    done when another test runs.
    """
    return None if mark.get() is None else scope_of_caller()


def _scope_among(still_open: tuple[Scope, ...]) -> Scope | None:
    """Return what `scope_of_caller` does, where *still_open* are the scopes that are open."""
    found = mark.get()
    if found is not None and found.is_resting:
        # It was started where something was set up, for the tests that begin with that.
        tests = [each for each in still_open if each.parent not in still_open and found in each.origins()]
        if tests:
            return _innermost(tests[0], tests[0].opener, still_open)[-1] if len(tests) == 1 else None
    if found is not None:
        spawner = None if found.closed else spawned_by.get()
        return found if spawner is None else _innermost(found, spawner, still_open)[-1]
    if len(still_open) <= 1:
        return still_open[0] if still_open else outside
    roots = [scope for scope in still_open if scope.parent not in still_open]
    nest = _innermost(roots[0], roots[0].opener, still_open)
    return nest[-1] if len(nest) == len(still_open) else _scope_of_spawner(still_open)


def _scope_of_spawner(still_open: tuple[Scope, ...]) -> Scope | None:
    """Return the scope of the greenlet that has spawned this one, where gevent knows; its class is of C."""
    found: Any = sys.modules["greenlet"].getcurrent() if "gevent" in sys.modules else None
    while found is not None:
        spawning = getattr(found, "spawning_greenlet", None)
        found = None if spawning is None else spawning()
        context = getattr(found, "gr_context", None)
        scope: Scope | None = None if context is None else context.get(mark)
        if scope is not None:
            return _innermost(scope, scope.opener, still_open)[-1]
    return None


def _innermost(scope: Scope, spawner: ThreadOrTask | None, still_open: tuple[Scope, ...]) -> list[Scope]:
    """Return *scope* and the scopes inside it that *spawner* has opened, one inside the other.

    An inner block takes all that its test does, also on threads that were started before it; but not what
    another task of the test does meanwhile. (A task that was made before the block has a mark of its own, and
    is not asked for here.)
    """
    nest = [scope]
    while spawner is not None and len(still_open) > 1:
        inner = [
            each
            for each in still_open
            if each.parent is scope and each.opener is not None and not spawner.runs_beside(each.opener)
        ]
        if len(inner) != 1:
            break
        scope = inner[0]
        nest.append(scope)
    return nest


def _unattributed(suspects: tuple[Scope, ...]) -> MockCaches:
    """Return the caches of operations that any of *suspects*, the scopes that were open, may have caused."""
    if not suspects:
        return unassigned
    kept = vars(suspects[-1]).setdefault("_unattributed", {})
    found: MockCaches | None = kept.get(suspects)
    if found is None:
        found = kept.setdefault(suspects, MockCaches(observer=partial(note_uncounted, suspects, None)))
    return found


# What counts operations while no scope is open: each returns a cache for the name of one, or None.
_outside: list[Callable[[str], MockCache | None]] = []


def count_outside(find: Callable[[str], MockCache | None]) -> None:
    """Have operations while no scope is open counted in the cache that *find* returns, if it returns one."""
    _outside.append(find)


def cache_for(name: str) -> MockCache:
    """Return the cache called *name* that an operation of the calling context belongs to."""
    # Nearly always the context is marked with the innermost scope of its test.
    scope = marked()
    if scope is None or not scope.is_innermost:
        # Read once: by a scope that opens or closes in between, the operation would be misjudged.
        still_open = open_scopes()
        scope = _scope_among(still_open)
        if scope is None:
            found = _cache_outside(name) if _outside and not still_open else None
            return found or _unattributed(still_open).ensure(name)
        if scope not in still_open and (scope.closed or not scope.is_lasting):
            return scope.late.ensure(name)
    return scope.by_name.get(name) or scope.caches.ensure(name)


def cache_in_scope(name: str) -> MockCache | None:
    """Return what `cache_for` does; None for an operation outside any scope, past ones included."""
    # What that has decided is not asked again, since scopes may open and close in between.
    found = cache_for(name)
    return None if found is _unassigned_by_name.get(name) else found


def is_late() -> bool:
    """Return whether what the calling context does is late: its scope has closed."""
    found = marked()
    return found is not None and found.closed


def _cache_outside(name: str) -> MockCache | None:
    for find in _outside:
        found = find(name)
        if found is not None:
            return found
    return None


def bind_to_scope(
    scope: Scope | None,
    function: Callable[..., Any],
    work: object = None,
    *,
    once: bool = True,
    job: bool = False,
) -> Callable[..., Any]:
    """Return *function* so wrapped that what it does belongs to *scope*, wherever it is called.

    It is then part of what the calling thread or task does, or, where that has no mark, the one that opened
    *scope*. None takes away the mark of wherever that is. With *work*, the thread or the function that a
    message is to name, the patches of *scope* are held until it has returned *once*; or else, for as long as
    it may be called. Where it is a *job*, which any worker may do, its operations are told apart from others.
    """
    held = None if work is None or scope is None else Work(scope, work)
    found = mark.get()
    unmarked = found is None or found.is_resting
    spawner = scope.opener if unmarked and scope is not None else spawned_by.get() or current_thread_or_task()
    made_by = made_here(sys._getframe(1), NO_LIBRARIES if scope is None else scope.log_outside)

    def bound(*args: Any, **kwargs: Any) -> Any:
        # To be read from this frame, by `_recording.makers`.
        _made_by = made_by
        # Set and set back, not a copy of the caller's context: the library under test must find in its
        # ContextVars what it would find without us. Not reset: CPython 3.10 may lose others with one that it
        # takes out of a context.
        before, spawned_before = mark.get(), spawned_by.get()
        mark.set(scope)
        spawned_by.set(spawner)
        if held is not None:
            held.begin()
        # Of a thread it is not asked yet: that may give itself another one before its first operation.
        named = logged_thread.put_on(JobName(logged_thread.name)) if job else None
        try:
            return function(*args, **kwargs)
        finally:
            if named is not None:
                logged_thread.take_off(named)
            spawned_by.set(spawned_before)
            mark.set(before)
            if held is not None and once:
                held.end()

    return bound


def current_scope() -> Scope | None:
    """Return the scope that the calling context is in, or else the one it was in last."""
    found = mark.get()
    if found is not None and not found.closed:
        return scope_of_caller()
    alone = scope_of_caller()
    # Another thread's test may be the only one that runs, when the one of this thread has ended.
    here = current_thread_or_task()
    if alone is not None and not alone.closed and not here.runs_beside(alone.opener or here):
        return alone
    return found or last_seen.get() or alone or newest_scope()


def latest_scope() -> Scope | None:
    """Return the scope that the calling context was in last, and look for none that is open."""
    return mark.get() or last_seen.get() or newest_scope()


def innermost_of(accept: Callable[[Scope], bool]) -> Scope | None:
    """Return the innermost scope that *accept* takes of those that the caller is in, or was in last."""
    scope = current_scope()
    return next(filter(accept, scope.lineage()), None) if scope else None

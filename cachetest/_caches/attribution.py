"""Which scope an operation belongs to, and what becomes of one that belongs to none.

An operation belongs to the scope that its context is marked with; `thread_hooks` hand the mark on to threads
and pools. Without a mark it belongs to the only test that is running. It is *unattributed* when several are
and it can't be told, and *late* when its scope has closed: neither is ever counted for another test.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .caches import MockCaches
from .scope import (
    current_thread_or_task,
    last_seen,
    mark,
    marked,
    newest_scope,
    note_uncounted,
    open_scopes,
    spawned_by,
    unassigned,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cache import MockCache
    from .scope import Scope, ThreadOrTask

__all__ = ["bind_to_scope", "cache_for", "current_scope", "innermost_of", "scope_of_caller"]


def scope_of_caller() -> Scope | None:
    """Return the scope that an operation of the calling context belongs to, closed if it is late.

    None when it can't be told, or when nothing is open.
    """
    return _scope_among(open_scopes())


def _scope_among(still_open: tuple[Scope, ...]) -> Scope | None:
    """Return what `scope_of_caller` does, where *still_open* are the scopes that are open."""
    found = mark.get()
    if found is not None:
        spawner = None if found.closed else spawned_by.get()
        return found if spawner is None else _innermost(found, spawner, still_open)[-1]
    if len(still_open) <= 1:
        return still_open[0] if still_open else None
    roots = [scope for scope in still_open if scope.parent not in still_open]
    nest = _innermost(roots[0], roots[0].opener, still_open)
    return nest[-1] if len(nest) == len(still_open) else None


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


def cache_for(name: str) -> MockCache:
    """Return the cache called *name* that an operation of the calling context belongs to."""
    # Nearly always the context is marked with the innermost scope of its test.
    scope = marked()
    if scope is None or not scope.is_innermost:
        # Read once: by a scope that opens or closes in between, the operation would be misjudged.
        still_open = open_scopes()
        scope = _scope_among(still_open)
        if scope is None:
            return _unattributed(still_open).ensure(name)
        if scope not in still_open:
            return scope.late.ensure(name)
    return scope.by_name.get(name) or scope.caches.ensure(name)


def bind_to_scope(scope: Scope | None, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* so wrapped that what it does belongs to *scope*, wherever it is called.

    It is then part of what the calling thread or task does, or, where that has no mark, the one that opened
    *scope*. None takes away the mark of wherever that is.
    """
    unmarked = mark.get() is None
    spawner = scope.opener if unmarked and scope is not None else spawned_by.get() or current_thread_or_task()

    def bound(*args: Any, **kwargs: Any) -> Any:
        # Set and reset, not a copy of the caller's context: the library under test must find in its
        # ContextVars what it would find without us.
        token, spawned_token = mark.set(scope), spawned_by.set(spawner)
        try:
            return function(*args, **kwargs)
        finally:
            spawned_by.reset(spawned_token)
            mark.reset(token)

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


def innermost_of(accept: Callable[[Scope], bool]) -> Scope | None:
    """Return the innermost scope that *accept* takes of those that the caller is in, or was in last."""
    scope = current_scope()
    return next(filter(accept, scope.lineage()), None) if scope else None

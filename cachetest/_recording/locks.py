"""Locks that no forked child finds held: a child is a copy of one thread, and the others never let go."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import RLock

__all__ = ["free_in_children", "loaded_whole", "make_lock"]

# How many seconds a fork waits for another thread to come to the end of what it does under a lock. Longer
# could be for ever: who forks may hold what that thread waits for.
_PATIENCE = 1.0

_made: WeakSet[Any] = WeakSet()
# Those that a fork waits for, so that a child finds nothing half-done, no import least of all: it would wait
# for ever for the thread that had begun it. By rank, the lowest first: the order in which they are nested.
_ranked: dict[int, Any] = {}
# What each thread that forks has taken.
_taken: dict[int, list[Any]] = {}


def make_lock(rank: int | None = None) -> RLock:
    """Return a reentrant lock that is free in a forked child, unless the thread that forks holds it.

    With a *rank* a fork waits for it, a second at most.
    """
    made = threading.RLock()
    free_in_children(made)
    if rank is not None:
        _ranked[rank] = made
    return made


def free_in_children(lock: Any) -> None:
    """Do the same for *lock*, a ``threading.RLock`` that somebody else has made."""
    _made.add(lock)


# The lowest: who loads something holds no other.
_loading = make_lock(rank=-1)
# What modules have asked to be called before each fork as they were loaded by `loaded_whole`.
_asked: list[Callable[[], object]] = []


@contextmanager
def loaded_whole() -> Iterator[None]:
    """Have forks wait for what the block imports: in a child, its import would never end.

    A fork that waits has begun: what the modules ask to be called before a fork is called by us for that one,
    since what they ask for after it will be.
    """
    with _loading:
        found = getattr(os, "register_at_fork", None)

        def register(**hooks: Any) -> None:
            found(**hooks)  # type: ignore[misc]
            if "before" in hooks:
                _asked.append(hooks["before"])

        if found is not None:
            os.register_at_fork = register
        try:
            yield
        finally:
            if found is not None:
                os.register_at_fork = found


def _before_fork() -> None:
    taken = _taken[threading.get_ident()] = []
    asked = len(_asked)
    for rank in sorted(_ranked):
        if _ranked[rank].acquire(timeout=_PATIENCE):
            taken.append(_ranked[rank])  # noqa: PERF401 (known at once, while the next is waited for)
    for each in reversed(_asked[asked:]):
        each()


def _after_fork_in_parent() -> None:
    taken = _taken.pop(threading.get_ident(), [])
    while taken:
        taken.pop().release()


def _after_fork_in_child() -> None:
    _after_fork_in_parent()
    _taken.clear()
    for each in list(_made):
        # What this thread holds it lets go of, where it goes on; nobody else is left to.
        if not each._is_owned():
            each._at_fork_reinit()


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child
    )

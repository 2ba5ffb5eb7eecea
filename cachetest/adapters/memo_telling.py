"""A memoised function in a child process: after each call the parent is told of what it has counted."""

from __future__ import annotations

from functools import partial
from typing import Any

from .._caches.attribution import cache_for
from .._recording.locks import make_lock
from .._sharing.joined import own_scope_is_open, refuse_in_child
from .._sharing.stand_in import MemoStandIn

__all__ = ["refusing", "telling"]


def refusing(name: str, function: Any) -> MemoStandIn:
    """Return a stand-in for *function* that refuses, as nobody can tell what it may be replaced by."""
    return MemoStandIn(function, partial(refuse_in_child, "a call", name))


def telling(name: str, function: Any) -> MemoStandIn:
    """Return a stand-in for *function*, which is watched as the cache *name* of the parent's test."""
    return _StandIn(function, _Telling(name, function))


class _StandIn(MemoStandIn):
    def __init__(self, function: Any, told: _Telling) -> None:
        super().__init__(function, after=told)
        self.cache_clear = told.clear


class _Telling:
    """Tells of what *function* has counted since it was last asked."""

    def __init__(self, name: str, function: Any) -> None:
        self._name = name
        self._function = function
        self._lock = make_lock()
        self._seen = self._counted()

    def _counted(self) -> tuple[int, int]:
        info = self._function.cache_info()
        return info.hits, info.misses

    def clear(self) -> None:
        """Clear the function, which forgets its counts as well."""
        with self._lock:
            self()
            self._function.cache_clear()
            self._seen = 0, 0

    def __call__(self) -> None:
        with self._lock:
            before, found = self._seen, self._counted()
            self._seen = found
        # Where it was cleared, it has begun to count anew.
        begun = found if found[0] < before[0] or found[1] < before[1] else None
        hits, misses = begun or (found[0] - before[0], found[1] - before[1])
        if (hits or misses) and not own_scope_is_open():
            cache_for(self._name)._add(0, hits, misses)

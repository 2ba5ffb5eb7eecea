"""Django's in-memory cache in place of a back end that would reach what can't be had in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache

from ..._behaving.clock import now
from ..._recording.lifetimes import note_lifetime
from ..outer_call import call_around

if TYPE_CHECKING:
    from collections.abc import Callable

    from .call import Call

__all__ = ["TableTwin", "Twin", "cull", "has_expired", "run_primitive"]


class Twin(LocMemCache):  # type: ignore[misc]
    """Django's in-memory cache, in a call of an object that it runs in place of.

    ``primitives`` are the calls that it answers; all others are made of them, as Django makes them.
    """

    primitives: ClassVar = frozenset({"get", "set", "add", "touch", "delete", "has_key", "incr", "clear"})

    # The class itself is patched where a project has caches of it.
    __getattribute__ = object.__getattribute__

    def __init__(self, call: Call) -> None:
        held: Any = call.held
        for name in ("default_timeout", "_max_entries", "_cull_frequency"):
            if hasattr(held, name):
                setattr(self, name, getattr(held, name))
        self.make_and_validate_key = held.make_and_validate_key
        self._cache, self._expire_info = call.store.cache, call.store.expire_info
        self._lock = call.store.lock
        self._call = call

    def _has_expired(self, key: Any) -> bool:
        return has_expired(self._call, super()._has_expired, self._delete, key)

    def _cull(self) -> None:
        cull(self._call, super()._cull)


class TableTwin(Twin):
    """The same in place of a cache in a table: it has room for one more, and what goes is decided by key."""

    # To count is to read and to set, after which an entry lasts as long as any other.
    primitives = Twin.primitives - {"incr"}

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        # Where Django's in-memory cache asks whether it is full, one in a table asks whether it is too full.
        self._max_entries += 1

    def _cull(self) -> None:
        if not self._cull_frequency:
            cull(self._call, self._clear)
            return
        for key in list(self._cache):
            self._has_expired(key)
        if len(self._cache) >= self._max_entries:
            cull(self._call, self._cull_by_key)

    def _clear(self) -> None:
        self._cache.clear()
        self._expire_info.clear()

    def _cull_by_key(self) -> None:
        keys = sorted(self._cache)
        count = len(keys) // self._cull_frequency
        # Django asks for the first key that stays; with none to stay, nothing goes.
        for key in keys[:count] if count < len(keys) else ():
            self._delete(key)


def run_primitive(name: str, held: Any, *args: Any, **kwargs: Any) -> Any:
    """Do the call *name*, one of the ``primitives`` of what runs in place of *held*."""
    call: Any = call_around()
    if call.mock.is_remote and call.kind.is_shared:
        return call.store.run(call, name, args, kwargs)
    return getattr(call.kind.twin(call), name)(*args, **kwargs)


def has_expired(call: Call, asked: Callable[[Any], bool], delete: Callable[[Any], bool], key: Any) -> bool:
    """Return whether the entry of *key* is over, or not there; one that is over goes now, and is told."""
    if not asked(key):
        return False
    ends = call.store.expire_info
    until, put = ends.get(key), ends.born.get(key)
    if delete(key):
        if until is not None:
            note_lifetime(call.mock, key, put, until, now())
        call.effects.append(("expiration", key))
    return True


def cull(call: Call, culled: Callable[[], Any]) -> None:
    """Have a cache make room, and tell what had to go."""
    before = call.store.keys_here()
    culled()
    left = set(call.store.keys_here())
    call.effects += [("eviction", key) for key in before if key not in left]

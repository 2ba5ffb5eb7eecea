"""The backend that takes the place of a Django cache: Django's own in-memory cache, with a store a scope."""

from __future__ import annotations

import pickle
import threading
from collections import OrderedDict
from collections.abc import MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.locmem import LocMemCache

from ..._behaving.gate import MISSING
from ..._caches.attribution import cache_for, scope_of_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._caches.cache import MockCache
    from ..._recording.operation import Kind

__all__ = ["SET_BY_BASE", "DjangoBackend", "open_store"]

_LIBRARIES = frozenset({"django", "asgiref"})
SET_BY_BASE = tuple(vars(BaseCache({})))


class _Store(LocMemCache):  # type: ignore[misc]
    """The entries of one alias in one scope, pickled, under the keys that Django has made."""

    # LocMemCache itself is patched where a project has caches of that class.
    __getattribute__ = object.__getattribute__

    def __init__(self, cache: MockCache) -> None:
        BaseCache.__init__(self, {})
        self._record = cache.record
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._expire_info: dict[str, float | None] = {}
        # Reentrant, so that several of Django's steps can be taken as one.
        self._lock = threading.RLock()
        cache.cache = _Entries(cache)

    def make_and_validate_key(self, key: str, version: int | None = None) -> str:
        return key

    def is_over(self, key: str) -> bool:
        """Return whether there is no entry, or none any more, and change nothing."""
        return bool(super()._has_expired(key))

    def live(self) -> list[str]:
        """Return the keys of the entries that have not expired."""
        return [key for key in self._cache if not self.is_over(key)]

    def _has_expired(self, key: str) -> bool:
        if not self.is_over(key):
            return False
        if self._delete(key):
            self._record("expiration", key, _LIBRARIES)
        return True

    def _cull(self) -> None:
        before = list(self._cache)
        super()._cull()
        for key in before:
            if key not in self._cache:
                self._record("eviction", key, _LIBRARIES)


def open_store(cache: MockCache) -> _Store:
    """Return the store of *cache*, made now if there was none."""
    return cache.adapter_state("django", partial(_Store, cache))


class _Entries(MutableMapping[str, Any]):
    """The entries that have not expired, by made key; reading and changing them here is not counted."""

    def __init__(self, cache: MockCache) -> None:
        self._mock = cache

    @property
    def _store(self) -> _Store:
        return open_store(self._mock)

    def __getitem__(self, key: str) -> Any:
        store = self._store
        with store._lock:
            if store.is_over(key):
                raise KeyError(key)
            pickled = store._cache[key]
        return pickle.loads(pickled)

    def __setitem__(self, key: str, value: Any) -> None:
        self._store.set(key, value, None)

    def __delitem__(self, key: str) -> None:
        if not self._store.delete(key):
            raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        store = self._store
        with store._lock:
            return iter(store.live())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        self._store.clear()


class DjangoBackend(BaseCache):  # type: ignore[misc]
    """What a program gets, and has, as the cache of an alias while it is patched.

    Keys are made and checked by *real*, the cache that the settings ask for, which is used for nothing else.
    """

    def __init__(self, alias: str, real: Any) -> None:
        # Not from the settings, because a class may have had its own say on them.
        for name in SET_BY_BASE:
            setattr(self, name, getattr(real, name))
        self._alias = alias
        self.real = real

    def __getattribute__(self, name: str) -> Any:
        # Replaced while Django is patched. What a program took in a test and has kept is a real cache again
        # afterwards, save to what is left of that test.
        if name.startswith("__") or scope_of_caller() is not None:
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "real"), name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        raise AttributeError(
            f"the cache {self._alias!r} has no {name!r} while cachetest has patched it: it has what every "
            f"Django cache has, and not what {type(self.real).__name__} adds"
        )

    def make_key(self, key: Any, version: int | None = None) -> Any:
        return self.real.make_key(key, version=version)

    def validate_key(self, key: Any) -> None:
        self.real.validate_key(key)

    def make_and_validate_key(self, key: Any, version: int | None = None) -> Any:
        return self.real.make_and_validate_key(key, version=version)

    @property
    def _mock(self) -> MockCache:
        return cache_for(self._alias)

    def _store(self) -> _Store:
        store = open_store(self._mock)
        # A test may have changed them by override_settings since the store was made.
        store.default_timeout = self.default_timeout
        store._max_entries, store._cull_frequency = self._max_entries, self._cull_frequency
        return store

    # A call is done, and then counted. Django does the asynchronous ones on another thread; they are counted
    # where they were awaited, because only there is the line of the caller on the stack.

    def _count_lookup(self, key: Any, value: Any, default: Any) -> Any:
        self._mock.lookup(key, lambda: value, _LIBRARIES)
        return default if value is MISSING else value

    def _count(self, kind: Kind, *keys: Any) -> None:
        for key in keys:
            self._mock.record(kind, key, _LIBRARIES)

    def _find(self, key: Any, version: int | None) -> tuple[Any, Any]:
        key = self.make_and_validate_key(key, version=version)
        return key, self._store().get(key, MISSING)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        key, value = self._find(key, version)
        return self._count_lookup(key, value, default)

    async def aget(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        key, value = await _on_thread(self._find, key, version)
        return self._count_lookup(key, value, default)

    def _put(self, key: Any, value: Any, timeout: Any, version: int | None) -> Any:
        key = self.make_and_validate_key(key, version=version)
        self._store().set(key, value, timeout)
        return key

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._count("put", self._put(key, value, timeout, version))

    async def aset(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._count("put", await _on_thread(self._put, key, value, timeout, version))

    def _put_new(self, key: Any, value: Any, timeout: Any, version: int | None) -> list[Any]:
        key = self.make_and_validate_key(key, version=version)
        return [key] if self._store().add(key, value, timeout) else []

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        added = self._put_new(key, value, timeout, version)
        self._count("put", *added)
        return bool(added)

    async def aadd(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        added = await _on_thread(self._put_new, key, value, timeout, version)
        self._count("put", *added)
        return bool(added)

    def get_or_set(
        self, key: Any, default: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> Any:
        value = self.get(key, MISSING, version)
        if value is MISSING:
            if callable(default):
                default = default()
            self.add(key, default, timeout, version)
            # What another caller may have added before. To the program this is still its one lookup.
            _, there = self._find(key, version)
            return default if there is MISSING else there
        return value

    async def aget_or_set(
        self, key: Any, default: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> Any:
        value = await self.aget(key, MISSING, version)
        if value is MISSING:
            if callable(default):
                default = default()
            await self.aadd(key, default, timeout, version)
            _, there = await _on_thread(self._find, key, version)
            return default if there is MISSING else there
        return value

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> Any:
        key = self.make_and_validate_key(key, version=version)
        store = self._store()
        with store._lock:
            self._count_lookup(key, store.get(key, MISSING), None)
            value = store.incr(key, delta)
        self._count("put", key)
        return value

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        key = self.make_and_validate_key(key, version=version)
        return bool(self._store().touch(key, timeout))

    def has_key(self, key: Any, version: int | None = None) -> bool:
        key = self.make_and_validate_key(key, version=version)
        return bool(self._store().has_key(key))

    async def ahas_key(self, key: Any, version: int | None = None) -> bool:
        return bool(await _on_thread(self.has_key, key, version))

    def _remove(self, key: Any, version: int | None) -> tuple[Any, bool]:
        key = self.make_and_validate_key(key, version=version)
        return key, bool(self._store().delete(key))

    def delete(self, key: Any, version: int | None = None) -> bool:
        key, deleted = self._remove(key, version)
        self._count("delete", key)
        return deleted

    async def adelete(self, key: Any, version: int | None = None) -> bool:
        key, deleted = await _on_thread(self._remove, key, version)
        self._count("delete", key)
        return bool(deleted)

    def _remove_all(self) -> list[str]:
        store = self._store()
        with store._lock:
            keys = list(store._cache)
            store.clear()
        return keys

    def clear(self) -> None:
        self._count("delete", *self._remove_all())

    async def aclear(self) -> None:
        self._count("delete", *await _on_thread(self._remove_all))


async def _on_thread(work: Callable[..., Any], *args: Any) -> Any:
    return await sync_to_async(work, thread_sensitive=True)(*args)

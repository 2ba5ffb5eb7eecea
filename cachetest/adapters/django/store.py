"""The entries of one alias in one scope: Django's own in-memory cache, and a view of it."""

from __future__ import annotations

import pickle
import threading
from collections import OrderedDict
from collections.abc import MutableMapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache

from ..._behaving.gate import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..._behaving.gate import Effect
    from ..._caches.cache import MockCache
    from ..._recording.operation import Kind

__all__ = ["LIBRARIES", "Store", "open_store"]

LIBRARIES = frozenset({"django", "asgiref"})


class Store(LocMemCache):  # type: ignore[misc]
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
        self._on_this_thread = threading.local()
        cache.cache = _Entries(cache)

    def make_and_validate_key(self, key: str, version: int | None = None) -> str:
        return key

    def is_over(self, key: str) -> bool:
        """Return whether there is no entry, or none any more, and change nothing."""
        return bool(super()._has_expired(key))

    def live(self) -> list[str]:
        """Return the keys of the entries that have not expired."""
        return [key for key in self._cache if not self.is_over(key)]

    def set_all(self, keys: Sequence[str], values: Sequence[Any], timeout: Any) -> list[Effect]:
        """Write an entry for each of *keys*, and return what came of it, evictions in their place.

        An entry that was evicted by a later one would else seem to be put after that.
        """
        done: list[Effect] = []
        self._on_this_thread.done = done
        try:
            for key, value in zip(keys, values, strict=True):
                self.set(key, value, timeout)
                done.append(("put", key))
        except Exception:
            # Those that were written before the one that can't be pickled are there.
            for kind, made in done:
                self._record(kind, made, LIBRARIES)
            raise
        finally:
            del self._on_this_thread.done
        return done

    def remove_all(self) -> list[str]:
        """Delete every entry, and return their keys."""
        with self._lock:
            keys = list(self._cache)
            self.clear()
        return keys

    def incr_anew(self, key: str, delta: Any, asked: object) -> Any:
        """Add *delta* as Django's `aincr` does: the entry is put anew, with the default timeout.

        *asked* is the program's key, which the error names.
        """
        with self._lock:
            found = self.get(key, MISSING)
            if found is MISSING:
                raise ValueError(f"Key '{asked}' not found")
            value = found + delta
            self.set(key, value)
        return value

    def _has_expired(self, key: str) -> bool:
        if not self.is_over(key):
            return False
        if self._delete(key):
            self._tell("expiration", key)
        return True

    def _cull(self) -> None:
        before = list(self._cache)
        super()._cull()
        for key in before:
            if key not in self._cache:
                self._tell("eviction", key)

    def _tell(self, kind: Kind, key: str) -> None:
        done: list[Effect] | None = getattr(self._on_this_thread, "done", None)
        if done is None:
            self._record(kind, key, LIBRARIES)
        else:
            done.append((kind, key))


def open_store(cache: MockCache) -> Store:
    """Return the store of *cache*, made now if there was none."""
    return cache.adapter_state("django", partial(Store, cache))


class _Entries(MutableMapping[str, Any]):
    """The entries that have not expired, by made key; reading and changing them here is not counted."""

    def __init__(self, cache: MockCache) -> None:
        self._mock = cache

    @property
    def _store(self) -> Store:
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

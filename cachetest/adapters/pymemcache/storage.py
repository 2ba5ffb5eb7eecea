"""What a fault finds and changes on servers: entries as memcached keeps them, uncounted."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from pymemcache.exceptions import MemcacheServerError

from ..._behaving.call import MISSING
from ..._behaving.storage import Storage
from .entries import key_of
from .servers import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..._caches.cache import MockCache
    from .entries import Entry
    from .store import MemcachedStore

__all__ = ["MemcachedStorage", "failure_at", "storage_at", "too_large"]


class MemcachedStorage(Storage):
    """The entries of some servers, by key; ``(server, key)`` is about one of them."""

    def __init__(self, stores: Callable[[], Sequence[MemcachedStore]]) -> None:
        """Be about what is in *stores*, which is asked each time."""
        super().__init__({})
        self._stores = stores

    def live_keys(self) -> Iterable[object]:
        """Return the keys of the live entries."""
        return list(dict.fromkeys(key for each in self._stores() for key in each))

    def read(self, key: object) -> Any:
        """Return the entries of *key*; `MISSING` if there are none."""
        found: dict[int, Entry] = {}
        for each, name in self._wanted(key):
            entry = each._entries.get(name)
            if entry is not None and each._is_live(entry):
                found[id(each)] = entry
        return found or MISSING

    def write(self, key: object, stored: Any) -> None:
        """Put the entries in what is *stored* on their servers, and take out what is on the others."""
        for each, name in self._wanted(key):
            entry = None if stored is MISSING else stored.get(id(each))
            with each._lock:
                # That of a put that is undone is none of this entry.
                each._born.pop(name, None)
                if entry is None:
                    each._entries.pop(name, None)
                else:
                    each._entries[name] = entry

    def content(self, stored: Any) -> Any:
        """Return the value, in bytes."""
        return next(iter(stored.values())).value

    def with_content(self, stored: Any, content: Any) -> Any:
        """Return *stored* with other bytes in place of those."""
        value = content.encode() if isinstance(content, str) else bytes(content)
        return {each: entry._replace(value=value) for each, entry in stored.items()}

    def is_same(self, one: Any, other: Any) -> bool:
        # What was read elsewhere may have the entries of other servers as well.
        one, other = ({} if each is MISSING else each for each in (one, other))
        return all(one.get(id(each)) is other.get(id(each)) for each in self._stores())

    def _wanted(self, key: object) -> list[tuple[MemcachedStore, object]]:
        stores = list(self._stores())
        if isinstance(key, tuple) and len(key) == 2:
            return [(each, key_of(key[1])) for each in stores if each._of_server.get("store") == key[0]]
        return [(each, key_of(key)) for each in stores]


def storage_at(caches: Iterable[MockCache], places: Sequence[str]) -> MemcachedStorage:
    """Return the entries on the servers at *places*, in whichever of *caches* they are served."""

    def stores() -> list[MemcachedStore]:
        found = [
            each for cache in caches if isinstance(cache.cache, Servers) for each in cache.cache.stores()
        ]
        return [each for each in found if each._of_server.get("store") in places]

    return MemcachedStorage(stores)


def failure_at(places: Sequence[str]) -> Exception:
    """Return what a system says where nobody listens."""
    return ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


def too_large() -> Exception:
    """Return the error of a client whose server refuses an entry for its size."""
    error: Exception = MemcacheServerError(b"object too large for cache")
    return error

"""The entries of an alias inside the process, as its back end stores them: pickled, in memory or in files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..._behaving.gate import MISSING
from ..._behaving.storage import Storage
from .stores import FileStore, MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["storage_in"]


def storage_in(store: Any) -> Storage | None:
    """Return the storage of a *store* of Django's, in memory or in files; None for any other."""
    if isinstance(store, MemoryStore):
        return _InMemory(store)
    return _InFiles(store) if isinstance(store, FileStore) else None


class _InMemory(Storage):
    """What is stored is the pickled value, its end, and when it was put."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__({})
        self._store = store

    def live_keys(self) -> Iterable[object]:
        return self._store.live()

    def read(self, key: Any) -> Any:
        store = self._store
        with store.lock:
            if key not in store.cache or store.is_over(key):
                return MISSING
            return store.cache[key], store.expire_info.get(key), store.expire_info.born.get(key)

    def write(self, key: Any, stored: Any) -> None:
        store = self._store
        with store.lock:
            if stored is MISSING:
                store.cache.pop(key, None)
                store.expire_info.pop(key, None)
            else:
                store.cache[key], until, born = stored
                store.expire_info.put_back(key, until, born)

    def content(self, stored: Any) -> Any:
        return stored[0]

    def with_content(self, stored: Any, content: Any) -> Any:
        return content, *stored[1:]


class _InFiles(Storage):
    """What is stored is all that is in the file of an entry, with its path."""

    def __init__(self, store: FileStore) -> None:
        super().__init__({})
        self._store = store

    def live_keys(self) -> Iterable[object]:
        return self._store.live()

    def read(self, key: Any) -> Any:
        for path, made in self._store.names.copy().items():
            if made == key and os.path.exists(path):
                with open(path, "rb") as file:
                    return file.read(), path
        return MISSING

    def write(self, key: Any, stored: Any) -> None:
        if stored is not MISSING:
            content, path = stored
            with open(path, "wb") as file:
                file.write(content)
            return
        for path, made in self._store.names.copy().items():
            if made == key and os.path.exists(path):
                os.remove(path)

    def content(self, stored: Any) -> Any:
        return stored[0]

    def with_content(self, stored: Any, content: Any) -> Any:
        return content, stored[1]

    def is_same(self, one: Any, other: Any) -> bool:
        # Whatever is read of a file is another object each time.
        return bool(one == other)

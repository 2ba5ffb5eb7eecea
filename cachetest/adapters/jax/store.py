"""The store that JAX's cache is given in place of its files."""

from __future__ import annotations

import pathlib
import threading
from typing import Any

from ..._behaving.gate import MISSING
from ..._caches.backend import get_from_library, put_from_library
from .modules import CACHE, LIBRARIES, compilation_cache

__all__ = ["here", "store_class"]


class _Here(threading.local):
    """The state of one thread: whether the lookup that runs has found an entry, and the parts of a key."""

    found = False
    parts: list[tuple[str, list[bytes]]] | None = None


here = _Here()

_made: dict[type, type] = {}


def store_class() -> type:
    """Return a ``CacheInterface`` of the installed JAX that is backed by the running test's scope."""
    base = compilation_cache().CacheInterface
    if base not in _made:
        _made[base] = _make_store_class(base)
    return _made[base]


def _make_store_class(base: Any) -> type:
    class TestStore(base):  # type: ignore[misc]
        """A store with the entries of the running test, made as JAX makes the one of its files."""

        def __init__(self, path: str, **_limits: object) -> None:
            self._path = pathlib.Path(path)

        def get(self, key: str) -> Any:
            value = get_from_library(CACHE, key, LIBRARIES)
            if value is MISSING:
                return None
            here.found = True
            return value

        def put(self, key: str, value: bytes) -> None:
            put_from_library(CACHE, key, value, LIBRARIES)

    return TestStore

"""The entries that a call into torch has found, until torch has used them or not."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

__all__ = ["Found", "backend_classes", "here", "is_local", "is_ours", "name_of", "watched"]

backend_classes: list[type] = []
"""The classes of our backends: one for each ``RemoteCacheBackend`` that there has been."""


def is_ours(backend: object) -> bool:
    """Return whether *backend* is one of our backends."""
    return issubclass(type(backend), tuple(backend_classes))


watched: dict[str, str] = {}
"""The cache of each of torch's cache classes, by the name of the class, while they are watched."""


def name_of(remote: Any) -> str | None:
    """Return the cache that operations of *remote*, a cache object of torch, count in; None for none."""
    if is_ours(remote.backend):
        return str(remote.backend.name)
    names = (watched.get(cls.__name__) for cls in type(remote).__mro__) if watched else ()
    return next(filter(None, names), None)


class Found(NamedTuple):
    """An entry that a lookup has found: the name of the cache, the key, and the value."""

    cache: str
    key: str
    value: object


def is_local(found: Found) -> bool:
    """Return whether it was *found* in one of torch's local caches, whose entries are the bytes of files."""
    return found.cache.endswith("_local")


class _Here(threading.local):
    """The state of one thread.

    ``found`` are the entries that the innermost call that is looked at has found, oldest first; None where
    none is looked at. ``refused`` is whether one was refused in the guarded lookup that runs, None where none
    does. ``entry`` is the one of AOTAutograd that is being made a function of. ``has_passed`` is whether the
    guards of the latest entry that had any have held. ``error`` is the latest one that was logged as a
    failure already.
    """

    found: list[Found] | None = None
    refused: bool | None = None
    entry: Found | None = None
    has_passed: bool = False
    error: Exception | None = None


here = _Here()

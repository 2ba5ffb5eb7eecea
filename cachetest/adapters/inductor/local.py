"""What torch's local caches have in common: how one is described, and how it comes to a scope's entries.

A local cache keeps its entries in memory or on this disk. While a scope has it mocked, they are in the scope:
no test finds those of another, or of the disk. ``hooks.LOCAL_CACHES`` lists all of them.
"""

from __future__ import annotations

import errno
import os
from sys import _getframe
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._behaving.storage import OwnStorage
from ..._caches.attribution import cache_for, decided
from ..._caches.scope import Scope
from ..._sharing.client import is_asking
from ..._sharing.joined import own_scope_is_open
from ..relay import FarEnd
from .directories import number_of, path_of, placed
from .found import watched
from .modules import LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import FrameType

    from ..._caches.cache import MockCache
    from ..._telling.key_parts import Part
    from .hook import Hook

__all__ = [
    "LocalCache",
    "LocalStorage",
    "are_mocked",
    "disk_error",
    "disk_full",
    "look_up",
    "mocked",
    "place",
    "put",
]


def _no_reasons(_: Sequence[Any]) -> Iterable[str]:
    return ()


class LocalCache(NamedTuple):
    """A local cache of torch: its name, and what the adapter has to know of it.

    ``hooks`` put it in the place of torch's own. ``switch`` is the flag without which torch does not look it
    up, or empty; ``since`` the release that brought it, where 2.6 has none. ``made_of`` says what its keys
    are hashes of, where they can't be taken apart, and ``components`` takes them apart where that is not done
    by what was kept of them. ``reasons`` tells what was seen of why it was not used, by the events since
    then: see `activity.Event`. ``is_shared`` says whether other processes find its entries, as they find
    files; ``why_own`` why the entries can't be reached, where torch keeps them itself and they are watched.
    """

    name: str
    hooks: tuple[Hook, ...]
    switch: str = ""
    since: str = ""
    made_of: str = ""
    components: Callable[[MockCache, object], list[Part] | None] | None = None
    reasons: Callable[[Sequence[Any]], Iterable[str]] = _no_reasons
    is_shared: bool = True
    why_own: str = ""


def _leaves_alone(scope: Scope) -> bool:
    return bool(getattr(scope.entered_by, "leaves_local_caches", False))


def are_mocked() -> bool:
    """Return whether the local operations of the calling context are those of a scope, or of nobody.

    They are torch's own outside any scope, in one that leaves local caches alone, and where the real caches
    are watched.
    """
    if watched:
        return False
    if _asks():
        return bool(_ask_parent("are_mocked"))
    found = decided()
    return not all(map(_leaves_alone, (found,) if isinstance(found, Scope) else found))


def mocked(name: str) -> MockCache | None:
    """Return the cache called *name* that a local operation of the calling context belongs to.

    None where torch's own is to be used. A caller that is late, or whose scope can't be told, has a cache
    that is nobody's, and reaches no disk.
    """
    return cache_for(name) if are_mocked() else None


def _asks() -> bool:
    return is_asking() is not None and not own_scope_is_open()


def _ask_parent(question: str, *args: Any) -> Any:
    end = FarEnd("inductor", LIBRARIES)
    try:
        return end.do(question, *args)
    finally:
        end.do("close")


def place(cache: MockCache, key: str, folder: str, *, puts: bool = False) -> str:
    """Return what *key* is logged and kept under, whose file is in *folder* of the cache directory."""
    path = path_of(folder)
    number = _ask_parent("number_of", cache.name, path, puts) if _asks() else number_of(cache, path, puts)
    return placed(key, number)


def look_up(cache: MockCache, key: str, frame: FrameType | None = None) -> Any:
    """Look *key* up, as it is logged; return its value, or `MISSING`. The test may have it raise."""
    return cache.get(key, LIBRARIES, frame or _getframe(1))


def put(cache: MockCache, key: str, value: object, frame: FrameType | None = None) -> None:
    """Write *value* for *key*, as it is logged. The test may have it raise."""
    cache.put(key, value, LIBRARIES, frame or _getframe(1))


def disk_error(cache: MockCache) -> Exception:
    """Return what a disk raises that can't be read or written."""
    return OSError(errno.EIO, os.strerror(errno.EIO), cache.name)


def disk_full(key: object) -> Exception:
    """Return what a disk raises that has no room for the entry of *key*."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(key))


class LocalStorage(OwnStorage):
    """The entries of a local cache. A key may have several, each with guards of its own, the newest last."""

    def content(self, stored: Any) -> Any:
        found = super().content(stored)
        return found[-1] if isinstance(found, tuple) and found else found

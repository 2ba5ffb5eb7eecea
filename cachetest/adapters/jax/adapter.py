"""JAX's persistent compilation cache: a swap of the store of files that JAX makes for it.

JAX makes its store when the cache is first used, and remembers it. For a test it forgets that and makes one
anew, which is ours; afterwards it has the one that it had. What is in front of the store stays JAX's: keys,
compression, what is worth caching, what is done when the store fails.

For JAX 0.4.31 and later.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from ..._behaving.storage import Storage
from ..._patching.undo import Undo
from ..base import Adapter, Switch
from ..guarding import GuardPoint
from ..registry import known_adapters
from .hooks import hooked
from .modules import CACHE, compilation_cache
from .switches import JaxSwitch, begin_anew, set_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._caches.cache import MockCache

__all__ = ["Jax"]

_NEEDED = ("LRUCache", "is_cache_used", "get_executable_and_time", "CacheInterface")


class Jax(Adapter):
    """JAX's persistent compilation cache, for JAX 0.4.31 and later: the cache ``jax``."""

    name = "jax"
    caches = known_adapters["jax"].caches
    switches: tuple[Switch, ...] = (JaxSwitch(),)
    child_support = "refuse"

    def is_ready(self) -> bool:
        """Return whether this JAX has such a cache, under the names that it is known by."""
        try:
            return not _missing()
        except ImportError:
            return False

    def install(self) -> Undo:
        return Undo(self._swap)

    def _swap(self, undo: Undo) -> None:
        missing = _missing()
        if missing:
            raise ImportError(
                f"this JAX has no {missing} in jax._src.compilation_cache, so its cache can't be patched: "
                "0.4.31 is the oldest that can"
            )
        set_settings(undo)
        # In this order: undone, JAX finds its own store class before it is asked for a store.
        begin_anew(undo)
        undo.set_attributes(hooked())

    def components(self, cache: MockCache, key: object) -> list[tuple[str, object]]:
        """Return the parts that were kept of *key*."""
        # Loaded here: only a failure or a report needs it.
        from .key_parts import kept_parts

        kept = kept_parts(cache, key)
        return super().components(cache, key) if kept is None else kept

    def keep_details(self, cache: MockCache, key: object, details: Any) -> None:
        from .key_parts import keep_details

        keep_details(cache, key, details)

    def storage(self, cache: MockCache) -> Storage:
        return Storage(cache.cache)

    def failure(self, cache: MockCache) -> Exception | None:
        return OSError(errno.EIO, os.strerror(errno.EIO))

    def why_timeless(self, cache: MockCache) -> str:
        return "JAX gives what it puts in its cache no time to live"

    def why_unused(self, cache: MockCache, since: int = 0) -> str:
        """Return why JAX did not ask its cache, as far as its settings and its compiles show."""
        from .unused import why_unused

        return why_unused(cache)

    def why_fewer(self, cache: MockCache, since: int = 0) -> str:
        """Return which settings keep JAX from putting what it compiles."""
        from .unused import why_fewer

        return why_fewer()

    def guard_points(self) -> Iterable[GuardPoint]:
        """Return the calls that read and write files."""
        return [GuardPoint("jax._src.lru_cache:LRUCache", name, _directory) for name in ("get", "put")]


def _directory(_: object, store: Any, *_args: object, **_kwargs: object) -> str:
    return str(getattr(store, "path", None) or getattr(store, "_path", CACHE))


def _missing() -> str:
    module = compilation_cache()
    return next((name for name in _NEEDED if not hasattr(module, name)), "")

"""cachetools: a swap of the class of each cache object, which reaches everybody who holds one.

While it is patched, the object has a class of ours. That sends every operation to the running scope's own
cache: an empty one of the same class, made with the same arguments. So sizes, order, eviction and time to
live are the library's. The entries from before the test are not touched, and are there again after it.
A call that was running when the object was patched ends on it as it is, and so does one outside any scope.

For cachetools 5 and later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cachetools

from ..._patching.undo import Undo
from ..class_swap import patch_object, swap_of
from ..guarding import points_of_object
from ..targets import Targets
from .front import Swap
from .storage import ObjectStorage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..._behaving.storage import Storage
    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches
    from ..guarding import GuardPoint

__all__ = ["Cachetools"]

_Base = cachetools.Cache

# What a guard of a cache watches: all that reads or changes an entry.
_GUARDED = (
    *("__getitem__", "__setitem__", "__delitem__", "get", "pop", "setdefault", "popitem", "update", "clear"),
)


class Cachetools(Targets):
    """Caches of cachetools: ``Cachetools(sessions=app.sessions)``.

    A target is a cache object, of any class that derives from ``cachetools.Cache``, or a function that
    ``@cached`` has decorated with one.
    """

    name = "cachetools"

    def install(self) -> Undo:
        return Undo(self._patch)

    def _patch(self, undo: Undo) -> None:
        for name, cache in self.resolve().items():
            patch_object(undo, type(self).__name__, name, cache, Swap)

    def resolve(self) -> dict[str, Any]:
        return {name: _cache_in(name, target) for name, target in super().resolve().items()}

    def guard_points(self) -> Iterable[GuardPoint]:
        found: list[GuardPoint] = []
        for name, cache in self.resolve().items():
            swap = swap_of(cache)
            cls = type(cache) if swap is None else swap.original
            found += points_of_object(cls, _GUARDED, cache, f"the cache {name!r}")
        return found

    def is_patched(self, target: object) -> bool:
        return swap_of(target) is not None

    def patched_attributes(self) -> Mapping[str, object]:
        return {f"the class of the cache {name!r}": type(cache) for name, cache in self.resolve().items()}

    def why_timeless(self, cache: MockCache) -> str:
        """Return that its class has no time to live, if that is so."""
        target = self.resolve().get(cache.name)
        if isinstance(target, cachetools._TimedCache):
            return ""
        return f"nothing in a {type(target).__name__} expires: it keeps entries until it needs the room"

    def scope_context(self, caches: MockCaches) -> None:
        # Before the first operation, so that a test may put entries in by hand.
        for name, cache in self.resolve().items():
            swap = swap_of(cache)
            if swap is not None:
                swap.entries_in(caches[name])

    def storage(self, cache: MockCache) -> Storage:
        swap = swap_of(self.resolve()[cache.name])
        if swap is None:
            raise TypeError("it is not patched")
        return ObjectStorage(swap, swap.entries_in(cache))


def _cache_in(name: str, target: object) -> Any:
    """Return the cache that *target* is, or that the function *target* was decorated with."""
    found = target if isinstance(target, _Base) else getattr(target, "cache", None)
    if isinstance(found, _Base):
        return found
    raise TypeError(
        f"Cachetools({name}=...): expected a cachetools.Cache, such as LRUCache(100), or a function that "
        f"@cached has given such a cache, not {target!r}"
    )

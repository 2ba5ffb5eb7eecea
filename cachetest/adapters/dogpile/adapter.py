"""dogpile.cache: each scope has its own backend for a region, and its own copy of all that a region keeps.

While it is patched, the region has a class of ours, which sends each call to what the region is in the
running scope: at first the same, with a backend of ours under its proxies. So a test may configure, wrap or
invalidate a region, which is afterwards what it was. Its serializer, key mangler, expiration, invalidation
and lock are dogpile's own; the backend's own lock, which may be on a server, is not used. A call that was
running when the region was patched ends on it as it is.

For dogpile.cache 1.3 and later.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import dogpile.cache.api
import dogpile.cache.region
import dogpile.lock
from dogpile.cache import CacheRegion

from ..._behaving.storage import Storage
from ..._patching.undo import Undo
from ..class_swap import patch_object, swap_of
from ..clocked import MOVED_TIME, Places
from ..guarding import points_of_object
from ..targets import Targets
from .backend import is_backend_shared, last_proxy
from .faults import carry_out, failure_of, real_backend, too_large_for
from .region import RegionSwap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..._behaving.injection import Strike
    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches
    from ..guarding import GuardPoint

__all__ = ["Dogpile"]

# Where it reads how old a value is.
_MODULES = (dogpile.cache.api, dogpile.cache.region, dogpile.lock)
_PLACES = Places([(module, "time") for module in _MODULES], time, MOVED_TIME)
# What a guard of a region watches: all that reads or changes an entry.
_GUARDED = (
    *("get", "get_value_metadata", "get_multi", "get_or_create", "get_or_create_multi"),
    *("set", "set_multi", "delete", "delete_multi"),
)


class Dogpile(Targets):
    """Regions of dogpile.cache: ``Dogpile(users="app.cache:region")``, configured already or not yet."""

    name = "dogpile"
    example = "users='app.cache:region'"

    def install(self) -> Undo:
        return Undo(self._patch)

    def _patch(self, undo: Undo) -> None:
        _PLACES.move(undo)
        for name, region in self.resolve().items():
            patch_object(undo, type(self).__name__, name, region, RegionSwap)

    def resolve(self) -> dict[str, Any]:
        found = super().resolve()
        for name, region in found.items():
            if not isinstance(region, CacheRegion):
                raise TypeError(
                    f"Dogpile({name}=...): expected a region of dogpile.cache, as make_region() returns, "
                    f"not {region!r}"
                )
        return found

    def guard_points(self) -> Iterable[GuardPoint]:
        found: list[GuardPoint] = []
        for name, region in self.resolve().items():
            swap = swap_of(region)
            cls = type(region) if swap is None else swap.original
            found += points_of_object(cls, _GUARDED, region, f"the region {name!r}")
        return found

    def is_patched(self, target: object) -> bool:
        return swap_of(target) is not None

    def patched_attributes(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for name, region in self.resolve().items():
            found[f"the class of the region {name!r}"] = type(region)
            proxy = last_proxy(object.__getattribute__(region, "__dict__").get("backend"))
            if proxy is not None:
                found[f"the backend under the proxies of the region {name!r}"] = proxy.proxied
        return found

    def scope_context(self, caches: MockCaches) -> None:
        # Before the first operation, so that a test may put entries in by hand.
        for name, region in self.resolve().items():
            swap = swap_of(region)
            if swap is not None:
                swap.state_in(caches[name])

    def carry_out(self, strike: Strike, proceed: Callable[[], Any]) -> Any:
        """Do what there is to do on the entries, and raise what the client of the backend would."""
        return carry_out(super().carry_out, self._backend_of(strike.call.gate), strike, proceed)

    def failure(self, cache: MockCache) -> Exception | None:
        return failure_of(self._backend_of(cache))

    def too_large(self, cache: MockCache, key: object, size: int, limit: int) -> Exception | None:
        return too_large_for(self._backend_of(cache))

    def _backend_of(self, cache: MockCache) -> Any:
        return real_backend(self.resolve()[cache.name], cache)

    def is_shared(self, cache: MockCache) -> bool:
        """Return whether the region's own backend is on a server, or in a file."""
        return is_backend_shared(self._backend_of(cache))

    def storage(self, cache: MockCache) -> Storage:
        swap = swap_of(self.resolve()[cache.name])
        if swap is None:
            raise TypeError("it is not patched")
        own = object.__getattribute__(swap.state_in(cache).face, "__dict__")
        serializer = own.get("serializer") or getattr(own.get("backend"), "serializer", None)
        return Storage(swap.stored_in(cache), holds_objects=serializer is None)

    def entry_key(self, cache: str, key: object) -> object:
        region = self.resolve()[cache]
        return region.key_mangler(key) if region.key_mangler else key

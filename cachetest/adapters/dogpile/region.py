"""A patched region: its attributes in each scope, and its class meanwhile."""

from __future__ import annotations

import copy
import copyreg
from contextvars import ContextVar
from functools import partial
from sys import _getframe
from typing import TYPE_CHECKING, Any

from dogpile.cache.api import NO_VALUE
from dogpile.util import NameRegistry

from ..._behaving.gate import MISSING
from ..._caches.attribution import cache_for
from ..class_swap import ClassSwap, class_attribute, hidden, named_after
from .backend import LIBRARIES, RegionCall, ScopedBackend, current_call, last_proxy
from .entries import RegionEntries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..._caches.cache import MockCache

__all__ = ["RegionSwap"]

_METADATA, _GET_MULTI, _GET_OR_CREATE, _GET_OR_CREATE_MULTI, _SET, _SET_MULTI = (
    {"asked": name}
    for name in (
        "get_value_metadata",
        "get_multi",
        "get_or_create",
        "get_or_create_multi",
        "set",
        "set_multi",
    )
)


# The last error of a serializer. An error of the program's own creator goes through the region as well, and
# is no failure.
_unserialized: ContextVar[Exception | None] = ContextVar("cachetest.dogpile.unserialized", default=None)


class RegionSwap(ClassSwap):
    """One region that is patched."""

    def __init__(self, name: str, region: Any) -> None:
        super().__init__(name, region)
        self._found = dict(vars(region))
        backend = self._found.get("backend")
        self._proxy = last_proxy(backend)
        self._real = backend if self._proxy is None else self._proxy.proxied
        self._scoped = None if backend is None else self._scoped_like(self._real)
        self.front = _make_front(self)

    def put_in(self) -> None:
        # The proxies that the region has already are the program's own objects, and stay.
        self._put_under_proxies(self._scoped)
        super().put_in()

    def put_back(self) -> None:
        self._put_under_proxies(self._real)
        super().put_back()

    def _put_under_proxies(self, backend: Any) -> None:
        if self._proxy is not None:
            self._proxy.proxied = backend

    def _scoped_like(self, real: Any) -> ScopedBackend:
        return ScopedBackend(self.name, real, self.stored_in)

    def scoped(self, backend: Any) -> Any:
        """Return *backend* with ours in place of the one under its proxies."""
        last = last_proxy(backend)
        if last is None:
            return backend if isinstance(backend, ScopedBackend) else self._scoped_like(backend)
        last.proxied = self.scoped(last.proxied)
        return backend

    def state(self) -> dict[str, Any]:
        """Return the attributes that the region has in the running scope."""
        return self.state_in(cache_for(self.name))

    def state_in(self, counts: MockCache) -> dict[str, Any]:
        """Return those of the scope of *counts*."""
        state = counts.adapter_state(f"state of {id(self.target)}", self._make_state)
        if not isinstance(counts.cache, RegionEntries):
            counts.cache = RegionEntries(self.target, self.stored_in(counts))
        return state

    def stored_in(self, counts: MockCache) -> dict[Any, Any]:
        """Return the entries of the backend in the scope of *counts*, as the region gave them to it."""
        stored: dict[Any, Any] = counts.adapter_state(f"entries of {id(self.target)}", dict)
        return stored

    def _make_state(self) -> dict[str, Any]:
        state = {**self._found, "region_invalidator": copy.copy(self._found["region_invalidator"])}
        state.pop("_actual_backend", None)
        if "backend" in state:
            state["backend"] = self._scoped if self._proxy is None else state["backend"]
            state["_lock_registry"] = NameRegistry(partial(self.original._create_mutex, self.target))
        return state

    def count(self, key: object, value: object, call: RegionCall) -> None:
        """Count a lookup that came to *value*, or to `MISSING`.

        A value that was there, and would not do, has expired.
        """
        counts = cache_for(self.name)
        if value is MISSING and call.there.get(key):
            counts.record("expiration", key, LIBRARIES)
        counts.record("miss" if value is MISSING else "hit", key, LIBRARIES, call.known)


class _Mutex:
    """The lock of one key, which dogpile takes in a call when the lookup has found nothing that will do."""

    def __init__(self, swap: RegionSwap, key: object, mutex: Any) -> None:
        self._swap = swap
        self._key = key
        self._mutex = mutex

    def acquire(self, wait: bool = True) -> Any:
        call = current_call.get()
        if call is not None:
            call.missed.add(self._key)
            self._swap.count(self._key, MISSING, call)
        return self._mutex.acquire(wait)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mutex, name)


def _make_front(swap: RegionSwap) -> Any:
    """Return the class that the region has while it is patched, whose lookups are counted once each."""
    original = swap.original

    # Functions, since a method is found by way of the scope's state, which takes long.

    def mangled(region: Any, key: Any) -> Any:
        mangler = region.key_mangler
        return mangler(key) if mangler else key

    def count_hits(region: Any, keys: Iterable[Any], call: RegionCall) -> None:
        for key in dict.fromkeys(mangled(region, key) for key in keys):
            if key not in call.missed:
                swap.count(key, key, call)

    def failing(
        region: Any, error: Exception, keys: Iterable[Any], known: Mapping[str, object] | None = None
    ) -> None:
        """Log that a call has failed if *error* is that of a serializer, which runs above the backend."""
        if error is _unserialized.get():
            _unserialized.set(None)
            made = [mangled(region, key) for key in keys]
            cache_for(swap.name).fail(made, error, LIBRARIES, _getframe(1), known, "get")

    class Front(original):  # type: ignore[misc, valid-type]
        def get(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                with RegionCall(None) as call:
                    found = original.get(self, key, *args, **kwargs)
            except Exception as error:
                failing(self, error, (key,))
                raise
            swap.count(mangled(self, key), MISSING if found is NO_VALUE else found, call)
            return found

        def get_value_metadata(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                with RegionCall(_METADATA) as call:
                    found = original.get_value_metadata(self, key, *args, **kwargs)
            except Exception as error:
                failing(self, error, (key,), _METADATA)
                raise
            swap.count(mangled(self, key), MISSING if found is None else found, call)
            return found

        def get_multi(self, keys: Any, *args: Any, **kwargs: Any) -> Any:
            keys = list(keys)
            try:
                with RegionCall(_GET_MULTI) as call:
                    found = original.get_multi(self, keys, *args, **kwargs)
            except Exception as error:
                failing(self, error, keys, _GET_MULTI)
                raise
            for key, value in zip(keys, found, strict=True):
                swap.count(mangled(self, key), MISSING if value is NO_VALUE else value, call)
            return found

        def get_or_create(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                with RegionCall(_GET_OR_CREATE) as call:
                    found = original.get_or_create(self, key, *args, **kwargs)
            except Exception as error:
                failing(self, error, (key,), _GET_OR_CREATE)
                raise
            count_hits(self, (key,), call)
            return found

        def get_or_create_multi(self, keys: Any, *args: Any, **kwargs: Any) -> Any:
            keys = list(keys)
            try:
                with RegionCall(_GET_OR_CREATE_MULTI) as call:
                    found = original.get_or_create_multi(self, keys, *args, **kwargs)
            except Exception as error:
                failing(self, error, keys, _GET_OR_CREATE_MULTI)
                raise
            count_hits(self, keys, call)
            return found

        def set(self, key: Any, *args: Any, **kwargs: Any) -> None:
            try:
                original.set(self, key, *args, **kwargs)
            except Exception as error:
                failing(self, error, (key,), _SET)
                raise

        def set_multi(self, mapping: Any, *args: Any, **kwargs: Any) -> None:
            try:
                original.set_multi(self, mapping, *args, **kwargs)
            except Exception as error:
                failing(self, error, mapping, _SET_MULTI)
                raise

        def _serialize_cached_value_elements(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return original._serialize_cached_value_elements(self, *args, **kwargs)
            except Exception as error:
                _unserialized.set(error)
                raise

        def _parse_serialized_from_backend(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return original._parse_serialized_from_backend(self, *args, **kwargs)
            except Exception as error:
                _unserialized.set(error)
                raise

        def _mutex(self, key: Any) -> Any:
            return _Mutex(swap, key, super()._mutex(key))

        def __reduce_ex__(self, protocol: Any) -> Any:
            # A copy is an unpatched region of its own, with the scope's attributes, so that it never reaches
            # the real backend.
            return copyreg.__newobj__, (original,), dict(swap.state())  # type: ignore[attr-defined]

        def __getattribute__(self, name: str) -> Any:
            if name == "__class__":
                return original
            own = swap.state()
            if name == "__dict__":
                return own
            if name in own:
                return own[name]
            if hidden(self, own, name):
                return class_attribute(self, name)
            return super().__getattribute__(name)

        def __setattr__(self, name: str, value: object) -> None:
            swap.state()[name] = swap.scoped(value) if name == "backend" else value

        def __delattr__(self, name: str) -> None:
            if name not in swap.state():
                raise AttributeError(name)
            del swap.state()[name]

    return named_after(original, Front)

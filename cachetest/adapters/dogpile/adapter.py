"""dogpile.cache: a swap of a region's backend, and of all else that a region remembers, for each scope.

The region object is given a class of ours, whose attributes are the running scope's: at first those that the
region had, with a backend of ours under its proxies. So a region may be configured, wrapped or invalidated in
a test, and is afterwards what it was. Its serializer, key mangler, expiration, invalidation and lock are
dogpile's own; the backend's own lock, which may be on a server, is not used.

For dogpile.cache 1.3 and later.
"""

from __future__ import annotations

import copy
import copyreg
from collections.abc import MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from dogpile.cache import CacheRegion
from dogpile.cache.api import NO_VALUE, CacheBackend
from dogpile.cache.backends.null import NullBackend
from dogpile.cache.proxy import ProxyBackend
from dogpile.util import NameRegistry

from ..._behaving.gate import MISSING
from ..._caches.attribution import cache_for
from ..._patching.undo import Undo
from ..class_swap import ClassSwap, class_attribute, hidden, named_after, patch_object, swap_of
from ..targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches

__all__ = ["Dogpile"]

_LIBRARIES = frozenset({"dogpile"})


class Dogpile(Targets):
    """Regions of dogpile.cache: ``Dogpile(users="app.cache:region")``, configured already or not yet."""

    name = "dogpile"
    example = "users='app.cache:region'"

    def install(self) -> Undo:
        return Undo(self._patch)

    def _patch(self, undo: Undo) -> None:
        for name, region in self.resolve().items():
            patch_object(undo, type(self).__name__, name, region, _Swap)

    def resolve(self) -> dict[str, Any]:
        found = super().resolve()
        for name, region in found.items():
            if not isinstance(region, CacheRegion):
                raise TypeError(
                    f"Dogpile({name}=...): expected a region of dogpile.cache, as make_region() returns, "
                    f"not {region!r}"
                )
        return found

    def patched_attributes(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for name, region in self.resolve().items():
            found[f"the class of the region {name!r}"] = type(region)
            proxy = _last_proxy(object.__getattribute__(region, "__dict__").get("backend"))
            if proxy is not None:
                found[f"the backend under the proxies of the region {name!r}"] = proxy.proxied
        return found

    def scope_context(self, caches: MockCaches) -> None:
        # Before the first operation, so that a test may put entries in by hand.
        for name, region in self.resolve().items():
            swap = swap_of(region)
            if swap is not None:
                swap.state_in(caches[name])

    def entry_key(self, cache: str, key: object) -> object:
        region = self.resolve()[cache]
        return region.key_mangler(key) if region.key_mangler else key


class _Call:
    """One call of the program while it runs: what the backend had for each key, and which were looked up."""

    def __init__(self) -> None:
        self.there: dict[Any, bool] = {}
        self.missed: set[Any] = set()


_call: ContextVar[_Call | None] = ContextVar("cachetest.dogpile", default=None)


class _Swap(ClassSwap):
    """One region that is patched."""

    def __init__(self, name: str, region: Any) -> None:
        super().__init__(name, region)
        self._found = dict(vars(region))
        backend = self._found.get("backend")
        self._proxy = _last_proxy(backend)
        self._real = backend if self._proxy is None else self._proxy.proxied
        self._mock = None if backend is None else _Backend(self, self._real)
        self.front = _make_front(self)

    def put_in(self) -> None:
        # The proxies that the region has already are the program's own objects, and stay.
        self._put_under_proxies(self._mock)
        super().put_in()

    def put_back(self) -> None:
        self._put_under_proxies(self._real)
        super().put_back()

    def _put_under_proxies(self, backend: Any) -> None:
        if self._proxy is not None:
            self._proxy.proxied = backend

    def state(self) -> dict[str, Any]:
        """Return the attributes that the region has in the running scope."""
        return self.state_in(cache_for(self.name))

    def state_in(self, counts: MockCache) -> dict[str, Any]:
        found = counts.adapter_state(f"state of {id(self.target)}", self._make_state)
        if not isinstance(counts.cache, _Entries):
            counts.cache = _Entries(self, self.stored_in(counts))
        return found

    def stored_in(self, counts: MockCache) -> dict[Any, Any]:
        """Return what the backend holds in the scope of *counts*, as the region gave it."""
        found: dict[Any, Any] = counts.adapter_state(f"entries of {id(self.target)}", dict)
        return found

    def _make_state(self) -> dict[str, Any]:
        state = {**self._found, "region_invalidator": copy.copy(self._found["region_invalidator"])}
        state.pop("_actual_backend", None)
        if "backend" in state:
            state["backend"] = self._mock if self._proxy is None else state["backend"]
            state["_lock_registry"] = NameRegistry(partial(self.original._create_mutex, self.target))
        return state

    def mocked(self, backend: Any) -> Any:
        """Return *backend* with ours in place of the one under its proxies."""
        last = _last_proxy(backend)
        if last is None:
            return backend if isinstance(backend, _Backend) else _Backend(self, backend)
        last.proxied = self.mocked(last.proxied)
        return backend

    @contextmanager
    def call(self) -> Iterator[_Call]:
        made = _Call()
        token = _call.set(made)
        try:
            yield made
        finally:
            _call.reset(token)

    def count(self, key: object, value: object, call: _Call) -> None:
        """Count a lookup that came to *value*, or to `MISSING`; what was there and did not do has expired."""
        counts = cache_for(self.name)
        if value is MISSING and call.there.get(key):
            counts.record("expiration", key, _LIBRARIES)
        counts.lookup(key, lambda: value, _LIBRARIES)


def _last_proxy(backend: Any) -> Any:
    """Return the innermost proxy around *backend*, or None."""
    last = None
    while isinstance(backend, ProxyBackend):
        last, backend = backend, backend.proxied
    return last


class _Backend(CacheBackend):  # type: ignore[misc]
    """What a region has for a backend while it is patched, with the serializers and the mangler of *real*."""

    def __init__(self, swap: _Swap, real: Any) -> None:
        self._swap = swap
        self._keeps = not isinstance(real, NullBackend)
        self.key_mangler = real.key_mangler
        self.serializer = real.serializer
        self.deserializer = real.deserializer

    def _stored(self) -> dict[Any, Any]:
        return self._swap.stored_in(cache_for(self._swap.name))

    def get(self, key: Any) -> Any:
        found = self._stored().get(key, NO_VALUE)
        call = _call.get()
        if call is not None:
            call.there[key] = found is not NO_VALUE
        return found

    def get_multi(self, keys: Iterable[Any]) -> list[Any]:
        return [self.get(key) for key in keys]

    def set(self, key: Any, value: Any) -> None:
        counts = cache_for(self._swap.name)
        unkept: set[Any] = counts.adapter_state("keys not kept", set)
        if self._keeps:
            self._stored()[key] = value
            unkept.discard(key)
        else:
            unkept.add(key)
        counts.record("put", key, _LIBRARIES)

    def set_multi(self, mapping: Mapping[Any, Any]) -> None:
        for key, value in mapping.items():
            self.set(key, value)

    def delete(self, key: Any) -> None:
        self._stored().pop(key, None)
        cache_for(self._swap.name).record("delete", key, _LIBRARIES)

    def delete_multi(self, keys: Iterable[Any]) -> None:
        for key in keys:
            self.delete(key)


class _Mutex:
    """The lock of one key in one call: dogpile takes it when the lookup has found nothing that will do."""

    def __init__(self, swap: _Swap, key: object, mutex: Any) -> None:
        self._swap = swap
        self._key = key
        self._mutex = mutex

    def acquire(self, wait: bool = True) -> Any:
        call = _call.get()
        if call is not None:
            call.missed.add(self._key)
            self._swap.count(self._key, MISSING, call)
        return self._mutex.acquire(wait)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mutex, name)


def _make_front(swap: _Swap) -> Any:
    """Return the class that the region has while it is patched: each call counts once, and is the scope's."""
    original = swap.original

    class Front(original):  # type: ignore[misc, valid-type]
        def _mangled(self, key: Any) -> Any:
            return self.key_mangler(key) if self.key_mangler else key

        def _looked_up(self, method: Any, nothing: object, key: Any, args: Any, kwargs: Any) -> Any:
            with swap.call() as call:
                value = method(self, key, *args, **kwargs)
            swap.count(self._mangled(key), MISSING if value is nothing else value, call)
            return value

        def get(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            return self._looked_up(original.get, NO_VALUE, key, args, kwargs)

        def get_value_metadata(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            return self._looked_up(original.get_value_metadata, None, key, args, kwargs)

        def get_multi(self, keys: Any, *args: Any, **kwargs: Any) -> Any:
            keys = list(keys)
            with swap.call() as call:
                values = original.get_multi(self, keys, *args, **kwargs)
            for key, value in zip(keys, values, strict=True):
                swap.count(self._mangled(key), MISSING if value is NO_VALUE else value, call)
            return values

        def get_or_create(self, key: Any, *args: Any, **kwargs: Any) -> Any:
            with swap.call() as call:
                value = original.get_or_create(self, key, *args, **kwargs)
            self._found([key], call)
            return value

        def get_or_create_multi(self, keys: Any, *args: Any, **kwargs: Any) -> Any:
            keys = list(keys)
            with swap.call() as call:
                values = original.get_or_create_multi(self, keys, *args, **kwargs)
            self._found(keys, call)
            return values

        def _found(self, keys: list[Any], call: _Call) -> None:
            for key in dict.fromkeys(map(self._mangled, keys)):
                if key not in call.missed:
                    swap.count(key, key, call)

        def _mutex(self, key: Any) -> Any:
            return _Mutex(swap, key, super()._mutex(key))

        def __reduce_ex__(self, protocol: Any) -> Any:
            # A copy is a region of its own, not patched, and with what this one has in the scope: nothing of
            # it reaches the real backend.
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
            swap.state()[name] = swap.mocked(value) if name == "backend" else value

        def __delattr__(self, name: str) -> None:
            if name not in swap.state():
                raise AttributeError(name)
            del swap.state()[name]

    return named_after(original, Front)


class _Entries(MutableMapping[Any, Any]):
    """The values of one region in one scope that its own `get` would find, by mangled key; nothing counts."""

    def __init__(self, swap: _Swap, stored: dict[Any, Any]) -> None:
        self._swap = swap
        self._stored = stored

    def _value(self, stored: Any) -> Any:
        region = self._swap.target
        value = region._parse_serialized_from_backend(stored) if isinstance(stored, bytes) else stored
        return region._unexpired_value_fn(None, False)(value).payload

    def __getitem__(self, key: Any) -> Any:
        value = self._value(self._stored[key])
        if value is NO_VALUE:
            raise KeyError(key)
        return value

    def __setitem__(self, key: Any, value: Any) -> None:
        region = self._swap.target
        made: Callable[[Any], Any] = region._serialized_payload if region.serializer else region._value
        self._stored[key] = made(value)

    def __delitem__(self, key: Any) -> None:
        del self._stored[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(
            [key for key, stored in list(self._stored.items()) if self._value(stored) is not NO_VALUE]
        )

    def __len__(self) -> int:
        return len(list(iter(self)))

    def clear(self) -> None:
        self._stored.clear()

    def __repr__(self) -> str:
        return repr(dict(self))

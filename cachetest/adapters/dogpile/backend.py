"""The backend under a region while it is patched, and the call of the region that uses it.

The gate is here, and not at the region, because the entries are here. What is in force acts right before they
are touched, and dogpile's own lock, serializer and proxies, which are above, stay in the tested path. But to
this backend a lookup is a value or nothing. Whether a value will do, or has expired, the region says. So the
backend records no effect of a lookup, and the region counts the hit or the miss when its call is over. A put,
a delete and a failure are recorded here. A failure is not counted twice, since the exception goes through the
region, which then counts nothing.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from dogpile.cache.api import NO_VALUE, CacheBackend
from dogpile.cache.backends.null import NullBackend
from dogpile.cache.proxy import ProxyBackend

from ..._behaving.call import calls_uncounted
from ..._behaving.gate import MISSING
from .far_entries import FarEntries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..._behaving.call import Call
    from ..._behaving.gate import Effect
    from ..._caches.cache import MockCache

__all__ = ["LIBRARIES", "RegionCall", "ScopedBackend", "current_call", "is_backend_shared", "last_proxy"]

# The modules of dogpile's own back ends that keep their entries in the process.
_OF_PROCESS = frozenset({"dogpile.cache.backends.memory", "dogpile.cache.backends.null"})

LIBRARIES = frozenset({"dogpile"})
_GET_MULTI, _SET, _SET_MULTI, _DELETE_MULTI = (
    {"asked": name} for name in ("get_multi", "set", "set_multi", "delete_multi")
)


class RegionCall:
    """One lookup that the program asks a region for, for as long as it is entered.

    *known* says by which name it was called. ``there`` is what the backend had for each key, or `MISSING`;
    ``missed`` are the keys that have been counted as misses; ``unread`` is what dogpile could not read;
    ``struck`` are the calls of the backend that a test has had struck.
    """

    __slots__ = ("_around", "_later", "known", "missed", "struck", "there", "unread")

    def __init__(self, known: Mapping[str, object] | None) -> None:
        self.known = known
        self.there: dict[Any, Any] = {}
        self.missed: set[Any] = set()
        self.unread: list[Any] = []
        self.struck: list[Call] = []

    def __enter__(self) -> RegionCall:
        self._around = current_call.get()
        current_call.set(self)
        self._later = calls_uncounted.get()
        calls_uncounted.set(self.struck)
        return self

    def __exit__(self, *_: object) -> None:
        current_call.set(self._around)
        calls_uncounted.set(self._later)

    def has(self, key: Any) -> bool:
        """Return whether the backend had a value for *key*."""
        return self.there.get(key, MISSING) is not MISSING

    def has_unread(self, key: Any) -> bool:
        """Return whether it had one that dogpile could not read."""
        found = self.there.get(key, MISSING)
        # A proxy may have handed on another one.
        return any(each is found for each in self.unread) or (bool(self.unread) and len(self.there) == 1)


current_call: ContextVar[RegionCall | None] = ContextVar("cachetest.dogpile", default=None)


def last_proxy(backend: Any) -> Any:
    """Return the innermost proxy around *backend*, or None."""
    last = None
    while isinstance(backend, ProxyBackend):
        last, backend = backend, backend.proxied
    return last


def is_backend_shared(backend: Any) -> bool:
    """Return whether *backend*, the real one of a region, has the same entries in several processes."""
    modules = {cls.__module__ for cls in type(backend).__mro__}
    return backend is not None and not modules & _OF_PROCESS


class ScopedBackend(CacheBackend):  # type: ignore[misc]
    """The backend of a region, with the serializers and the key mangler of *real*, which it replaces.

    A call of the region as it is goes on to *real*, which it may do by way of a proxy that is patched.
    """

    def __init__(
        self,
        real: Any,
        counts_of_call: Callable[[], MockCache | None],
        stored_in: Callable[[MockCache], dict[Any, Any]],
    ) -> None:
        """Make one that asks *counts_of_call* whose a call is; *stored_in* gives the entries of its scope."""
        self.counts_of_call = counts_of_call
        self._stored_in = stored_in
        self._real = real
        self._keeps = not isinstance(real, NullBackend)
        self.key_mangler = real.key_mangler
        self.serializer = real.serializer
        self.deserializer = real.deserializer

    def _stored(self, cache: MockCache) -> Any:
        """Return the entries in the scope of *cache*, which may be in the parent of this process."""
        if cache.is_remote and is_backend_shared(self._real):
            return cache.adapter_state("entries in the parent", partial(FarEntries, cache.name))
        return self._stored_in(cache)

    def _get_in(self, cache: MockCache, key: Any) -> Any:
        call = current_call.get()
        known = None if call is None else call.known
        find = partial(self._stored(cache).get, key, MISSING)
        return _seen(call, key, cache.perform("get", (key,), find, _no_effect, LIBRARIES, known))

    def _get_multi_in(self, cache: MockCache, keys: Iterable[Any]) -> list[Any]:
        call = current_call.get()
        known = _GET_MULTI if call is None else call.known
        keys = list(keys)
        stored = self._stored(cache)

        def find_all() -> list[Any]:
            return [stored.get(key, MISSING) for key in keys]

        found = cache.perform("get", keys, find_all, _no_effect, LIBRARIES, known)
        return [_seen(call, key, value) for key, value in zip(keys, found, strict=True)]

    def _set_in(self, cache: MockCache, key: Any, value: Any) -> None:

        def store() -> None:
            if self._keeps:
                self._stored(cache)[key] = value
                _unkept_in(cache).discard(key)
            else:
                _unkept_in(cache).add(key)

        cache.write(key, store, LIBRARIES, known=_SET)

    def _set_multi_in(self, cache: MockCache, mapping: Mapping[Any, Any]) -> None:
        keys = list(mapping)

        def store_all() -> None:
            if self._keeps:
                self._stored(cache).update(mapping)
                _unkept_in(cache).difference_update(keys)
            else:
                _unkept_in(cache).update(keys)

        cache.perform("put", keys, store_all, lambda _: [("put", key) for key in keys], LIBRARIES, _SET_MULTI)

    def _delete_in(self, cache: MockCache, key: Any) -> None:
        self._delete(cache, (key,), None)

    def _delete_multi_in(self, cache: MockCache, keys: Iterable[Any]) -> None:
        self._delete(cache, list(keys), _DELETE_MULTI)

    def _delete(self, cache: MockCache, keys: Sequence[Any], known: Mapping[str, object] | None) -> None:
        stored = self._stored(cache)

        def delete_all() -> None:
            for key in keys:
                stored.pop(key, None)

        cache.perform(
            "delete", keys, delete_all, lambda _: [("delete", key) for key in keys], LIBRARIES, known
        )


def _dispatching(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return the method *name* of a backend: *method*, with the cache of a scope, or that of the real one."""

    def dispatch(self: ScopedBackend, *args: Any, **kwargs: Any) -> Any:
        cache = self.counts_of_call()
        if cache is None:
            return getattr(self._real, name)(*args, **kwargs)
        return method(self, cache, *args, **kwargs)

    return dispatch


def _inherited(name: str) -> Callable[..., Any]:
    method = getattr(CacheBackend, name)
    return lambda self, _, *args: method(self, *args)


for _name in ("get", "get_multi", "set", "set_multi", "delete", "delete_multi"):
    setattr(ScopedBackend, _name, _dispatching(_name, getattr(ScopedBackend, f"_{_name}_in")))
for _name in (
    "get_mutex",
    *(f"{each}_serialized{multi}" for each in ("get", "set") for multi in ("", "_multi")),
):
    setattr(ScopedBackend, _name, _dispatching(_name, _inherited(_name)))
# A class is abstract by what it lacks when it is made.
ScopedBackend.__abstractmethods__ = frozenset()


def _unkept_in(cache: MockCache) -> set[Any]:
    unkept: set[Any] = cache.adapter_state("keys not kept", set)
    return unkept


def _no_effect(_: object) -> Iterable[Effect]:
    return ()


def _seen(call: RegionCall | None, key: Any, found: Any) -> Any:
    """Return *found* as dogpile has it, and note in the region's *call* whether there was a value."""
    if call is not None:
        call.there[key] = found
    return NO_VALUE if found is MISSING else found

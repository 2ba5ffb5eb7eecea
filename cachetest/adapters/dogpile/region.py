"""A patched region: its attributes in each scope, and its class meanwhile."""

from __future__ import annotations

import copy
import copyreg
from typing import TYPE_CHECKING, Any, NamedTuple

from dogpile.cache.proxy import ProxyBackend
from dogpile.util import NameRegistry

from ..._caches.attribution import cache_in_scope
from ..calls import calls_of_caller
from ..class_swap import ClassSwap, named_after
from ..front import make_front
from .backend import LIBRARIES, ScopedBackend, last_proxy
from .entries import RegionEntries
from .face import make_face

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..._caches.cache import MockCache

__all__ = ["RegionSwap"]


class RegionState(NamedTuple):
    """The counts that a scope keeps of a region, and the face, whose attributes are the region's in it."""

    counts: MockCache
    face: Any


class RegionSwap(ClassSwap):
    """One region that is patched."""

    libraries = LIBRARIES
    counted = frozenset(
        {"get", "get_value_metadata", "get_multi", "get_or_create", "get_or_create_multi"},
    )

    def __init__(self, name: str, region: Any) -> None:
        super().__init__(name, region)
        self._found = dict(vars(region))
        backend = self._found.get("backend")
        self._proxy = last_proxy(backend)
        self.real = backend if self._proxy is None else self._proxy.proxied
        self._scoped = None if backend is None else self._scoped_like(self.real)
        self.face = make_face(self.original, self.target, self.scoped)
        self.front = make_front(self, _make_copied(self))

    def put_in(self) -> None:
        # The proxies that the region has already are the program's own objects, and stay.
        self._put_under_proxies(self._scoped)
        super().put_in()

    def put_back(self) -> None:
        super().put_back()
        self._put_under_proxies(self.real)

    def _put_under_proxies(self, backend: Any) -> None:
        if self._proxy is not None:
            self._proxy.proxied = backend

    def _scoped_like(self, real: Any) -> ScopedBackend:
        return ScopedBackend(real, self.counts_of_call, self.stored_in)

    def scoped(self, backend: Any) -> Any:
        """Return *backend* with ours in place of the one under its proxies."""
        last = last_proxy(backend)
        if last is None:
            return backend if isinstance(backend, ScopedBackend) else self._scoped_like(backend)
        last.proxied = self.scoped(last.proxied)
        return backend

    def in_scope(self) -> RegionState | None:
        """Return what the region is in the running scope; None outside any."""
        counts = cache_in_scope(self.name)
        return None if counts is None else self.state_in(counts)

    def state_in(self, counts: MockCache) -> RegionState:
        """Return what it is in the scope of *counts*."""
        state: RegionState = counts.adapter_state(
            f"state of {id(self.target)}", lambda: self._make_state(counts), self._begin_state_as
        )
        if not isinstance(counts.cache, RegionEntries) and not (counts.is_remote and counts.is_shared):
            counts.cache = RegionEntries(state.face, self.stored_in(counts))
        return state

    def stored_in(self, counts: MockCache) -> dict[Any, Any]:
        """Return the entries of the backend in the scope of *counts*, as the region gave them to it."""
        stored: dict[Any, Any] = counts.adapter_state(f"entries of {id(self.target)}", dict, _begin_as)
        return stored

    def _make_state(self, counts: MockCache) -> RegionState:
        face = object.__new__(self.face)
        own = {**self._found, "region_invalidator": copy.copy(self._found["region_invalidator"])}
        own.pop("_actual_backend", None)
        if "backend" in own:
            own["backend"] = self._in_scope_for_good(own["backend"])
            own["_lock_registry"] = NameRegistry(face._create_mutex)
        object.__setattr__(face, "__dict__", own)
        face._cachetest_counts = counts
        return RegionState(counts, face)

    def _begin_state_as(self, state: RegionState, other: RegionState, _copy: object) -> Iterable[object]:
        """Have in *state* what the region has in *other*, but for its locks; no keys are in there."""
        own, found = (object.__getattribute__(each.face, "__dict__") for each in (state, other))
        locks = own.get("_lock_registry") or NameRegistry(state.face._create_mutex)
        own.clear()
        own.update(found)
        own["region_invalidator"] = copy.copy(found["region_invalidator"])
        if "_lock_registry" in found:
            own["_lock_registry"] = locks
        return ()

    def _in_scope_for_good(self, backend: Any) -> Any:
        """Return our backend under proxies like those of *backend*, with whatever these keep.

        A call that goes on when the region is patched no more has proxies under which the real one is again.
        """
        if not isinstance(backend, ProxyBackend):
            return self._scoped
        inner = self._in_scope_for_good(backend.proxied)
        own = {"proxied": property(lambda _: inner), "__class__": property(lambda _: type(backend))}
        made = object.__new__(named_after(type(backend), type("Proxy", (type(backend),), own)))
        object.__setattr__(made, "__dict__", vars(backend))
        return made

    def counts_of_call(self) -> MockCache | None:
        """Return the counts that a call of the backend is for; None for one of the region as it is."""
        called: Any
        for called in reversed(calls_of_caller()):
            if type(called) is self.face:
                counts: MockCache = called._cachetest_counts
                return counts
            if called is self.target:
                return None
        found = self.in_place_of_caller()
        return None if found is None else found.counts


def _begin_as(
    stored: dict[Any, Any], other: dict[Any, Any], copied: Callable[[object, Any], Any]
) -> Iterable[object]:
    """Put copies of the entries of *other* in *stored*, and return their keys."""
    stored.update({key: copied(key, value) for key, value in other.copy().items()})
    return stored


def _make_copied(swap: RegionSwap) -> Any:
    """Return a subclass of the region's class of which a copy is an unpatched region of its own.

    It has the attributes that the region has where it is copied, so that it never reaches the real backend of
    a region that is patched.
    """
    original = swap.original

    class Copied(original):  # type: ignore[misc, valid-type]
        def __reduce_ex__(self, protocol: Any) -> Any:
            found = swap.in_place_of(self)
            own = object.__getattribute__(self if found is None else found.face, "__dict__")
            return copyreg.__newobj__, (original,), dict(own)  # type: ignore[attr-defined]

    return Copied

"""PyTorch's compile caches: a swap of the backend that its remote caches, and one local, are given.

A cache object of torch takes its backend when it is made. Torch makes one for each use, save for that of
AOTAutograd, which it memoises; that one is made anew for the test. A cache object that the program itself
made before the test, and still holds, keeps its real backend, and its operations are not seen.

Read from the released wheels of torch 2.6.0 to 2.15.0.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._behaving.carrying import OWN
from ..._caches.attribution import is_late
from ..._patching.undo import AttributePatch, Undo
from ..base import Adapter, Switch
from ..registry import known_adapters
from . import hooks
from .activity import now
from .backend import backend_class, installed_factory
from .cache_classes import CACHE_CLASSES, FBCODE_CACHE_CLASSES, REMOTE, CacheClass
from .directories import PART, split_place
from .hooks import LOCAL_CACHES
from .local import LocalStorage, disk_error, disk_full
from .modules import AUTOGRAD, loaded_module
from .switches import current_switches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..._behaving.storage import Storage
    from ..._caches.cache import MockCache
    from ...faults import Fault

__all__ = ["REMOTE_CACHES", "Inductor"]

_OVERRIDE = "backend_override_cls"
_CONFIG = "torch._inductor.config"

REMOTE_CACHES = tuple(name for name in known_adapters["inductor"].caches if name not in LOCAL_CACHES)
"""The caches that torch keeps in what its own mock replaces."""

# Functions that hand out a cache object, some of them memoised in some release.
_MAKERS = (
    (AUTOGRAD, "AOTAutogradCache", "get_remote_cache"),
    ("torch._inductor.codecache", "FxGraphCache", "get_remote_cache"),
    ("torch._dynamo.pgo", "", "get_remote_cache"),
)


class Inductor(Adapter):
    """The caches of ``torch.compile``, for torch 2.6 and later.

    ``fx_graph``, ``aot_autograd``, ``dynamo_pgo``, ``autotune_local``, ``autotune_remote``,
    ``bundled_autotune``, and, where torch was built for it, ``triton``; and those that it keeps on this disk
    or in this process: ``fx_graph_local``, ``aot_autograd_local`` and ``mega_cache``.
    """

    name = "inductor"
    caches = known_adapters["inductor"].caches

    @property
    def switches(self) -> tuple[Switch, ...]:  # type: ignore[override]
        """The switches of the torch that is loaded now."""
        return current_switches()

    def is_ready(self) -> bool:
        """Return whether this torch has such caches; where it lacks one of them, `install` says so."""
        name = "torch._inductor.remote_cache"
        try:
            return name in sys.modules or importlib.util.find_spec(name) is not None
        except (ImportError, ValueError):
            return False

    def install(self) -> Undo:
        """Swap the backend of every cache class in, and forget memoised cache objects on both sides."""
        return Undo(self._swap)

    def _swap(self, undo: Undo) -> None:
        known = _prepared
        if known is None or known.torch is not sys.modules.get("torch"):
            awaited = hooks.MODULES
        else:
            # Old releases lack some, which nobody waits for.
            awaited = known.awaited
        if not all(map(sys.modules.get, awaited)):
            # What the patch itself loads is loaded first: it would be hooked as it is, and once more by the
            # patch, which is how the first scope of a process failed with torch before 2.13.
            _cache_classes(loaded_module(_CONFIG).is_fbcode())
            hooks.hook_when_loaded(undo)
        _forget_memoised()
        patch = _patch()
        undo.add(_forget_memoised)
        undo.set_patch(patch)

        def rest(at_rest: bool) -> None:
            patch.put_back()
            # No hook that only looks on: what it notes is of no use to what is late.
            (AttributePatch(_for_late_alone(patch)) if at_rest else patch).set()
            _forget_memoised()

        undo.at_rest(rest)

    def components(self, cache: MockCache, key: object) -> list[tuple[str, object]]:
        """Return the parts that were kept of *key*, or those that torch's Redis caches build it of."""
        # Loaded here: only a failure or a report needs it.
        from .key_parts import kept_parts, split_key

        local = LOCAL_CACHES.get(cache.name)
        if local is not None:
            number, inner = split_place(key)
            find = local.components or kept_parts
            found = find(cache, inner)
            # One whose parts are not known is not compared part by part with one whose parts are.
            return super().components(cache, key) if found is None else [(PART, number), *found]
        kept = kept_parts(cache, key)
        if kept is not None:
            return kept
        cache_id, inner, version = split_key(key)
        if not version:
            return super().components(cache, key)
        return [("cache id", cache_id), *super().components(cache, inner), ("version", version)]

    def keep_details(self, cache: MockCache, key: object, details: Any) -> None:
        from .key_parts import keep_parts

        keep_parts(cache, str(key), details)

    def why_opaque(self, cache: MockCache) -> str:
        return hooks.why_opaque(cache)

    def failure(self, cache: MockCache) -> Exception | None:
        return disk_error(cache) if cache.name in LOCAL_CACHES else OWN.failure(cache)

    def too_large(self, cache: MockCache, key: object, size: int, limit: int) -> Exception | None:
        return disk_full(key) if cache.name in LOCAL_CACHES else OWN.too_large(cache, key, size, limit)

    def why_impossible(self, cache: MockCache, fault: Fault) -> str:
        local = LOCAL_CACHES.get(cache.name)
        return (local.why_own if local else "") or super().why_impossible(cache, fault)

    def storage(self, cache: MockCache) -> Storage:
        local = LOCAL_CACHES.get(cache.name)
        if local is not None and local.why_own:
            raise TypeError(local.why_own)
        return OWN.storage(cache) if local is None else LocalStorage(cache)

    def is_shared(self, cache: MockCache) -> bool:
        return cache.name not in LOCAL_CACHES or LOCAL_CACHES[cache.name].is_shared

    def program_key(self, cache: str, key: object) -> object:
        """Return torch's own key, whichever cache directory an entry is in."""
        return split_place(key)[1] if cache in LOCAL_CACHES and isinstance(key, str) else key

    def moment(self) -> int:
        """Return what stands for now: `why_unused` and `why_fewer` look at what came after it."""
        return now()

    def why_timeless(self, cache: MockCache) -> str:
        return "PyTorch gives what it puts in its caches no time to live"

    def why_unused(self, cache: MockCache, since: int = 0) -> str:
        """Return why torch did not ask *cache* since then, as far as its compiles have shown."""
        # Loaded here, as below: only a failure needs it.
        from .unused import why_unused

        return why_unused(cache, since)

    def why_fewer(self, cache: MockCache, since: int = 0) -> str:
        """Return which compiles went past *cache* since then."""
        from .unused import why_fewer

        return why_fewer(cache, since)


class _ForLateAlone:
    """The factory of a cache class, which the class has for a caller that is late, and for nobody else."""

    def __init__(self, factory: object, otherwise: object) -> None:
        self._factory = factory
        self._otherwise = otherwise

    def __get__(self, cache: object, cls: type) -> object:
        return self._factory if is_late() else self._otherwise


def _for_late_alone(patch: AttributePatch) -> Iterator[tuple[object, str, object]]:
    for _, owner, name, factory in patch.wanted:
        if name == _OVERRIDE:
            yield owner, name, _ForLateAlone(factory, getattr(owner, name, None))
    # These ask themselves whose a call is.
    yield from hooks.values(swaps_only=True)


class _Prepared(NamedTuple):
    """The patch of this torch, kept with all that it was made from: nearly every test has the same."""

    torch: object
    awaited: frozenset[str]
    fbcode: bool
    looked_up: Sequence[tuple[Mapping[str, object], str, object]]
    patch: AttributePatch

    def is_valid(self, fbcode: bool) -> bool:
        """Return whether the same patch would be made now."""
        if fbcode is not self.fbcode:
            return False
        for names, name, found in self.looked_up:
            if names.get(name) is not found:
                return False
        return self.patch.is_put_back()


_prepared: _Prepared | None = None


def _patch() -> AttributePatch:
    """Return the patch that sets the backend of each cache class, and the hooks."""
    global _prepared
    config = sys.modules.get(_CONFIG) or loaded_module(_CONFIG)
    fbcode = config.is_fbcode()
    if _prepared is None or not _prepared.is_valid(fbcode):
        made = backend_class()
        values = [
            (owner, _OVERRIDE, installed_factory(cache, made)) for cache, owner in _cache_classes(fbcode)
        ]
        patch = AttributePatch([*values, *hooks.values()])
        looked_up = [(names, name, names.get(name)) for names, name in _looked_up(fbcode)]
        torch = sys.modules.get("torch")
        _prepared = _Prepared(torch, hooks.modules_there(), fbcode, looked_up, patch)
    return _prepared.patch


def _looked_up(fbcode: bool) -> Iterator[tuple[Mapping[str, object], str]]:
    """Yield the namespaces and names that `_patch` looks up, whether or not they are there."""
    names = {
        *((module, place.class_name) for place in _all_cache_classes(fbcode) for module in place.modules),
        *((module, "RemoteCacheBackend") for module in REMOTE),
        *hooks.lookups(),
    }
    for module in {*hooks.MODULES, *(module for module, _ in names)}:
        yield sys.modules, module
    for module, name in names:
        if sys.modules.get(module) is not None:
            yield vars(sys.modules[module]), name


def _all_cache_classes(fbcode: bool) -> tuple[CacheClass, ...]:
    return (*CACHE_CLASSES, *FBCODE_CACHE_CLASSES) if fbcode else CACHE_CLASSES


def _cache_classes(fbcode: bool) -> list[tuple[str, type]]:
    """Return the name of the cache and the class, for each cache class of the installed torch."""
    classes = []
    for cache, class_name, modules in _all_cache_classes(fbcode):
        for module in modules:
            found = getattr(loaded_module(module), class_name, None)
            if found is not None:
                classes.append((cache, found))
                break
        else:
            raise ImportError(
                f"this torch has no {class_name} in {' or '.join(modules)}, "
                f"so the cache {cache!r} can't be patched"
            )
    return classes


def _forget_memoised() -> None:
    for module, owner, name in _MAKERS:
        found: Any = sys.modules.get(module)
        # A module that was not imported has memoised nothing.
        if found is not None:
            maker: Any = getattr(getattr(found, owner, None) if owner else found, name, None)
            if hasattr(maker, "cache_clear"):
                maker.cache_clear()

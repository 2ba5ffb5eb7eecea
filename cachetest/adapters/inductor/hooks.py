"""The hooks by which the observers see torch work, and the reason why the keys of a cache stay hashes.

In a release that lacks a function that is hooked here, keys stay hashes, and everything is still counted.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any

from . import autotune_file, guarded, guarded_before, local_profile, mega, memoizers, precompiled
from .activity import around_compile, around_graph, asks
from .hook import Hook
from .key_parts import known_parts
from .modules import AUTOGRAD, CODECACHE
from .observers import around_bypass, around_create, around_hash, around_load
from .refusals import (
    around_best,
    around_bundle,
    around_get,
    around_profile,
    around_put,
    around_wrap,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..._caches.cache import MockCache
    from ..._patching.undo import Undo
    from .local import LocalCache

__all__ = [
    "HOOKS",
    "LOCAL_CACHES",
    "MODULES",
    "REMOTE_HOOKS",
    "has_hooked",
    "hook_when_loaded",
    "lookups",
    "modules_there",
    "values",
    "why_opaque",
]


_AUTOTUNE = "torch._inductor.runtime.autotune_cache"
_REMOTE = "torch._inductor.remote_cache"
_PROFILE = "torch._dynamo.pgo"
REMOTE_HOOKS = (
    Hook(_REMOTE, "RemoteCache", "get", around_get),
    Hook(_REMOTE, "RemoteCache", "put", around_put),
    Hook(CODECACHE, "FxGraphCache", "load_with_key", around_load, "fx_graph"),
    Hook(CODECACHE, "", "log_cache_bypass", around_bypass),
    Hook(AUTOGRAD, "AOTAutogradCachePickler", "get_hash", around_hash, "aot_autograd"),
    Hook(AUTOGRAD, "", "log_cache_bypass", around_bypass),
    # The class was renamed in 2.7 and 2.10, and each release has one of them.
    Hook(AUTOGRAD, "GenericAOTAutogradResult", "wrap_post_compile", around_wrap),
    Hook(AUTOGRAD, "GenericAOTAutogradCacheEntry", "wrap_post_compile", around_wrap),
    Hook(AUTOGRAD, "AOTAutogradCacheEntry", "wrap_post_compile", around_wrap),
    Hook(_PROFILE, "", "lookup_remote_cache_entry", around_profile),
    Hook(_PROFILE, "", "get_remote_code_state", around_profile),
    Hook("torch._dynamo.callback", "CompilationCallbackHandler", "install_callbacks", around_compile),
    Hook("torch._dynamo.output_graph", "OutputGraph", "call_user_compiler", around_graph),
    Hook("torch._inductor.compile_fx", "", "should_use_remote_fx_graph_cache", asks("fx_graph")),
    Hook("torch._functorch.aot_autograd", "", "should_use_remote_autograd_cache", asks("aot_autograd")),
    Hook(_AUTOTUNE, "AutotuneCache", "create", around_create, "autotune_local"),
    Hook(_AUTOTUNE, "AutotuneCache", "read_best", around_best),
    Hook(_AUTOTUNE, "_AutotuneCacheBundlerImpl", "_load_cache", around_bundle),
)
# All local caches, one file each.
LOCAL_CACHES: dict[str, LocalCache] = {
    each.name: each
    for each in (
        guarded.FX_GRAPH,
        guarded.AOT_AUTOGRAD,
        local_profile.DYNAMO_PGO,
        precompiled.PRECOMPILE,
        autotune_file.AUTOTUNE_FILE,
        memoizers.MEMORY,
        memoizers.DISK,
        mega.MEGA,
    )
}
"""The caches that torch has on this disk or in this process, by name."""
HOOKS = (
    *REMOTE_HOOKS,
    *guarded_before.HOOKS,
    *(hook for cache in LOCAL_CACHES.values() for hook in cache.hooks),
)
MODULES = frozenset(each.module for each in HOOKS)
_MADE_OF = {
    "autotune_local": "the kernel's source, cache_key_tag and, since torch 2.8, torch's own source",
    "autotune_remote": (
        "the kernel's source, cache_key_tag, the hashes of its configs and of the backend, and, since torch "
        "2.8, torch's own source"
    ),
    "bundled_autotune": "the generated code without its comments, and the hash of the backend",
    "triton": "the kernel's source, its options, and the backend",
}


def _owner_of(hook: Hook) -> Any:
    """Return the loaded class or module that has the function of *hook*; None where there is none."""
    module = sys.modules.get(hook.module)
    found = getattr(module, hook.owner, None) if hook.owner else module
    return found if callable(getattr(found, hook.name, None)) else None


# The wrapper that was made for each function, since most tests find the same function again.
_made: dict[Hook, tuple[object, object]] = {}


def hook_when_loaded(undo: Undo, hooks: Sequence[Hook] = HOOKS) -> None:
    """Have each module that is not loaded yet hooked when it is: patching loads no compiler."""
    if not all(map(sys.modules.get, MODULES)):
        finder = _Finder(partial(_hook_module, undo, hooks))
        undo.add(finder.remove)
        sys.meta_path.insert(0, finder)


def _hook_module(undo: Undo, hooks: Sequence[Hook], module: str) -> None:
    undo.set_attributes([value for each in hooks if each.module == module for value in _swap(each)])


def values(
    hooks: Sequence[Hook] = HOOKS, *, swaps_only: bool = False
) -> Iterable[tuple[object, str, object]]:
    """Yield owner, name and wrapper for every one of *hooks* whose function the loaded modules have.

    With *swaps_only*, for those alone that stand in for it.
    """
    for each in hooks:
        if each.swaps or not swaps_only:
            yield from _swap(each)


def lookups() -> Iterable[tuple[str, str]]:
    """Yield, for each hook on a class, its module and the name of the class."""
    return ((each.module, each.owner) for each in HOOKS if each.owner)


def _swap(hook: Hook) -> Iterator[tuple[object, str, object]]:
    """Yield owner, name and wrapper of *hook*: nothing where this torch lacks its function."""
    found = _owner_of(hook)
    if found is None:
        return
    definition = _definition(found, hook.name)
    made = _made.get(hook)
    if made is None or made[0] is not definition:
        function = getattr(found, hook.name)
        wrapped = hook.around(function)
        if wrapped is function:
            # In this release there is nothing to see in it.
            return
        # A class method was asked for by its class, and is told of it already.
        is_of_class = isinstance(definition, (staticmethod, classmethod))
        made = definition, staticmethod(wrapped) if is_of_class else wrapped
        _made[hook] = made
    yield found, hook.name, made[1]


def _definition(found: Any, name: str) -> object:
    if not isinstance(found, type):
        return getattr(found, name)
    return next(vars(cls)[name] for cls in found.__mro__ if name in vars(cls))


class _Finder:
    """Finds the modules to hook as the import system does, and hooks each when it has been loaded."""

    def __init__(self, loaded: Callable[[str], object]) -> None:
        self._loaded = loaded
        self._finding: set[tuple[str, int]] = set()

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name not in MODULES:
            return None
        at = name, get_ident()
        if at in self._finding:
            # That of a child process, which waits for the same module, asks this one in turn.
            return None
        self._finding.add(at)
        try:
            others = [each for each in sys.meta_path if not isinstance(each, _Finder)]
            found = (finder.find_spec(name, path, target) for finder in others)
            spec = next((each for each in found if each is not None), None)
        finally:
            self._finding.discard(at)
        if spec is not None and spec.loader is not None:
            loader: Any = _Loader(spec.loader, self._loaded)
            spec.loader = loader
        return spec

    def remove(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)


class _Loader:
    """Loads one module by its own loader, which the module has for good."""

    def __init__(self, loader: Any, loaded: Callable[[str], object]) -> None:
        self._loader = loader
        self._loaded = loaded

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._loaded(module.__name__)


def has_hooked(local: LocalCache) -> bool:
    """Return whether this torch has a function of the cache *local*, as far as it was loaded."""
    return any(
        _owner_of(each) is not None if each.module in sys.modules else _is_there(each.module)
        for each in local.hooks
    )


def modules_there() -> frozenset[str]:
    """Return which modules of the hooks the torch that is loaded has; none is loaded for that."""
    return frozenset(filter(_is_there, MODULES))


def _is_there(module: str) -> bool:
    # By its files: to find a module by its name is to load the packages that it is in.
    inside = os.path.join(*module.split(".")[1:])
    places = (os.path.join(folder, inside) for folder in sys.modules["torch"].__path__)
    return module in sys.modules or any(
        os.path.exists(place + end) for place in places for end in ("", ".py")
    )


def why_opaque(cache: MockCache) -> str:
    """Return why the keys of *cache* stay hashes, or nothing where they are taken apart."""
    if known_parts(cache):
        return ""
    for each in HOOKS:
        if each.cache == cache.name and each.module in sys.modules and _owner_of(each) is None:
            return (
                f"this release of torch has no {each.owner}.{each.name} to ask what the key is made of, "
                "so only the keys themselves are compared"
            )
    local = LOCAL_CACHES.get(cache.name)
    made_of = _MADE_OF.get(cache.name) if local is None else local.made_of
    return f"the key is a hash of {made_of}" if made_of else ""

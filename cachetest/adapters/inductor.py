"""PyTorch's compile caches: a swap of the backend that its remote caches, and one local, are given.

A cache object of torch takes its backend when it is made. Torch makes one for each use, save for the one
of AOTAutograd, which it memoises and which is made anew for the test. A cache object that the program
itself made before the test, and still holds, keeps its real backend: its operations are not seen.

Read from the released wheels of torch 2.6.0 to 2.15.0.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..caches import MISSING
from ..scope import cache_for
from ..undo import Swaps, Undo, differing
from . import inductor_keys, known_adapters
from .base import Adapter, Switch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..caches import MockCache


__all__ = ["Inductor", "InductorSwitch", "backend_class"]

_OVERRIDE = "backend_override_cls"
_LIBRARIES = frozenset({"torch", "triton", "functorch"})


class _Place(NamedTuple):
    """A cache class of torch: the cache it serves, its name, and the modules it has been in."""

    cache: str
    class_name: str
    modules: tuple[str, ...]


_REMOTE = ("torch._inductor.remote_cache",)
_PLACES = (
    # It moved to the first of the two in 2.13, which keeps the old name as an import.
    _Place(
        "autotune_local",
        "LocalAutotuneCache",
        ("torch._inductor.remote_cache", "torch._inductor.runtime.autotune_cache"),
    ),
    _Place("autotune_remote", "RemoteAutotuneCache", _REMOTE),
    _Place("bundled_autotune", "RemoteBundledAutotuneCache", _REMOTE),
    _Place("fx_graph", "RemoteFxGraphCache", _REMOTE),
    _Place("aot_autograd", "RemoteAOTAutogradCache", _REMOTE),
    _Place("dynamo_pgo", "RemoteDynamoPGOCache", _REMOTE),
)
_FB_REMOTE = ("torch._inductor.fb.remote_cache",)
_FBCODE_PLACES = (
    _Place("autotune_remote", "FbRemoteAutotuneCache", _FB_REMOTE),
    _Place("bundled_autotune", "FbRemoteBundledAutotuneCache", _FB_REMOTE),
    _Place("fx_graph", "FbRemoteFxGraphCache", _FB_REMOTE),
    _Place("triton", "FbMemcacheRemoteKernelCache", ("triton.fb.fb_memcache",)),
    _Place("aot_autograd", "FbRemoteAOTAutogradCache", _FB_REMOTE),
    _Place("dynamo_pgo", "FbRemoteDynamoPGOCache", _FB_REMOTE),
)

# Functions that hand out a cache object, some of them memoised in some release.
_MAKERS = (
    ("torch._functorch._aot_autograd.autograd_cache", "AOTAutogradCache", "get_remote_cache"),
    ("torch._inductor.codecache", "FxGraphCache", "get_remote_cache"),
    ("torch._dynamo.pgo", "", "get_remote_cache"),
)

# The flags of each module that are not in the first.
_CONFIG_MODULES = {
    "torch._inductor.config": (),
    "torch._functorch.config": ("enable_autograd_cache", "enable_remote_autograd_cache"),
    "torch._dynamo.config": ("automatic_dynamic_local_pgo", "automatic_dynamic_remote_pgo"),
}


class InductorSwitch(Switch):
    """A flag in one of torch's config modules, *config*, by its name there."""

    def __init__(self, config: Any, name: str) -> None:
        self.name = name
        self._config = config
        # The only way to tell "never set" from "set to the default": codegen_config() and the config's
        # hash, which is part of cache keys, tell them apart.
        self._entry = config._config.get(name)
        # Overrides became ContextVars in torch 2.12.
        self.per_context = isinstance(getattr(self._entry, "user_override", None), ContextVar)
        self._in_force: set[object] = set()

    def exists(self) -> bool:
        # Not by hasattr, which has the value worked out as well.
        return self._entry is not None and not getattr(self._entry, "hide", False)

    def save(self) -> object:
        override = self._entry.user_override
        return override.get() if self.per_context else override

    def restore(self, saved: object) -> None:
        # Through the config first, so that it knows that what it derived from its values is stale.
        setattr(self._config, self.name, False)
        if self.per_context:
            self._entry.user_override.set(saved)
        else:
            self._entry.user_override = saved

    def get(self) -> object:
        override = self.save()
        if override is not False and override is not True:
            return getattr(self._config, self.name, None)
        # What else torch goes by, an environment variable that it has read at import, say, stays as it is: an
        # override that was in force once is so each time. To ask torch takes ten times as long.
        if override in self._in_force:
            return override
        found = getattr(self._config, self.name, None)
        if found is override:
            self._in_force.add(override)
        return found

    def set(self, value: bool) -> None:
        setattr(self._config, self.name, value)


# The config modules that there were last, and their switches.
_switches: tuple[list[Any], tuple[InductorSwitch, ...]] = ([], ())


class Inductor(Adapter):
    """The seven caches of ``torch.compile``, for torch 2.6 and later.

    ``fx_graph``, ``aot_autograd``, ``dynamo_pgo``, ``autotune_local``, ``autotune_remote``,
    ``bundled_autotune``, and, where torch was built for it, ``triton``.
    """

    name = "inductor"
    caches = known_adapters["inductor"].caches

    @property
    def switches(self) -> tuple[Switch, ...]:  # type: ignore[override]
        """Those of the torch that is loaded now, the same each time."""
        global _switches
        configs = [_module(name) for name in _CONFIG_MODULES]
        if _switches[0] != configs:
            modules = {
                flag: config
                for config, flags in zip(configs, _CONFIG_MODULES.values(), strict=True)
                for flag in flags
            }
            names = known_adapters["inductor"].switches
            _switches = configs, tuple(InductorSwitch(modules.get(name, configs[0]), name) for name in names)
        return _switches[1]

    def is_ready(self) -> bool:
        """Return whether this torch has such caches; that it lacks one of them is for `install` to say."""
        name = "torch._inductor.remote_cache"
        try:
            return name in sys.modules or importlib.util.find_spec(name) is not None
        except (ImportError, ValueError):
            return False

    def install(self) -> Undo:
        """Swap the backend of every cache class in, and forget memoised cache objects on both sides."""
        return Undo(self._swap)

    def _swap(self, undo: Undo) -> None:
        undo.add(_forget_memoised)
        _forget_memoised()
        inductor_keys.hook_when_loaded(undo)
        undo.swap(_swaps())

    def take_apart(self, cache: MockCache, key: object) -> list[tuple[str, object]]:
        return inductor_keys.take_apart(cache, key) or self.components(cache.name, key)

    def opaque(self, cache: MockCache) -> str:
        return inductor_keys.opaque(cache)

    def components(self, cache: str, key: object) -> list[tuple[str, object]]:
        """Take apart what torch's Redis caches build: ``pt2:<cache id>::<key>:c<version>``."""
        head, mark, tail = str(key).partition("::")
        key_itself, version_mark, version = tail.rpartition(":")
        if not head.startswith("pt2:") or not mark or not version_mark:
            return super().components(cache, key)
        return [
            ("cache id", head.removeprefix("pt2:")),
            *super().components(cache, key_itself),
            ("version", version),
        ]


class _Prepared(NamedTuple):
    """What is set in this torch, and what that goes by: it is the same in nearly every test."""

    fbcode: bool
    looked_up: Sequence[tuple[Mapping[str, object], str, object]]
    swaps: Swaps

    def is_valid(self, fbcode: bool) -> bool:
        """Return whether the same would be made now, and put back."""
        if fbcode is not self.fbcode:
            return False
        for names, name, found in self.looked_up:
            if names.get(name) is not found:
                return False
        return not differing(self.swaps.found)


_prepared: _Prepared | None = None


def _swaps() -> Swaps:
    """Return what sets the backend of each cache class, and the hooks."""
    global _prepared
    fbcode = _module("torch._inductor.config").is_fbcode()
    if _prepared is None or not _prepared.is_valid(fbcode):
        made = backend_class()
        values = [(owner, _OVERRIDE, _factory(cache, made)) for cache, owner in _cache_classes(fbcode)]
        swaps = Swaps([*values, *inductor_keys.hooks()])
        looked_up = [(names, name, names.get(name)) for names, name in _looked_up(fbcode)]
        _prepared = _Prepared(fbcode, looked_up, swaps)
    return _prepared.swaps


def _looked_up(fbcode: bool) -> Iterator[tuple[Mapping[str, object], str]]:
    """Yield where `_swaps` looks for something, and by which name; it may find nothing."""
    names = {
        *((module, place.class_name) for place in _places(fbcode) for module in place.modules),
        *((module, "RemoteCacheBackend") for module in _REMOTE),
        *inductor_keys.places(),
    }
    for module in {*inductor_keys.MODULES, *(module for module, _ in names)}:
        yield sys.modules, module
    for module, name in names:
        if sys.modules.get(module) is not None:
            yield vars(sys.modules[module]), name


def _places(fbcode: bool) -> tuple[_Place, ...]:
    return (*_PLACES, *_FBCODE_PLACES) if fbcode else _PLACES


def _cache_classes(fbcode: bool) -> list[tuple[str, type]]:
    """Return the name of the cache and the class, for each cache class of the installed torch."""
    classes = []
    for cache, class_name, modules in _places(fbcode):
        for module in modules:
            found = getattr(_module(module), class_name, None)
            if found is not None:
                classes.append((cache, found))
                break
        else:
            raise ImportError(
                f"this torch has no {class_name} in {' or '.join(modules)}, "
                f"so the cache {cache!r} can't be patched"
            )
    return classes


def _module(name: str) -> Any:
    # import_module takes five times as long for one that was imported before.
    return sys.modules.get(name) or importlib.import_module(name)


def _forget_memoised() -> None:
    for module, owner, name in _MAKERS:
        found: Any = sys.modules.get(module)
        # One that was not imported has memoised nothing.
        if found is not None:
            maker: Any = getattr(getattr(found, owner, None) if owner else found, name, None)
            if hasattr(maker, "cache_clear"):
                maker.cache_clear()


_made: dict[type, type] = {}


def backend_class() -> type:
    """Return a ``RemoteCacheBackend`` of the installed torch that is backed by the running test's scope.

    It is made with the name of a cache, and has ``with_name(name)``, a factory without arguments.
    """
    base = _module("torch._inductor.remote_cache").RemoteCacheBackend
    if base not in _made:
        _made[base] = _make_backend_class(base)
    return _made[base]


def _make_backend_class(base: Any) -> type:
    class MockBackend(base):  # type: ignore[misc]
        """A backend of torch's remote caches that is backed by the running test's scope."""

        factories: ClassVar[dict[str, Callable[[], Any]]] = {}

        def __init__(self, name: str) -> None:
            if not isinstance(name, str):
                raise TypeError(f"a cache has a string for a name, not {name!r}")
            # Sets the name that torch's own counters go by.
            super().__init__()
            self.name = name

        @classmethod
        def with_name(cls, name: str) -> Callable[[], MockBackend]:
            """Return a factory without arguments that makes backends for *name*."""
            return _factory(name, cls)

        def _get(self, key: str) -> Any:
            value = cache_for(self.name).get(key, _LIBRARIES)
            return None if value is MISSING else value

        def _put(self, key: str, data: Any) -> None:
            cache_for(self.name).put(key, data, _LIBRARIES)

    MockBackend.__module__ = __name__
    MockBackend.__qualname__ = "MockBackend"
    return MockBackend


def _factory(name: str, cls: Any) -> Callable[[], Any]:
    """Return what makes backends of *cls* for the cache *name*: the same each time."""

    def make() -> Any:
        return cls(name)

    made: Callable[[], Any] | None = cls.factories.get(name)
    if made is None:
        make.__qualname__ = f"MockBackend.with_name({name!r})"
        made = cls.factories.setdefault(name, make)
    return made

"""Writes a stand-in for one release of torch: as much of it as the inductor adapter touches.

Which classes and flags there are comes from ``torch_releases.json``, read from the released wheels. How
they behave follows torch where a patch could notice.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

RELEASES = json.loads(Path(__file__).with_name("torch_releases.json").read_text())

CONFIG = "torch._inductor.config"
REMOTE_CACHE = "torch._inductor.remote_cache"
AUTOTUNE_CACHE = "torch._inductor.runtime.autotune_cache"
_FB_REMOTE_CACHE = "torch._inductor.fb.remote_cache"
_FB_MEMCACHE = "triton.fb.fb_memcache"

# The facts are of torch._inductor.config only. The last flag of each is no switch of any cache.
OTHER_FLAGS = {
    "torch._functorch.config": ("enable_autograd_cache", "enable_remote_autograd_cache", "debug_partitioner"),
    "torch._dynamo.config": ("automatic_dynamic_local_pgo", "automatic_dynamic_remote_pgo", "verbose"),
}
FORCED_BY = {
    "fx_graph_cache": "TORCHINDUCTOR_FX_GRAPH_CACHE",
    "enable_autograd_cache": "TORCHINDUCTOR_AUTOGRAD_CACHE",
    "automatic_dynamic_local_pgo": "TORCH_DYNAMO_AUTOMATIC_DYNAMIC_LOCAL_PGO",
}

_CONFIG_MODULE = '''
import hashlib
import os
from contextvars import ContextVar
from types import ModuleType

_PER_CONTEXT = $per_context
_UNSET_SENTINEL = object()


class _Plain:
    """What a ContextVar has, for the whole process."""

    def __init__(self, name, *, default):
        self.set(default)

    def get(self):
        return self.value

    def set(self, value):
        self.value = value


_Slot = ContextVar if _PER_CONTEXT else _Plain


class _ConfigEntry:
    def __init__(self, name, default, forced_by):
        self.default = default
        self.hide = False
        forced = os.environ.get(forced_by)
        self.env_value_force = {"0": False, "1": True}.get(forced, _UNSET_SENTINEL)
        self.user_override = ContextVar(name, default=_UNSET_SENTINEL) if _PER_CONTEXT else _UNSET_SENTINEL

    def overridden(self):
        return self.user_override.get() if _PER_CONTEXT else self.user_override

    def override(self, value):
        if _PER_CONTEXT:
            self.user_override.set(value)
        else:
            self.user_override = value

    def value(self):
        candidates = (self.env_value_force, self.overridden(), self.default)
        return next(value for value in candidates if value is not _UNSET_SENTINEL)


class ConfigModule(ModuleType):
    def __getattr__(self, name):
        entry = self._config.get(name)
        if entry is None or entry.hide:
            raise AttributeError(f"{self.__name__}.{name} does not exist")
        return entry.value()

    def __setattr__(self, name, value):
        if name not in self._config:
            raise AttributeError(f"{self.__name__}.{name} does not exist")
        self._config[name].override(value)
        self._config[name].hide = False
        self._digest.set(None)

    def __delattr__(self, name):
        self._config[name].override(_UNSET_SENTINEL)
        self._config[name].hide = True
        self._digest.set(None)

    def _is_default(self, name):
        entry = self._config[name]
        forced = entry.env_value_force
        return entry.overridden() is _UNSET_SENTINEL and forced in (_UNSET_SENTINEL, entry.default)

    def codegen_config(self):
        changed = [name for name in self._config if not self._is_default(name)]
        return "\\n".join(f"{self.__name__}.{name} = {self._config[name].value()!r}" for name in changed)

    def get_hash(self):
        if self._digest.get() is None:
            values = [(name, self._config[name].value()) for name in sorted(self._config)]
            self._digest.set(hashlib.sha256(repr(values).encode()).hexdigest())
        return self._digest.get()


def install_config_module(module, flags, forced_by):
    entries = {name: _ConfigEntry(name, flags[name], forced_by.get(name, "")) for name in flags}
    vars(module).update(_config=entries, _digest=_Slot("digest", default=None))
    module.__class__ = ConfigModule
'''

_CONFIG = """
import sys
from torch.utils._config_module import install_config_module


def is_fbcode():
    return $fbcode


install_config_module(sys.modules[__name__], $flags, $forced_by)
"""

_REMOTE_CACHE = '''
import collections
import importlib
import json

cache_stats = collections.Counter()
_stored = {}


class RemoteCacheBackend:
    def __init__(self):
        self._name = f"backend:{type(self).__name__}"

    def get(self, key):
        value = self._get(key)
        cache_stats[self._name, "miss" if value is None else "hit"] += 1
        return value

    def put(self, key, data):
        self._put(key, data)
        cache_stats[self._name, "put"] += 1


class _RealBackend(RemoteCacheBackend):
    """Stands for what is outside of the process: a server, or files."""

    def _get(self, key):
        return _stored.get(key)

    def _put(self, key, data):
        _stored[key] = data


class RedisRemoteCacheBackend(_RealBackend):
    def __init__(self, cache_id):
        super().__init__()


class RemoteCacheJsonSerde:
    def encode(self, data):
        return json.dumps(data).encode("ascii")

    def decode(self, data):
        return json.loads(data)


class RemoteCache:
    backend_override_cls = None

    def __init__(self, backend, serde):
        override = type(self).backend_override_cls
        self.backend = backend if override is None else override()
        self.serde = serde

    def get(self, key):
        return self._get(key)

    def put(self, key, value):
        assert value is not None
        self._put(key, value)

    def _get(self, key):
        data = self.backend.get(key)
        return self.serde.decode(data) if data else None

    def _put(self, key, value):
        self.backend.put(key, self.serde.encode(value))


class RedisRemoteCache(RemoteCache):
    def __init__(self, cache_id):
        real = None if type(self).backend_override_cls else RedisRemoteCacheBackend(cache_id)
        super().__init__(real, RemoteCacheJsonSerde())
        self._prefix = f"pt2:{cache_id}::"

    def _get(self, key):
        return super()._get(f"{self._prefix}{key}:c1")

    def _put(self, key, value):
        super()._put(f"{self._prefix}{key}:c1", value)


def create_cache(key, is_fbcode, fb_cache_cls, oss_cache_cls):
    if is_fbcode:
        return getattr(importlib.import_module("torch._inductor.fb.remote_cache"), fb_cache_cls)(key)
    return globals()[oss_cache_cls](key)
'''

_LOCAL_CACHE = """

class $backend(_RealBackend):
    pass


class $name(RemoteCache):
    def __init__($parameters):
        super().__init__($backend(), RemoteCacheJsonSerde())
"""

_CLASS = """

class $name$bases:
    pass
"""

_MAKER = """
import functools
from torch._inductor import config
from torch._inductor.remote_cache import create_cache


class $owner:
    @staticmethod$memoised
    def get_remote_cache():
        return create_cache("$owner", config.is_fbcode(), "FbRemote$owner", "Remote$owner")
"""

_PGO = """
from torch._inductor import config
from torch._inductor.remote_cache import create_cache


def get_remote_cache():
    return create_cache("pgo", config.is_fbcode(), "FbRemoteDynamoPGOCache", "RemoteDynamoPGOCache")
"""


def numbers(version: str) -> tuple[int, ...]:
    """Return a version so that it can be compared."""
    return tuple(int(part) for part in version.split("."))


def overrides_are_per_context(version: str) -> bool:
    """Return whether the release keeps what a flag was set to in a ContextVar."""
    return numbers(version) >= (2, 12)


def module_of(class_name: str, version: str) -> str:
    """Return the module that the release defines a cache class in."""
    if class_name.startswith("Fb"):
        return _FB_MEMCACHE if class_name == "FbMemcacheRemoteKernelCache" else _FB_REMOTE_CACHE
    classes = RELEASES[version]["classes"]
    return next(module for module, names in classes.items() if class_name in names)


def write_tree(root: Path, version: str, *, fbcode: bool = False, without: Collection[str] = ()) -> None:
    """Write the release into the directory *root*, leaving out the classes and flags in *without*."""
    flags = {CONFIG: RELEASES[version]["config"], **OTHER_FLAGS}
    modules = {
        "torch.utils._config_module": _fill(_CONFIG_MODULE, per_context=overrides_are_per_context(version)),
        **{module: _config(names, fbcode, without) for module, names in flags.items()},
        **_cache_modules(version, without),
        **(_fb_modules() if fbcode else {}),
        "torch._functorch._aot_autograd.autograd_cache": _fill(
            _MAKER, owner="AOTAutogradCache", memoised="\n    @functools.cache"
        ),
        "torch._inductor.codecache": _fill(_MAKER, owner="FxGraphCache", memoised=""),
        "torch._dynamo.pgo": _PGO,
        "torch.version": f"__version__ = {version!r}\n",
    }
    for module, source in modules.items():
        path = root.joinpath(*module.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    for folder in (path for path in root.rglob("*") if path.is_dir()):
        (folder / "__init__.py").touch()
    (root / "torch" / "__init__.py").write_text("from torch.version import __version__\n")


def _fill(template: str, **values: object) -> str:
    return Template(template).substitute(values)


def _config(names: Collection[str], fbcode: bool, without: Collection[str]) -> str:
    on = {*FORCED_BY, "autotune_local_cache"}
    defaults = {name: True if name in on else None if "remote" in name else False for name in names}
    flags = {name: default for name, default in defaults.items() if name not in without}
    return _fill(_CONFIG, fbcode=fbcode, flags=flags, forced_by=FORCED_BY)


def _cache_modules(version: str, without: Collection[str]) -> dict[str, str]:
    name = "LocalAutotuneCache"
    sources = {REMOTE_CACHE: _REMOTE_CACHE, AUTOTUNE_CACHE: ""}
    if module_of(name, version) == REMOTE_CACHE:
        sources[REMOTE_CACHE] += _fill(
            _LOCAL_CACHE, name="LocalCache", backend="LocalCacheBackend", parameters="self, cache_id"
        )
        # Only 2.13 kept the class under its old name.
        if numbers(version)[:2] == (2, 13) and name not in without:
            sources[AUTOTUNE_CACHE] = f"from {REMOTE_CACHE} import {name}\n"
    elif name not in without:
        local = _fill(_LOCAL_CACHE, name=name, backend="_LocalAutotuneCacheBackend", parameters="self")
        needs = "RemoteCache, RemoteCacheJsonSerde, _RealBackend"
        sources[AUTOTUNE_CACHE] = f"from {REMOTE_CACHE} import {needs}\n{local}"
    for module, names in RELEASES[version]["classes"].items():
        written = re.findall(r"^class (\w+)", sources[module], re.MULTILINE)
        sources[module] += "".join(_empty_class(name) for name in names if name not in {*written, *without})
    return sources


def _empty_class(name: str) -> str:
    is_remote = re.fullmatch(r"(Fb)?Remote\w+Cache|FbMemcache\w+", name)
    bases = "(LocalCache)" if name == "LocalAutotuneCache" else "(RedisRemoteCache)" if is_remote else ""
    return _fill(_CLASS, name=name, bases=bases)


def _fb_modules() -> dict[str, str]:
    start = f"from {REMOTE_CACHE} import RedisRemoteCache\n"
    kinds = ("Autotune", "BundledAutotune", "FxGraph", "AOTAutograd", "DynamoPGO")
    return {
        _FB_REMOTE_CACHE: start + "".join(_empty_class(f"FbRemote{kind}Cache") for kind in kinds),
        _FB_MEMCACHE: start + _empty_class("FbMemcacheRemoteKernelCache"),
    }

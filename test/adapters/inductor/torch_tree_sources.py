"""The source of the modules of torch that `torch_tree` writes, as templates."""

CONFIG_MODULE = '''
import hashlib
import os
from contextvars import ContextVar
from types import ModuleType

_PER_CONTEXT = $per_context
_UNSET_SENTINEL = object()


class _Plain:
    """The methods of a ContextVar, with one value for the whole process."""

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

CONFIG_FILE = """
import sys
from torch.utils._config_module import install_config_module


def is_fbcode():
    return $fbcode


install_config_module(sys.modules[__name__], $flags, $forced_by)
"""

REMOTE_CACHE_FILE = '''
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
        self._key_fmt = f"pt2:{cache_id}::{{key}}:c1"

    def _get(self, key):
        return super()._get(self._key_fmt.format(key=key))

    def _put(self, key, value):
        super()._put(self._key_fmt.format(key=key), value)


def create_cache(key, is_fbcode, fb_cache_cls, oss_cache_cls):
    if is_fbcode:
        return getattr(importlib.import_module("torch._inductor.fb.remote_cache"), fb_cache_cls)(key)
    return globals()[oss_cache_cls](key)
'''

LOCAL_CACHE = """

class $backend(_RealBackend):
    pass


class $name(RemoteCache):
    def __init__($parameters):
        super().__init__($backend(), RemoteCacheJsonSerde())
"""

AUTOTUNE = """
import torch._inductor.remote_cache as remote_cache


class AutotuneCache:
    local_cache = None

    @staticmethod
    def create(inductor_meta, filename, configs_hash):
        made = AutotuneCache()
        made.remote_cache = remote_cache.RemoteAutotuneCache(configs_hash), filename
        if $knows_id:
            made.remote_cache_full_key = configs_hash
        return made
"""

CLASS = """

class $name$bases:
    pass
"""

MAKER = """
import functools
from torch._inductor import config
from torch._inductor.remote_cache import create_cache


class $owner:
    @staticmethod$memoised
    def get_remote_cache():
        return create_cache("$owner", config.is_fbcode(), "FbRemote$owner", "Remote$owner")
"""

LOOKUP = """
    @staticmethod
    def _lookup($parameters):
        return $parameters
"""

PGO = """
from torch._inductor import config
from torch._inductor.remote_cache import create_cache


def get_remote_cache():
    return create_cache("pgo", config.is_fbcode(), "FbRemoteDynamoPGOCache", "RemoteDynamoPGOCache")
"""

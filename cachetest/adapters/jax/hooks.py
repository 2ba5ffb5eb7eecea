"""The wrappers that see what JAX makes a key of, whether it uses an entry, and that it compiles."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._behaving.gate import text_of
from ..._caches.attribution import cache_for, scope_of_caller
from .key_parts import details_of
from .modules import CACHE, LIBRARIES, SWITCH, compilation_cache, key_module, setting
from .store import here, store_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._caches.cache import MockCache

__all__ = ["Compile", "compiles_of", "hooked"]

_UNSAID = "JAX did not use it, and does not say why"
_CHECKED = (
    "jax_compilation_cache_check_contents is on: JAX compiles anew what it finds for the first time, "
    "and compares"
)


class Compile(NamedTuple):
    """A compile that JAX has asked for: the platform, whether the switch was on, and the cache was used."""

    platform: str
    is_on: bool
    is_used: bool


def compiles_of(cache: MockCache) -> list[Compile]:
    """Return the compiles that were seen in the scope of *cache*, to be added to."""
    found: list[Compile] = cache.adapter_state("compiles", list)
    return found


def hooked() -> Iterator[tuple[object, str, object]]:
    """Yield what JAX's modules are given, as (owner, name of the attribute, value)."""
    module, keys = compilation_cache(), key_module()
    yield module, "LRUCache", store_class()
    yield module, "is_cache_used", _around_use(module.is_cache_used)
    yield module, "get_executable_and_time", _around_read(module.get_executable_and_time)
    yield keys, "get", _around_key(keys.get)
    if hasattr(keys, "_log_cache_key_hash"):
        yield keys, "_log_cache_key_hash", _around_part(keys._log_cache_key_hash)


def _around_use(is_used: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(is_used)
    def ask_and_note(backend: Any, *args: Any, **kwargs: Any) -> bool:
        result = is_used(backend, *args, **kwargs)
        if scope_of_caller() is not None:
            compile_ = Compile(str(backend.platform), bool(setting(SWITCH)), result)
            compiles_of(cache_for(CACHE)).append(compile_)
        return result

    return ask_and_note


def _around_read(read: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(read)
    def read_and_tell(cache_key: str, *args: Any, **kwargs: Any) -> Any:
        here.found = False
        try:
            result = read(cache_key, *args, **kwargs)
        except Exception as error:
            if here.found:
                _refuse(cache_key, text_of(error))
            raise
        if here.found and result[0] is None:
            _refuse(cache_key, _CHECKED if setting("jax_compilation_cache_check_contents") else _UNSAID)
        return result

    return read_and_tell


def _refuse(key: str, why: str) -> None:
    here.found = False
    cache_for(CACHE).record("refusal", key, LIBRARIES, {"error": why})


def _around_key(get: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(get)
    def get_and_keep(module: Any, devices: Any, compile_options: Any, *args: Any, **kwargs: Any) -> str:
        parts: list[tuple[str, list[bytes]]] = []
        here.parts = parts
        try:
            key = get(module, devices, compile_options, *args, **kwargs)
        finally:
            here.parts = None
        cache = cache_for(CACHE) if parts and scope_of_caller() is not None else None
        if cache is not None and cache.explainer is not None and cache.explains_misses:
            try:
                details = details_of(key, module, devices, compile_options, parts)
            except Exception:
                # A compile never fails for what is only told: such a key has no parts.
                return key
            cache.keep_details(key, details)
        return key

    return get_and_keep


class _Pieces:
    """Takes what is hashed, as a hash does, and keeps it."""

    def __init__(self) -> None:
        self.found: list[bytes] = []

    def update(self, data: bytes) -> None:
        self.found.append(bytes(data))


def _around_part(log: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(log)
    def keep_and_log(hash_obj: Any, name: str, hash_part: Callable[[Any], object]) -> object:
        if here.parts is not None:
            pieces = _Pieces()
            hash_part(pieces)
            here.parts.append((name, pieces.found))
        return log(hash_obj, name, hash_part)

    return keep_and_log

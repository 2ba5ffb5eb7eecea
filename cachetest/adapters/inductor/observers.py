"""The wrappers that look on while torch makes its keys, looks them up, or bypasses a cache.

Torch's keys are hashes. While a scope explains misses, the parts that torch hashes are kept. Those of
``fx_graph`` are the list that torch makes itself. Those of ``aot_autograd`` are taken when torch makes the
hash, those of the autotune caches when it makes the cache object. The key of ``dynamo_pgo`` is legible.
Each wrapper here takes a function of torch, and returns one that calls it and looks on.
"""

from __future__ import annotations

import functools
import importlib
import pickle
import re
import sys
from typing import TYPE_CHECKING, Any

from ..._caches.attribution import cache_for, scope_of_caller
from ..._sharing.client import is_asking
from ..._telling.formatting import Shown
from .activity import note
from .found import here, is_local, name_of
from .key_parts import known_parts, split_key
from .local import are_mocked
from .modules import AUTOGRAD, LIBRARIES
from .refusals import lookup_guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..._caches.cache import MockCache

__all__ = ["around_bypass", "around_create", "around_hash", "around_load"]


def _explained(name: str) -> MockCache | None:
    """Return the cache called *name* of the calling context, if its misses are to be explained."""
    scope = scope_of_caller()
    if (scope is None or scope.closed) and is_asking() is None:
        return None
    cache = cache_for(name)
    return cache if cache.explainer is not None and cache.explains_misses else None


def _keep(cache: MockCache, key: str, texts: Callable[[], Iterable[str]]) -> None:
    """Keep the parts of *key*."""
    if key not in known_parts(cache):
        cache.keep_details(key, tuple(texts()))


def _keep_of_both(name: str, key: str, texts: Callable[[], Iterable[str]]) -> None:
    """Keep the parts of *key*, which the remote cache *name* and its local counterpart have in common."""
    caches = [_explained(name), *([_explained(f"{name}_local")] if are_mocked() else [])]
    unknown = [each for each in caches if each is not None and key not in known_parts(each)]
    kept = tuple(texts()) if unknown else ()
    for each in unknown:
        each.keep_details(key, kept)


def around_load(load: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the graph cache's lookup, where key, parts and outcome are known together."""

    @functools.wraps(load)
    def load_with_key(key: str, debug_lines: list[str], *args: Any, **kwargs: Any) -> Any:
        _keep_of_both("fx_graph", key, lambda: debug_lines)
        result, used = lookup_guarded(
            lambda: load(key, debug_lines, *args, **kwargs),
            lambda result: result[1] if result[0] is None else None,
        )
        if result[0] is not None and (is_local(used) if used else _is_local(*args, **kwargs)):
            note("local", "fx_graph")
        return result

    return load_with_key


def _is_local(
    example_inputs: object, local: bool, remote_cache: Any, *_args: object, **_kwargs: object
) -> bool:
    """Return whether it was the local cache that answered, and not a remote one with a backend of its own."""
    return local and (remote_cache is None or name_of(remote_cache) is not None)


def around_hash(get_hash: Callable[..., str]) -> Callable[..., str]:
    """Wrap the hash of the autograd cache's key, whose parts torch lists for its own debug log only."""
    module = sys.modules[AUTOGRAD]
    details = module.AOTAutogradCacheDetails
    prefix = getattr(module, "AOTAUTOGRAD_CACHE_PREFIX", "a")

    @functools.wraps(get_hash)
    def hash_and_keep(self: Any, obj: Any) -> str:
        made = get_hash(self, obj)
        if isinstance(obj, details):
            _keep_of_both("aot_autograd", prefix + made, lambda: _texts_of(self, obj))
        return made

    return hash_and_keep


def _texts_of(pickler: Any, details: Any) -> Iterator[str]:
    """Yield the parts as torch's debug log would, without hashing each of them once more."""
    for name, value in vars(details).items():
        if name == "autograd_config" and isinstance(value, bytes):
            # Made by torch in this process, a moment ago.
            value = pickle.loads(value)
        if isinstance(value, dict):
            for inner, each in value.items():
                yield f"{name}[{inner}]: {_text(pickler, each)}"
        elif isinstance(value, list):
            for n, each in enumerate(value):
                yield f"{name}[{n}]: {_text(pickler, each)}"
        else:
            yield f"{name}: {_text(pickler, value)}"


def _text(pickler: Any, value: Any) -> str:
    if isinstance(value, (str, int, float, type(None))):
        return str(value)
    if isinstance(value, bytes):
        return value[:64].hex()
    if hasattr(value, "graph") and hasattr(value, "code"):
        return str(value.code)
    reduce = pickler.dispatch_table.get(type(value))
    if reduce is None and hasattr(value, "requires_grad"):
        reduce = pickler.dispatch_table.get(importlib.import_module("torch").Tensor)
    if reduce is not None:
        return str(reduce(value)[1])
    # An address is not part of the key.
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))


def around_create(create: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the maker of the autotune cache of a kernel, which knows both of its keys."""

    @functools.wraps(create)
    def create_and_keep(inductor_meta: Any, filename: str, configs_hash: str) -> Any:
        made = create(inductor_meta, filename, configs_hash)
        note("kernel")
        if made is not None:
            tag = importlib.import_module("torch.compiler").config.cache_key_tag
            name = filename.replace("\\", "/").rpartition("/")[2]
            parts = (f"kernel (named after the hash of its source): {name}", f"cache_key_tag: {tag}")
            more = (
                f"configs hash: {configs_hash}",
                f"backend hash: {inductor_meta.get('backend_hash')}",
            )
            _keep_of(made, "local_cache", "autotune_local", "", parts)
            _keep_of(made, "remote_cache", "autotune_remote", f"{_remote_id(made)}::", parts + more)
        return made

    return create_and_keep


def _remote_id(made: Any) -> str:
    """Return the id of the remote cache of *made*, which torch 2.6 tells to nobody but the cache itself."""
    found: str | None = getattr(made, "remote_cache_full_key", None)
    if found is None and made.remote_cache is not None:
        found = split_key(getattr(made.remote_cache[0], "_key_fmt", ""))[0]
    return found or ""


def _keep_of(made: Any, attribute: str, name: str, prefix: str, parts: tuple[str, ...]) -> None:
    found = getattr(made, attribute, None)
    cache = _explained(name)
    if cache is not None and found is not None:
        _keep(cache, f"{prefix}{found[1]}", lambda: parts)


def _cause() -> str:
    """Return why torch is bypassing a cache where it gives no reason: 2.6 and 2.7 raise without a text."""
    error = sys.exc_info()[1]
    return str((error and error.__cause__) or "torch does not say why")


_BYPASSED = {"bypass_fx_graph": "fx_graph", "bypass_aot_autograd": "aot_autograd"}


def around_bypass(log: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the function that torch calls, with the reason, where it bypasses a remote cache."""

    @functools.wraps(log)
    def log_cache_bypass(name: str, reason: str, *args: Any, **kwargs: Any) -> Any:
        cache = _explained(_BYPASSED[name]) if name in _BYPASSED else None
        # Torch before 2.8 says so as well of an entry that it has found and does not use: a refusal.
        if cache is not None and not (here.found or here.refused):
            cache.record("bypass", Shown(reason or _cause()), LIBRARIES)
        return log(name, reason, *args, **kwargs)

    return log_cache_bypass

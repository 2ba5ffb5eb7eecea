"""The local caches of ``torch._inductor.runtime.caching``: ``memoizer_memory`` and ``memoizer_disk``.

A ``Memoizer`` has its entries in memory, and a ``PersistentMemoizer`` on this disk as well: it looks in
memory first. Each object has its own, so the keys of the second that is used in memory, and of later ones,
begin with its number, and those on this disk with the name of its folder. What an object had before the test
is not found in it, and neither is what a test put there after it.
"""

from __future__ import annotations

import copy
import functools
import importlib.util
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._behaving.gate import MISSING
from .damage import damage_of_pickle
from .files import folder_of, read_file
from .found import Found
from .hook import Hook
from .local import LocalCache, look_up, mocked, put
from .modules import LIBRARIES, loaded_module
from .refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..._caches.cache import MockCache

__all__ = ["DISK", "MEMORY"]

_PACKAGE = "torch._inductor.runtime.caching"
_IMPLEMENTATIONS = f"{_PACKAGE}.implementations"
_INTERFACES = f"{_PACKAGE}.interfaces"
_MEMORY, _DISK = "memoizer_memory", "memoizer_disk"
_NUMBERS = "memoizers"


def _key_in(cache: MockCache, owner: Any, key: str) -> str:
    """Return what *key* of the object *owner* is logged and kept under."""
    return _prefix(cache, owner) + key


def _prefix(cache: MockCache, owner: Any) -> str:
    """Return what the keys of *owner* begin with: nothing for the first that is used."""
    if cache.name == _DISK:
        # The same folder is the same entries, whichever object, and whichever process.
        inside = owner._cache_dir.name
        return f"{inside}/" if inside and owner._cache_dir != owner._base_dir else ""
    numbers: Any = cache.adapter_state(_NUMBERS, weakref.WeakKeyDictionary, _begin_as)
    number = numbers.setdefault(owner, 1 + len(numbers))
    return "" if number == 1 else f"memoizer {number}/"


def _begin_as(numbers: Any, other: Any, _copy: object) -> Iterable[object]:
    numbers.update(other)
    return ()


def _around_get(get: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Wrap the lookup in memory."""

    @functools.wraps(get)
    def get_and_count(self: Any, key: str) -> Any:
        cache = mocked(_MEMORY)
        if cache is None:
            return get(self, key)
        value = look_up(cache, _key_in(cache, self, key), sys._getframe(0))
        return None if value is MISSING else loaded_module(_IMPLEMENTATIONS).Hit(value=value)

    return get_and_count


def _around_insert(insert: Callable[[Any, str, Any], bool]) -> Callable[[Any, str, Any], bool]:
    """Wrap the writing to memory, of what is not there yet."""

    @functools.wraps(insert)
    def insert_and_count(self: Any, key: str, value: Any) -> bool:
        cache = mocked(_MEMORY)
        if cache is None:
            return insert(self, key, value)
        full = _key_in(cache, self, key)
        if full in cache.cache:
            return False
        put(cache, full, value, sys._getframe(0))
        return True

    return insert_and_count


def _copy_in(store: Any, folder: str) -> Any:
    copied = copy.copy(store)
    copied._cache_dir = Path(folder)
    return copied


def _around_read(get: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Wrap the lookup on this disk, which removes a file that was written in another format."""

    @functools.wraps(get)
    def get_and_count(self: Any, key: str) -> Any:
        cache = mocked(_DISK)
        if cache is None:
            return get(self, key)
        full = _key_in(cache, self, key)
        value = look_up(cache, full, sys._getframe(0))
        if value is MISSING:
            return None
        with folder_of({key: value}) as folder:
            result = get(_copy_in(self, folder), key)
            is_kept = read_file(folder, key) is not None
        if result is None:
            refuse(Found(_DISK, full, value), "it was written in another format: its version header differs")
        elif why := damage_of_pickle(result.value, ""):
            # Torch reads it next, and the caller gets the error.
            refuse(Found(_DISK, full, value), why)
        if not is_kept and full in cache.cache:
            cache.delete(full, LIBRARIES)
        return result

    return get_and_count


def _around_write(insert: Callable[[Any, str, bytes], bool]) -> Callable[[Any, str, bytes], bool]:
    """Wrap the writing to this disk, of what is not there yet, or was written in another format."""

    @functools.wraps(insert)
    def insert_and_count(self: Any, key: str, value: bytes) -> bool:
        cache = mocked(_DISK)
        if cache is None:
            return insert(self, key, value)
        full = _key_in(cache, self, key)
        before = {key: cache.cache[full]} if full in cache.cache else {}
        with folder_of(before) as folder:
            inserted = insert(_copy_in(self, folder), key, value)
            content = read_file(folder, key)
        if inserted:
            put(cache, full, content, sys._getframe(0))
        return inserted

    return insert_and_count


def _clear(cache: MockCache, owner: Any) -> None:
    prefix = _prefix(cache, owner)
    for key in list(cache.cache):
        if str(key).startswith(prefix) if prefix else "/" not in str(key):
            cache.delete(key, LIBRARIES)


def _around_clear(clear: Callable[[Any], None]) -> Callable[[Any], None]:
    """Wrap what empties a memoizer: ``fresh_cache()`` calls it for all of them, wherever they were made."""

    @functools.wraps(clear)
    def cache_clear(self: Any) -> None:
        cache = mocked(_MEMORY)
        if cache is None:
            clear(self)
        else:
            _clear(cache, self._cache)

    return cache_clear


def _around_remove(clear: Callable[[Any], None]) -> Callable[[Any], None]:
    """Wrap what removes the folder of a persistent memoizer, which is not in the cache directory."""

    @functools.wraps(clear)
    def cache_clear(self: Any) -> None:
        cache = mocked(_DISK)
        if cache is None:
            clear(self)
        else:
            _clear(cache, self._disk_cache)

    return cache_clear


def _components(cache: MockCache, key: object) -> list[tuple[str, object]]:
    head, _, inner = str(key).rpartition("/")
    if cache.name == _DISK:
        return [("folder", head), ("arguments", inner)]
    return [("memoizer", int(head.removeprefix("memoizer ") or 1)), ("arguments", inner)]


def _reasons(_: Sequence[Any]) -> Iterator[str]:
    if importlib.util.find_spec(_PACKAGE) is None:
        yield f"torch {loaded_module('torch').__version__} has no {_PACKAGE}"
    elif not loaded_module(f"{_PACKAGE}.config").IS_CACHING_MODULE_ENABLED():
        yield "the module is off: TORCHINDUCTOR_ENABLE_CACHING_MODULE is not 1 in the environment"


_MADE_OF = "the arguments, or what custom_params_encoder makes of them"
MEMORY = LocalCache(
    _MEMORY,
    (
        Hook(_IMPLEMENTATIONS, "_InMemoryCacheImpl", "get", _around_get, swaps=True),
        Hook(_IMPLEMENTATIONS, "_InMemoryCacheImpl", "insert", _around_insert, swaps=True),
        Hook(_INTERFACES, "Memoizer", "cache_clear", _around_clear, swaps=True),
    ),
    made_of=_MADE_OF,
    components=_components,
    reasons=_reasons,
    is_shared=False,
)
DISK = LocalCache(
    _DISK,
    (
        Hook(_IMPLEMENTATIONS, "_OnDiskCacheImpl", "get", _around_read, swaps=True),
        Hook(_IMPLEMENTATIONS, "_OnDiskCacheImpl", "insert", _around_write, swaps=True),
        Hook(_INTERFACES, "PersistentMemoizer", "cache_clear", _around_remove, swaps=True),
    ),
    made_of=_MADE_OF,
    components=_components,
    reasons=_reasons,
)

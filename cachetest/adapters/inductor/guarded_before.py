"""``fx_graph_local`` and ``aot_autograd_local`` in the releases that read and write their files in one go.

These have no function that yields the entries of a key, or none that writes one. For a lookup, the files are
written where torch is told to look; what it writes is taken where it hands it to its own function for that.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .candidates import candidates_of, file_name, find, put_candidate
from .damage import UNSAID, damage_of_pickle
from .found import here
from .hook import Hook
from .local import mocked
from .modules import AUTOGRAD, CODECACHE
from .refusals import around_lookup, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._caches.cache import MockCache
    from .found import Found

__all__ = ["HOOKS"]


class _Here(threading.local):
    """The state of one thread: the directory that it reads, and the cache and the key that it writes."""

    reads: str | None = None
    writes: tuple[MockCache, str] | None = None


_here = _Here()


def _has(module: str, owner: str, name: str) -> bool:
    return hasattr(getattr(sys.modules[module], owner, None), name)


def _read(cache: MockCache, key: str, look: Callable[[], Any], is_used: Callable[[Any], bool]) -> Any:
    """Look *key* up by *look*, which finds the files of the entries that *cache* has of it."""
    found = find(cache, key)
    mine = here.found
    before = len(mine or ())
    with _files(found, key, is_one=cache.name == "aot_autograd_local"):
        result = look()
    if found is None:
        return result
    # Torch asks the remote cache where it can't use what this disk has.
    if is_used(result) and len(mine or ()) == before:
        if mine is not None:
            mine.append(found)
    else:
        contents = candidates_of(found.value)
        told = (damage_of_pickle(each, "") for each in contents if isinstance(each, bytes))
        refuse(found, next(filter(None, told), UNSAID))
    return result


@contextmanager
def _files(found: Found | None, key: str, *, is_one: bool) -> Iterator[None]:
    """Have torch read what was *found*, each candidate as the file that it would be, in the block."""
    before = _here.reads
    with tempfile.TemporaryDirectory() as folder:
        contents = () if found is None else candidates_of(found.value)
        if is_one and isinstance(getattr(found, "value", None), tuple):
            contents = found.value[-1:]  # type: ignore[union-attr, index]
        inside = os.path.join(folder, "aotautograd", key) if is_one and contents else folder
        os.makedirs(inside, exist_ok=True)
        for each in contents:
            if isinstance(each, bytes):
                with open(os.path.join(inside, "entry" if is_one else file_name(each)), "wb") as file:
                    file.write(each)
        _here.reads = folder
        try:
            yield
        finally:
            _here.reads = before


def _around_folder(get: Callable[..., str]) -> Callable[..., str]:
    """Wrap what tells torch where to look."""

    @functools.wraps(get)
    def get_folder(*args: Any, **kwargs: Any) -> str:
        return get(*args, **kwargs) if _here.reads is None else _here.reads

    return get_folder


def _around_graph_folder(get: Callable[..., str]) -> Callable[..., str]:
    return get if _has(CODECACHE, "FxGraphCache", "iterate_over_candidates") else _around_folder(get)


def _around_entry_folder(get: Callable[..., str]) -> Callable[..., str]:
    return get if _has(AUTOGRAD, "AOTAutogradCache", "iterate_over_candidates") else _around_folder(get)


def _around_graph(lookup: Callable[..., Any]) -> Callable[..., Any]:
    if _has(CODECACHE, "FxGraphCache", "iterate_over_candidates"):
        return lookup

    @functools.wraps(lookup)
    def _lookup_graph(key: str, inputs: Any, local: bool, *args: Any, **kwargs: Any) -> Any:
        cache = mocked("fx_graph_local") if local else None
        look = functools.partial(lookup, key, inputs, local, *args, **kwargs)
        return look() if cache is None else _read(cache, key, look, lambda result: result[0] is not None)

    return _lookup_graph


def _around_entry(lookup: Callable[..., Any]) -> Callable[..., Any]:
    if _has(AUTOGRAD, "AOTAutogradCache", "iterate_over_candidates"):
        return around_lookup(lookup)

    @functools.wraps(lookup)
    def _lookup(key: str, local: bool, *args: Any, **kwargs: Any) -> Any:
        cache = mocked("aot_autograd_local") if local else None
        look = functools.partial(lookup, key, local, *args, **kwargs)
        return look() if cache is None else _read(cache, key, look, lambda result: result is not None)

    return around_lookup(_lookup)


def _around_save(
    module: str, owner: str, name: str, takes_local: bool
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def around(save: Callable[..., Any]) -> Callable[..., Any]:
        if _has(module, owner, "_write_to_local_cache"):
            return save

        @functools.wraps(save)
        def save_and_take(key: str, *args: Any, **kwargs: Any) -> Any:
            cache = mocked(name) if not takes_local or args[2] else None
            before = _here.writes
            _here.writes = None if cache is None else (cache, key)
            try:
                return save(key, *args, **kwargs)
            finally:
                _here.writes = before

        return save_and_take

    return around


def _around_write(write: Callable[..., None]) -> Callable[..., None]:
    """Wrap what writes any file: the entries among them are put."""
    if _has(CODECACHE, "FxGraphCache", "_write_to_local_cache"):
        return write

    @functools.wraps(write)
    def write_atomic(path: Any, content: Any, *args: Any, **kwargs: Any) -> None:
        cache, key = _here.writes or (None, "")
        if cache is None or os.path.basename(os.path.dirname(path)) != key:
            write(path, content, *args, **kwargs)
        else:
            # AOTAutograd has one file for a key.
            put_candidate(cache, key, content, alone=os.path.basename(path) == "entry")

    return write_atomic


_FX, _AOT = "fx_graph_local", "aot_autograd_local"
_SAVE_GRAPH = _around_save(CODECACHE, "FxGraphCache", _FX, takes_local=True)
_SAVE_ENTRY = _around_save(AUTOGRAD, "AOTAutogradCache", _AOT, takes_local=False)
HOOKS = (
    Hook(AUTOGRAD, "AOTAutogradCache", "_lookup", _around_entry, swaps=True),
    Hook(AUTOGRAD, "AOTAutogradCache", "save", _SAVE_ENTRY, swaps=True),
    # The directory around that of its entries: `guard` looks on at the function that tells of that one.
    Hook(AUTOGRAD, "", "cache_dir", _around_entry_folder, swaps=True),
    Hook(AUTOGRAD, "", "write_atomic", _around_write, swaps=True),
    Hook(CODECACHE, "FxGraphCache", "_lookup_graph", _around_graph, swaps=True),
    Hook(CODECACHE, "FxGraphCache", "_save_graph", _SAVE_GRAPH, swaps=True),
    Hook(CODECACHE, "FxGraphCache", "_get_tmp_dir_for_key", _around_graph_folder, swaps=True),
    Hook(CODECACHE, "", "write_atomic", _around_write, swaps=True),
)

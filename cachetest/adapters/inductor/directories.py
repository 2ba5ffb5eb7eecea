"""The cache directories of torch, which its local caches are in: ``fresh_cache()`` makes a new one.

An entry of ours is logged and kept under torch's own key where it is in the first directory that its cache
was used in, and else with the number of the directory before it: ``directory 2/f4cfycjq...``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from .modules import LIBRARIES, loaded_module

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._caches.cache import MockCache

__all__ = ["PART", "number_of", "path_of", "placed", "split_place"]

PART = "cache directory (fresh_cache() makes a new one)"

_KNOWN = "cache directories"
_PLACED = re.compile(r"directory (\d+)/(.*)", re.DOTALL)


def path_of(folder: str) -> str:
    """Return the path of *folder*, a local cache's, in the cache directory that is in force."""
    directory: str = loaded_module("torch._inductor.runtime.runtime_utils").cache_dir()
    return os.path.join(directory, folder)


def placed(key: str, number: int) -> str:
    """Return what *key* is logged and kept under in the directory of this *number*."""
    return key if number == 1 else f"directory {number}/{key}"


def split_place(key: object) -> tuple[int, str]:
    """Return the number of the directory that *key*, as it is logged, is in, and torch's key."""
    match = _PLACED.fullmatch(str(key))
    return (int(match[1]), match[2]) if match else (1, str(key))


def number_of(cache: MockCache, path: str, puts: bool) -> int:
    """Return the number of the folder at *path*, which the entries of *cache* are in.

    Where it was there and was removed since, the entries in it are gone, as the files would be. One that
    something is *put* in is made, as torch makes it.
    """
    # By path, whether something was put in it.
    known: dict[str, bool] = cache.adapter_state(_KNOWN, dict, _begin_as)
    was_made = known.setdefault(path, False)
    number = 1 + list(known).index(path)
    if was_made and not os.path.isdir(path):
        for key in [each for each in list(cache.cache) if split_place(each)[0] == number]:
            del cache.cache[key]
            cache.record("delete", key, LIBRARIES, {"asked": "its directory was removed"})
    if puts:
        os.makedirs(path, exist_ok=True)
        known[path] = True
    return number


def _begin_as(known: dict[str, bool], other: dict[str, bool], _copy: object) -> Iterable[object]:
    known.update(other)
    return ()

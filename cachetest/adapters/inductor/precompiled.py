"""The local cache ``precompile``: what Dynamo has compiled of a function, and the backends' part of it.

Torch reads and writes it by the class of its ``DynamoCache``, by files in a folder for each function. A call
is made on a copy of the object that has another folder, with the files that the entry stands for: one, or in
torch 2.9 two. An entry that was loaded is checked later, when the function's package is initialized and
installed; what raises there is a refusal.
"""

from __future__ import annotations

import copy
import functools
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._behaving.gate import MISSING, text_of
from .activity import note
from .damage import UNSAID, damage_of_pickle
from .files import folder_of, read_file
from .found import Found
from .hook import Hook
from .local import LocalCache, look_up, mocked, place, put
from .modules import LIBRARIES, loaded_module
from .named_parts import keep_named, named_parts
from .refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._caches.cache import MockCache

__all__ = ["PRECOMPILE"]

_NAME = "precompile"
_PACKAGE = "torch._dynamo.package"
_FOLDER = "dynamo"
_ONE_FILE = ("entry",)
_TWO_FILES = ("dynamo", "backends")


class _Loaded(NamedTuple):
    """What was found for a function, and what torch made of it."""

    found: Found
    dynamo: object


class _Here(threading.local):
    """What was loaded last on one thread, until it is a package."""

    loaded: _Loaded | None = None


_here = _Here()


def _file_names(store: Any) -> tuple[str, ...]:
    return _ONE_FILE if hasattr(store, "_write_to_local_cache") else _TWO_FILES


def _is_in(store: Any) -> bool:
    """Return whether *store* is one of the copies that are made here."""
    return "_cachetest_folder" in vars(store)


def _copy_in(store: Any, folder: str) -> Any:
    """Return a copy of *store* whose folder is *folder*."""
    copied = copy.copy(store)
    copied._cachetest_folder = folder
    # Torch 2.9 has an attribute, later ones a method.
    copied.path_prefix = (lambda: folder) if callable(store.path_prefix) else folder
    return copied


@contextmanager
def _as_files(store: Any, key: str, found: Found | None) -> Iterator[Any]:
    """Make a copy of *store* that has the files that were *found* for *key*, and no others."""
    value = None if found is None else found.value
    contents = value if isinstance(value, tuple) else (value,)
    names = _file_names(store)
    files = {os.path.join(key, name): each for name, each in zip(names, contents, strict=False)}
    with folder_of({} if found is None else files) as folder:
        if found is not None:
            os.makedirs(os.path.join(folder, key), exist_ok=True)
        yield _copy_in(store, folder)


def _damage(found: Found) -> str:
    contents = found.value if isinstance(found.value, tuple) else (found.value,)
    told = (damage_of_pickle(each, "") for each in contents if isinstance(each, bytes))
    return next(filter(None, told), UNSAID)


def _find(cache: MockCache, key: str) -> Found | None:
    placed = place(cache, key, _FOLDER)
    value = look_up(cache, placed, sys._getframe(1))
    return None if value is MISSING else Found(_NAME, placed, value)


def _around_load(load: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the lookup of what was compiled of a function."""

    @functools.wraps(load)
    def load_and_count(self: Any, fn: Any) -> Any:
        cache = None if _is_in(self) else mocked(_NAME)
        if cache is None:
            return load(self, fn)
        _here.loaded = None
        note("asked", _NAME, True)
        key = loaded_module(_PACKAGE).CompilePackage.source_id_from_fn(fn)
        inner = loaded_module("torch._dynamo.eval_frame").innermost_fn(fn)
        line = inner.__code__.co_firstlineno
        keep_named(cache, key, function=inner.__qualname__, first_line=line)
        try:
            found = _find(cache, key)
        except Exception:
            # Torch counts a file that it can't read, and goes on without: so does it with a folder of none.
            with folder_of({os.path.join(key, "unreadable"): b""}) as folder:
                return load(_copy_in(self, folder), fn)
        with _as_files(self, key, found) as copied:
            result = load(copied, fn)
        if found is not None:
            _keep(found, result)
        return result

    return load_and_count


def _keep(found: Found, result: Any) -> None:
    """Refuse what was *found* where it led to no *result*, and else keep it until it is a package."""
    if result is None:
        refuse(found, _damage(found))
    else:
        dynamo = result[0] if isinstance(result, tuple) else getattr(result, "dynamo", None)
        _here.loaded = _Loaded(found, dynamo)


def _around_read(read: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the reading of an entry by its key, which a program may ask for too."""

    @functools.wraps(read)
    def read_and_count(self: Any, path: str) -> Any:
        cache = None if _is_in(self) else mocked(_NAME)
        if cache is None:
            return read(self, path)
        _here.loaded = None
        found = _find(cache, path)
        with _as_files(self, path, found) as copied:
            try:
                result = read(copied, path)
            except Exception:
                if found is not None:
                    refuse(found, _damage(found))
                raise
        if found is not None:
            _keep(found, result)
        return result

    return read_and_count


def _around_write_file(write: Callable[..., None]) -> Callable[..., None]:
    """Wrap what writes the file of an entry."""

    @functools.wraps(write)
    def _write_to_local_cache(self: Any, pickled_content: bytes, path: str) -> None:
        cache = mocked(_NAME)
        if cache is None:
            write(self, pickled_content, path)
        else:
            put(cache, place(cache, path, _FOLDER, puts=True), pickled_content)

    return _write_to_local_cache


def _around_write(write: Callable[..., None]) -> Callable[..., None]:
    """Wrap what writes the two files of an entry, in the release that has them."""
    owner = loaded_module(_PACKAGE).DiskDynamoCache
    if hasattr(owner, "_write_to_local_cache"):
        return write

    @functools.wraps(write)
    def write_both(self: Any, dynamo: object, backends: object, path: str) -> None:
        cache = None if _is_in(self) else mocked(_NAME)
        if cache is None:
            write(self, dynamo, backends, path)
            return
        with _as_files(self, path, None) as copied:
            write(copied, dynamo, backends, path)
            contents = tuple(read_file(copied._cachetest_folder, path, name) for name in _TWO_FILES)
        put(cache, place(cache, path, _FOLDER, puts=True), contents)

    return write_both


def _around_clear(clear: Callable[..., None]) -> Callable[..., None]:
    """Wrap what removes all entries."""

    @functools.wraps(clear)
    def clear_and_count(self: Any) -> None:
        cache = None if _is_in(self) else mocked(_NAME)
        if cache is None:
            clear(self)
            return
        for key in list(cache.cache):
            cache.delete(key, LIBRARIES)

    return clear_and_count


def _around_use(use: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what takes up an entry, and raises where torch's release, the machine or the source is another."""

    @functools.wraps(use)
    def use_and_tell(self: Any, *args: Any, **kwargs: Any) -> Any:
        loaded = _here.loaded
        given = [*args, *kwargs.values()]
        is_of_it = loaded is not None and any(each is loaded.dynamo for each in given)
        try:
            return use(self, *args, **kwargs)
        except Exception as error:
            if loaded is not None and is_of_it:
                _here.loaded = None
                refuse(loaded.found, text_of(error))
            raise

    return use_and_tell


def _around_install(install: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap what installs the package that was made last."""

    @functools.wraps(install)
    def install_and_tell(self: Any, *args: Any, **kwargs: Any) -> Any:
        loaded, _here.loaded = _here.loaded, None
        try:
            return install(self, *args, **kwargs)
        except Exception as error:
            if loaded is not None:
                refuse(loaded.found, text_of(error))
            raise

    return install_and_tell


_CLASS = "DiskDynamoCache"
PRECOMPILE = LocalCache(
    _NAME,
    (
        Hook(_PACKAGE, _CLASS, "load", _around_load, swaps=True),
        Hook(_PACKAGE, _CLASS, "read", _around_read, swaps=True),
        Hook(_PACKAGE, _CLASS, "_write_to_local_cache", _around_write_file, swaps=True),
        Hook(_PACKAGE, _CLASS, "write", _around_write, swaps=True),
        Hook(_PACKAGE, _CLASS, "clear", _around_clear, swaps=True),
        Hook(_PACKAGE, "CompilePackage", "initialize", _around_use),
        Hook(_PACKAGE, "CompilePackage", "install", _around_install),
    ),
    switch="caching_precompile",
    since="2.9",
    made_of="the function's qualified name and the line that it begins at",
    components=named_parts,
)

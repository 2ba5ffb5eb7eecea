"""The local cache ``dynamo_pgo_local``: the profile of dynamic sizes that Dynamo keeps in a file.

Torch reads and writes it by its path, in the cache directory. What was found is written into a directory that
torch is told of for the time of its lookup; what torch writes is taken where it hands it to its own function
for that, or, before 2.7, from the file.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..._behaving.gate import MISSING
from .activity import around_local_profile, around_profile_key, note
from .damage import UNSAID, damage_of_pickle
from .disabled import are_caches_disabled
from .files import folder_of, read_file, write_file
from .found import Found
from .hook import Hook
from .local import LocalCache, look_up, mocked, place, put
from .refusals import around_state, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._caches.cache import MockCache

__all__ = ["DYNAMO_PGO"]

_NAME = "dynamo_pgo_local"
_PROFILE = "torch._dynamo.pgo"
_UTILITIES = "torch._inductor.runtime.runtime_utils"
_FOLDER = "dynamo"
_SWITCH = "automatic_dynamic_local_pgo"


class _Here(threading.local):
    """The cache directory that torch is told of on one thread, None where it is its own."""

    directory: str | None = None


_here = _Here()


def _module() -> Any:
    return sys.modules[_PROFILE]


def _is_on() -> bool:
    return bool(getattr(_module().torch._dynamo.config, _SWITCH, False))


def _find(cache: MockCache, key: str) -> Found | None:
    """Look *key* up. A file that can't be read is logged, as one is whose content can't."""
    try:
        placed = place(cache, key, _FOLDER)
        value = look_up(cache, placed, sys._getframe(1))
    except Exception:
        _module().log.warning("get_code_state failed while reading %s", key, exc_info=True)
        return None
    return None if value is MISSING else Found(_NAME, placed, value)


def _read(cache: MockCache, key: str, get: Callable[[], Any]) -> tuple[Found | None, Any]:
    """Have *get* look *key* up in the file that *cache* has for it; return what was found, and its result."""
    found = _find(cache, key)
    with _told_of(key) as path:
        if found is not None:
            write_file(path, found.value)
        return found, get()


@contextmanager
def _told_of(key: str) -> Iterator[str]:
    """Tell torch, on this thread, of a directory for the file of *key* alone, and yield the path of that."""
    with folder_of({}) as folder:
        before, _here.directory = _here.directory, folder
        try:
            yield _module().code_state_path(key)
        finally:
            _here.directory = before


def _damage(found: Found, unsaid: str) -> str:
    return damage_of_pickle(found.value, unsaid) if isinstance(found.value, bytes) else UNSAID


def _around_directory(get: Callable[[], str]) -> Callable[[], str]:
    """Wrap what tells torch its cache directory. That of the path is left alone: `guard` looks on there."""

    @functools.wraps(get)
    def cache_dir() -> str:
        return _here.directory or get()

    return cache_dir


def _around_lookup(lookup: Callable[[str], Any]) -> Callable[[str], Any]:
    """Wrap the lookup of the profile on this disk, in the releases that have a function for it."""
    noting = around_local_profile(lookup)

    @functools.wraps(lookup)
    def get_local_code_state(cache_key: str) -> Any:
        cache = mocked(_NAME) if _is_on() else None
        if cache is None:
            return noting(cache_key)
        found, state = _read(cache, cache_key, lambda: noting(cache_key))
        if found is not None and state is None:
            refuse(found, _damage(found, UNSAID))
        return state

    return get_local_code_state


def _around_all(get: Callable[[], Any]) -> Callable[[], Any]:
    """Wrap what looks the profile up everywhere, in the releases that have no function for this disk."""
    around = around_state(get)
    if hasattr(_module(), "get_local_code_state"):
        return around

    @functools.wraps(get)
    def get_code_state() -> Any:
        module = _module()
        # It is looked up once, and then kept.
        key = None if module._CODE_STATE is not None or not _is_on() else module.get_cache_key()
        cache = None if key is None else mocked(_NAME)
        if cache is None or key is None:
            return around()
        found, state = _read(cache, key, around)
        if found is not None and (why := _damage(found, "")):
            refuse(found, why)
        return state

    return get_code_state


def _around_write(write: Callable[[str, bytes], Any]) -> Callable[[str, bytes], Any]:
    """Wrap the function that writes a profile to this disk."""

    @functools.wraps(write)
    def write_local_impl(cache_key: str, pickled_code: bytes) -> Any:
        path = _module().code_state_path(cache_key)
        cache = None if path is None else mocked(_NAME)
        if cache is None:
            return write(cache_key, pickled_code)
        put(cache, place(cache, cache_key, _FOLDER, puts=True), pickled_code)
        return path, len(pickled_code)

    return write_local_impl


def _around_put(write: Callable[[str], None]) -> Callable[[str], None]:
    """Wrap what writes the profile, in the releases that have no function for the file alone."""
    if hasattr(_module(), "write_local_impl"):
        return write

    @functools.wraps(write)
    def put_local_code_state(cache_key: str) -> None:
        cache = mocked(_NAME) if _is_on() else None
        if cache is None:
            write(cache_key)
            return
        with _told_of(cache_key) as path:
            write(cache_key)
            content = read_file(*os.path.split(path))
        put(cache, place(cache, cache_key, _FOLDER, puts=True), content)

    return put_local_code_state


def _around_key(get_key: Callable[[], str | None]) -> Callable[[], str | None]:
    """Wrap the function that knows the key, and so is asked whenever there is a profile to look up."""
    noting = around_profile_key(get_key)

    @functools.wraps(get_key)
    def get_cache_key() -> str | None:
        key = noting()
        note("asked", _NAME, "no key" if key is None else _is_on(), disabled=are_caches_disabled())
        return key

    return get_cache_key


def _components(_: MockCache, key: object) -> list[tuple[str, object]] | None:
    """Take a key apart: the job that was named, the rank, and the tag."""
    job, *others = str(key).rsplit(":", 2)
    if len(others) < 2:
        return None
    return [("job_id", job), ("rank", others[0]), ("cache_key_tag", others[1])]


DYNAMO_PGO = LocalCache(
    _NAME,
    (
        Hook(_UTILITIES, "", "cache_dir", _around_directory, swaps=True),
        Hook(_PROFILE, "", "get_local_code_state", _around_lookup, swaps=True),
        Hook(_PROFILE, "", "get_code_state", _around_all, swaps=True),
        Hook(_PROFILE, "", "write_local_impl", _around_write, swaps=True),
        Hook(_PROFILE, "", "put_local_code_state", _around_put, swaps=True),
        Hook(_PROFILE, "", "get_cache_key", _around_key),
    ),
    switch=_SWITCH,
    components=_components,
)

"""The local cache ``autotune_file``: what torch measured of the choices for an operation, in one file.

Torch reads the whole file for each lookup. Here each operation on given inputs has an entry, JSON of the time
of each choice, and the file that torch is shown has that alone.
"""

from __future__ import annotations

import functools
import inspect
import json
import sys
import threading
from typing import TYPE_CHECKING, Any

from ..._behaving.gate import MISSING
from .activity import note
from .damage import undecoded
from .found import Found
from .hook import Hook
from .local import LocalCache, look_up, mocked, place, put
from .modules import CODECACHE, loaded_module
from .named_parts import keep_named, named_parts
from .refusals import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..._caches.cache import MockCache

__all__ = ["AUTOTUNE_FILE"]

_NAME = "autotune_file"
_FOLDER = "cache"
_CONFIG = "torch._inductor.config"


class _Call:
    """One call of torch that reads its file, and may write it: the key, and the choices asked for."""

    def __init__(self, cache: MockCache, path: tuple[str, ...], **parts: object) -> None:
        self.cache = cache
        self.path = path
        self.key = "/".join(path)
        self.choices: Sequence[Any] = ()
        keep_named(cache, self.key, **parts)

    def read(self) -> dict[str, Any]:
        """Look the key up; return what the file would have of it."""
        placed = place(self.cache, self.key, _FOLDER)
        value = look_up(self.cache, placed, sys._getframe(1))
        if value is MISSING:
            return {}
        found = Found(_NAME, placed, value)
        try:
            content: Any = json.loads(value)
        except Exception as error:
            refuse(found, undecoded(error))
            raise
        lacking = next((key for key in (each.hash_key() for each in self.choices) if key not in content), "")
        if lacking:
            refuse(found, f"it has no time of {lacking}, so all choices are measured anew")
        for each in reversed(self.path):
            content = {each: content}
        return content if isinstance(content, dict) else {}

    def write(self, content: Mapping[str, Any]) -> None:
        """Put what *content*, that of a file, has of the key."""
        inner: Any = content
        for each in self.path:
            inner = inner[each]
        put(self.cache, place(self.cache, self.key, _FOLDER, puts=True), json.dumps(inner).encode())


class _Here(threading.local):
    """The call that one thread is in."""

    call: _Call | None = None


_here = _Here()


def _around_read(read: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """Wrap what reads the file."""

    @functools.wraps(read)
    def get_local_cache(self: Any) -> dict[str, Any]:
        return read(self) if _here.call is None else _here.call.read()

    return get_local_cache


def _around_write(write: Callable[[Any, dict[str, Any]], None]) -> Callable[[Any, dict[str, Any]], None]:
    """Wrap what writes the file."""

    @functools.wraps(write)
    def update_local_cache(self: Any, local_cache: dict[str, Any]) -> None:
        if _here.call is None:
            write(self, local_cache)
        else:
            _here.call.write(local_cache)

    return update_local_cache


def _around_choices(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the lookup of the times of all choices for an operation, which measures those that are missing."""
    parameters = inspect.signature(lookup)

    @functools.wraps(lookup)
    def lookup_and_count(*args: Any, **kwargs: Any) -> Any:
        is_on = bool(loaded_module(_CONFIG).autotune_local_cache)
        note("asked", _NAME, is_on)
        cache = mocked(_NAME) if is_on else None
        if cache is None:
            return lookup(*args, **kwargs)
        given = parameters.bind(*args, **kwargs).arguments
        inputs, hint = given["inputs"], given.get("hint_override")
        precision = loaded_module("torch").get_float32_matmul_precision()
        path = (given["op"], inputs if hint is None else f"{inputs}_{hint}", precision)
        call = _Call(cache, path, op=path[0], inputs=path[1], precision=precision)
        call.choices = given["choices"]
        return _call_in(call, functools.partial(lookup, *args, **kwargs))

    return lookup_and_count


def _call_in(call: _Call, do: Callable[[], Any]) -> Any:
    before, _here.call = _here.call, call
    try:
        return do()
    finally:
        _here.call = before


def _around_value(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the lookup, and the writing, of one value by its keys."""

    @functools.wraps(lookup)
    def call_and_count(self: Any, *keys: str, **kwargs: Any) -> Any:
        cache = mocked(_NAME)
        if cache is None:
            return lookup(self, *keys, **kwargs)
        parts = {f"key_{number}": each for number, each in enumerate(keys, 1)}
        return _call_in(_Call(cache, keys, **parts), lambda: lookup(self, *keys, **kwargs))

    return call_and_count


def _around_set(set_value: Callable[..., None]) -> Callable[..., None]:
    """Wrap the writing of one value, for which torch reads the file: that is no lookup of it."""

    @functools.wraps(set_value)
    def set_and_count(self: Any, *keys: str, value: Any) -> None:
        cache = mocked(_NAME)
        if cache is None:
            set_value(self, *keys, value=value)
            return
        content: Any = value
        for each in reversed(keys):
            content = {each: content}
        _Call(cache, keys).write(content)

    return set_and_count


AUTOTUNE_FILE = LocalCache(
    _NAME,
    (
        Hook(CODECACHE, "CacheBase", "get_local_cache", _around_read, swaps=True),
        Hook(CODECACHE, "CacheBase", "update_local_cache", _around_write, swaps=True),
        Hook(CODECACHE, "PersistentCache", "lookup", _around_choices, swaps=True),
        Hook(CODECACHE, "LocalCache", "lookup", _around_value, swaps=True),
        Hook(CODECACHE, "LocalCache", "set_value", _around_set, swaps=True),
    ),
    switch="autotune_local_cache",
    components=named_parts,
)

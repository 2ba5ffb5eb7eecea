"""In a child process: the entries of a shared back end, a table's or those in files, are in the parent."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT

from ..._behaving.gate import MISSING
from ..relay import FarEnd
from .call import LIBRARIES
from .stores import FileStore, MemoryStore

if TYPE_CHECKING:
    from .call import Call

__all__ = ["FarFolder", "FarTable"]

_SHARED = ("value", "timeout", "version")
# What the primitives of a cache are given, in this order.
_NAMES = {
    "get": ("key", "default", "version"),
    "set": ("key", *_SHARED),
    "add": ("key", *_SHARED),
    "touch": ("key", "timeout", "version"),
    "delete": ("key", "version"),
    "has_key": ("key", "version"),
    "incr": ("key", "delta", "version"),
    "clear": (),
}


class FarFolder(FileStore):
    """The folder of the parent's test, in which a child reads and writes its files itself."""

    def __init__(self, home: str, place: str) -> None:
        super().__init__()
        self._end = FarEnd("django", LIBRARIES, home, place, "files")
        self.names = _FarNames(self._end)

    @property
    def folder(self) -> str:
        """The path of the folder."""
        found = self._folder = self._folder or self._end.do("folder")
        return found


class _FarNames(dict[str, str]):
    """The made key of each path, as far as this process has made it; the parent is told of each."""

    def __init__(self, end: FarEnd) -> None:
        super().__init__()
        self._end = end

    def __setitem__(self, path: str, key: str) -> None:
        if path not in self:
            super().__setitem__(path, key)
            self._end.do("name", path, key)

    def copy(self) -> dict[str, str]:
        """Return those of all processes."""
        found: dict[str, str] = self._end.do("names")
        return found


class FarTable(MemoryStore):
    """What stands for a table, in the parent."""

    def __init__(self, home: str, place: str) -> None:
        super().__init__()
        self._end = FarEnd("django", LIBRARIES, home, place, "table")

    def keys_here(self) -> list[str]:
        found: list[str] = self._end.do("keys")
        return found

    def run(self, call: Call, name: str, args: Any, kwargs: Any) -> Any:
        """Do the *call* of one of the primitives, *name*, there."""
        held: Any = call.held
        given = dict(zip(_NAMES[name], args, strict=False)) | kwargs
        version, default = given.pop("version", None), given.pop("default", None)
        if "key" in given:
            given["key"] = held.make_and_validate_key(given["key"], version=version)
        if given.get("timeout") is DEFAULT_TIMEOUT:
            del given["timeout"]
        if "value" in given:
            # So that it raises what the back end does, where that can't be done.
            pickle.dumps(given["value"], pickle.HIGHEST_PROTOCOL)
        options = [
            getattr(held, each, None) for each in ("default_timeout", "_max_entries", "_cull_frequency")
        ]
        found, effects = self._end.do("run", call.kind.alias, name, call.asked, options, given)
        call.effects += effects
        return default if found is MISSING else found

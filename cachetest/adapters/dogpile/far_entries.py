"""In a child process: the entries of a region whose back end is shared are in the parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..relay import FarEnd

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FarEntries"]

_LIBRARIES = frozenset({"dogpile"})


class FarEntries:
    """What a backend has stored, by mangled key, for the cache called *name*."""

    def __init__(self, name: str) -> None:
        self._end = FarEnd("dogpile", _LIBRARIES, name)

    def get(self, key: Any, default: Any) -> Any:
        """Return what is stored for *key*, or *default*."""
        found = self._end.do("get", key)
        return found[0] if found else default

    def update(self, mapping: Mapping[Any, Any]) -> None:
        """Store all of *mapping*."""
        self._end.do("update", dict(mapping))

    def __setitem__(self, key: Any, value: Any) -> None:
        self.update({key: value})

    def pop(self, key: Any, default: Any) -> None:
        """Forget what is stored for *key*."""
        self._end.do("forget", key)

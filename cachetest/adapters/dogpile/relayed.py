"""In the parent: the entries of a region, for calls that child processes make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._caches.attribution import cache_for

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["open_end"]


def open_end(name: str) -> _Served:
    """Return the entries of the region that is watched as the cache *name*."""
    return _Served(cache_for(name).cache)


class _Served:
    def __init__(self, entries: Any) -> None:
        self._stored: dict[Any, Any] = entries.stored

    def get(self, key: Any) -> tuple[Any, ...]:
        return (self._stored[key],) if key in self._stored else ()

    def update(self, mapping: Mapping[Any, Any]) -> None:
        self._stored.update(mapping)

    def forget(self, key: Any) -> None:
        self._stored.pop(key, None)

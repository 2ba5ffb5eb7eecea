"""In the parent: what a child process has to know of the local caches of its parent's test."""

from __future__ import annotations

from ..._caches.attribution import cache_for
from .directories import number_of
from .local import are_mocked

__all__ = ["open_end"]


def open_end() -> _Served:
    """Return what answers a child."""
    return _Served()


class _Served:
    def are_mocked(self) -> bool:
        return are_mocked()

    def number_of(self, name: str, path: str, puts: bool) -> int:
        """Return the number of the folder at *path*, which is on the disk of both."""
        return number_of(cache_for(name), path, puts)

    def close(self) -> None:
        """Have nothing to let go of."""

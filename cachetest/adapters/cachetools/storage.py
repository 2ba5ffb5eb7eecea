"""The entries of a cache of cachetools, as faults reach them: objects, in an order and with their times."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..._behaving.storage import Storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .scoped import CacheSwap, Entries

__all__ = ["ObjectStorage"]

# What is no entry, and is the same object for as long as the cache lives.
_KEPT = ("__timer", "__getsizeof", "__ttu", "__maxsize", "__choice")


class ObjectStorage(Storage):
    """The entries of one cache object in one scope."""

    def __init__(self, swap: CacheSwap, entries: Entries) -> None:
        super().__init__(entries, holds_objects=True, finds_as_stored=True)
        self._swap = swap
        self._entries = entries

    @contextmanager
    def unchanged(self, keys: Sequence[object]) -> Iterator[None]:
        """Have the whole cache be as it was: a put may have others make room, or change their order."""
        with self._swap.unlogged(self._entries.real) as real:
            copied, _ = self._swap.copy_of(real, lambda _, value: value)
            try:
                yield
            finally:
                own = vars(real)
                own.update({name: value for name, value in vars(copied).items() if _is_of_entries(name)})


def _is_of_entries(name: str) -> bool:
    """Return whether an attribute *name* of a cache is the library's own, and of its entries."""
    return "Cache__" in name and not name.endswith(_KEPT)

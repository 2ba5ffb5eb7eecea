"""The classes of a patched cache of cachetools: that of the object, and that of its face in a scope."""

from __future__ import annotations

from typing import Any

from ..._caches.attribution import cache_for
from ..calls import is_in_call_of
from ..class_swap import named_after
from ..front import make_front
from .counting import make_counting
from .scoped import CacheSwap, Entries

__all__ = ["Swap"]


class Swap(CacheSwap):
    """One cache object that is patched."""

    def __init__(self, name: str, cache: Any) -> None:
        super().__init__(name, cache)
        self.face = _make_face(self)
        self.front = make_front(self, make_counting(self, self.in_place_of))


def _make_face(swap: Swap) -> Any:
    """Return the class of the faces: objects with the attributes of a scope's cache, whose calls count."""
    original = swap.original

    def entries_of(face: Any) -> Entries | None:
        # Whatever else is of this class, a program has made of it.
        entries: Entries | None = getattr(face, "_cachetest_entries", None)
        # A face that a program's own method has let out may be used whenever, and wherever.
        if entries is None or is_in_call_of(face):
            return entries
        return swap.entries_in(cache_for(swap.name))

    class Face(make_counting(swap, entries_of)):  # type: ignore[misc]
        __slots__ = ("_cachetest_entries",)

        @property  # type: ignore[misc]
        def __class__(self) -> Any:
            return original

    return named_after(original, Face)

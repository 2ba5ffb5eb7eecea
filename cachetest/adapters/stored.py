"""What a server has for one key, in each of its places, as a fault finds it and puts it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Stored", "stored"]


class Stored:
    """The ``items`` of one key by their places; the same object for as long as these are what they were."""

    def __init__(self, items: Mapping[Any, Any], more: object = None) -> None:
        self.items = items
        self.more = more


_found: WeakValueDictionary[tuple[object, ...], Stored] = WeakValueDictionary()


def stored(items: Mapping[Any, Any], *marks: object, more: object = None) -> Stored:
    """Return the object for *items* that *marks* tell from others: ids of what is in them, for instance."""
    at = (*marks, more)
    found = _found.get(at)
    if found is None:
        found = Stored(items, more)
        found = _found.setdefault(at, found)
    return found

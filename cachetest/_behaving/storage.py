"""What the entries of a cache are kept in, as faults and a test by hand reach them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .call import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence

__all__ = ["Storage", "kept_entries"]


class Storage:
    """What the entries of a cache are kept in, below what its library makes of them; nothing is counted.

    This one is a mapping of values alone. What is *stored* is whatever `read` returns: a value with all that
    is kept beside it, such as its end.
    """

    def __init__(
        self,
        entries: MutableMapping[Any, Any],
        *,
        holds_objects: bool = False,
        finds_as_stored: bool = False,
    ) -> None:
        """Have *entries*, which hold objects as they are, or what may be bytes and text.

        Where a lookup at the gate *finds* values *as* they are *stored*, one that is to find another value
        need not be done at all.
        """
        self.entries = entries
        self.holds_objects = holds_objects
        self.finds_as_stored = finds_as_stored

    def live_keys(self) -> Iterable[object]:
        """Return the keys of the entries that have not expired, as they are logged."""
        return list(self.entries)

    def read(self, key: object) -> Any:
        """Return what is stored for *key*, or `MISSING`."""
        try:
            return self.entries.get(key, MISSING)
        except TypeError:  # it can't be hashed: the call will say so
            return MISSING

    def write(self, key: object, stored: Any) -> None:
        """Put back what `read` has returned, or take the entry out where that is `MISSING`."""
        if stored is MISSING:
            self.entries.pop(key, None)
        else:
            self.entries[key] = stored

    def content(self, stored: Any) -> Any:
        """Return the bytes, the text or the object in what is *stored*."""
        return stored

    def with_content(self, stored: Any, content: Any) -> Any:
        """Return *stored* with *content* in place of its own."""
        return content

    def is_same(self, one: Any, other: Any) -> bool:
        """Return whether two that `read` has returned are of one put."""
        if one is MISSING or other is MISSING:
            return one is other
        return self.content(one) is self.content(other)

    @contextmanager
    def unchanged(self, keys: Sequence[object]) -> Iterator[None]:
        """Have the entries of *keys* be, after the block, what they were before it."""
        before = [(key, self.read(key)) for key in keys]
        try:
            yield
        finally:
            for key, stored in before:
                self.write(key, stored)


def kept_entries(kept: dict[object, Any], name: str, storage: Storage) -> Mapping[object, Any]:
    """Return the entries of the cache *name* as they were when *kept* was first asked for them."""
    found: Mapping[object, Any] | None = kept.get(name)
    if found is None:
        found = kept.setdefault(name, {key: storage.read(key) for key in storage.live_keys()})
    return found or {}

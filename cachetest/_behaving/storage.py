"""What the entries of a cache are kept in, as faults and a test by hand reach them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from .call import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence

__all__ = ["OwnStorage", "Storage", "Stored", "kept_entries"]


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


class Stored(NamedTuple):
    """The value of an entry of ours, and when it was put and until when it lives, if it lives for a time."""

    value: Any
    term: tuple[float, float] | None


class OwnStorage(Storage):
    """The entries that a `MockCache` keeps itself: values, and the time that each lives once one has any.

    What is stored is a `Stored` from then on; what was read before is a value.
    """

    def __init__(self, cache: Any) -> None:
        """Have the entries of *cache* as they are whenever one is asked for: that may change meanwhile."""
        super().__init__(cache.cache)
        self._cache = cache

    @property
    def entries(self) -> MutableMapping[Any, Any]:
        return self._cache.cache  # type: ignore[no-any-return]

    @entries.setter
    def entries(self, _: object) -> None: ...

    @property
    def finds_as_stored(self) -> bool:
        """Whether there are values alone."""
        return not hasattr(self.entries, "stored_of")

    @finds_as_stored.setter
    def finds_as_stored(self, _: object) -> None: ...

    def read(self, key: object) -> Any:
        """Return the value of *key*, or what is `Stored`, or `MISSING`."""
        entries: Any = self.entries
        try:
            return entries.get(key, MISSING) if self.finds_as_stored else entries.stored_of(key)
        except TypeError:  # it can't be hashed: the call will say so
            return MISSING

    def write(self, key: object, stored: Any) -> None:
        """Put back what `read` has returned, with its time to live."""
        entries: Any = self.entries
        if stored is not MISSING and not self.finds_as_stored:
            entries.store_again(key, stored if isinstance(stored, Stored) else Stored(stored, None))
        else:
            super().write(key, self.content(stored))

    def content(self, stored: Any) -> Any:
        return stored.value if isinstance(stored, Stored) else stored

    def with_content(self, stored: Any, content: Any) -> Any:
        return stored._replace(value=content) if isinstance(stored, Stored) else content


def kept_entries(kept: dict[object, Any], name: str, storage: Storage) -> Mapping[object, Any]:
    """Return the entries of the cache *name* as they were when *kept* was first asked for them."""
    found: Mapping[object, Any] | None = kept.get(name)
    if found is None:
        found = kept.setdefault(name, {key: storage.read(key) for key in storage.live_keys()})
    return found or {}

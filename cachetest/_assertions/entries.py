"""The assertions on entries: that a key is there, or is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._behaving.gate import MISSING
from .base import AssertionBase

if TYPE_CHECKING:
    from .._caches.cache import MockCache

__all__ = ["EntryAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class EntryAssertions(AssertionBase):
    """Assertions on the entries of a cache."""

    def assertCached(self, name: str, key: object, value: object = MISSING, *, msg: object = None) -> None:
        """Fail unless the cache *name* has an entry for *key*, with that *value* if one is given.

        This is no lookup: it is not counted.
        """
        from .._telling.failures import not_cached, value_differs
        from .._telling.likeness import same

        cache = self._cache(name)
        got = self._entry(cache, key)
        if got is MISSING:
            text = not_cached(name, key, cache.cache.keys(), self._history(cache))
        elif value is not MISSING and not same(got, value):
            text = value_differs(name, key, value, got)
        else:
            return
        raise self._fail_with(msg, text)

    def assertNotCached(self, name: str, key: object, *, msg: object = None) -> None:
        """Fail if the cache *name* has an entry for *key*. This is no lookup: it is not counted."""
        got = self._entry(self._cache(name), key)
        if got is not MISSING:
            from .._telling.failures import still_cached

            raise self._fail_with(msg, still_cached(name, key, got))

    def _entry(self, cache: MockCache, key: object) -> object:
        if self._session is not None:
            key = self._session.entry_key(cache.name, key)
        return cache.cache.get(key, MISSING)

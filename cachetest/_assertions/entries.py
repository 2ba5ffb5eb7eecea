"""The assertions on entries: that a key is there, or is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._behaving.gate import MISSING
from ..errors import CacheTestError
from .base import AssertionBase

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._caches.cache import MockCache

__all__ = ["EntryAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class EntryAssertions(AssertionBase):
    """Assertions on the entries of a cache."""

    def assertCached(
        self,
        name: str,
        key: object,
        value: object = MISSING,
        *,
        at: str | None = None,
        decode: Callable[[Any], object] | None = None,
        msg: object = None,
    ) -> None:
        """Fail unless the cache *name* has an entry for *key*, with that *value* if one is given.

        *at* is the server and database to look in, where a cache has several, such as
        ``"redis://localhost:6379/1"``; without it, that they have different values for the key is a
        `CacheTestError`. *decode* makes of an entry what is compared, such as ``json.loads``; without it,
        entries of Redis are compared as they are, and as the client decodes that used the key last.

        This is no lookup: it is not counted.
        """
        from .._recording.sameness import same
        from .._telling.failures import not_cached, value_differs

        cache = self._cache(name)
        if self._passes_over():
            return
        found = self._places(cache, key, at)
        kept = self._entry_key(cache, key)
        if not found:
            shown = kept if at is None else (at, kept)
            raise self._fail_with(msg, not_cached(name, shown, cache.cache.keys(), self._history(cache)))
        if value is MISSING:
            return
        differs: object = MISSING
        equal = []
        for place, raw in found.items():
            seen = _decoded(cache, place, kept, raw, decode)
            if any(same(each, value) for each in seen):
                equal.append(place)
            elif differs is MISSING:
                differs = seen[-1] if isinstance(value, str) or decode is not None else seen[0]
        if len(equal) == len(found):
            return
        if equal:
            places = ", and in ".join(found)
            raise CacheTestError(
                f"cache {name!r} has several entries for {key!r}, in {places}: say which is meant, "
                f"for instance at={equal[0]!r}"
            )
        kept = kept if at is None else (next(iter(found)), kept)
        text = value_differs(name, key, value, differs, self._history(cache), kept)
        raise self._fail_with(msg, text)

    def assertNotCached(self, name: str, key: object, *, at: str | None = None, msg: object = None) -> None:
        """Fail if the cache *name* has an entry for *key*, anywhere or *at* one server and database.

        This is no lookup: it is not counted.
        """
        cache = self._cache(name)
        if self._passes_over():
            return
        found = self._places(cache, key, at)
        if found:
            from .._telling.failures import still_cached

            place, value = next(iter(found.items()))
            kept = self._entry_key(cache, key)
            kept = kept if at is None else (place, kept)
            raise self._fail_with(msg, still_cached(name, key, value, self._history(cache), kept))


def _decoded(
    cache: MockCache, place: str, key: object, raw: Any, decode: Callable[[Any], object] | None
) -> list[object]:
    """Return what an entry may be compared as: what *decode* makes of it, or it and what a client would."""
    if decode is not None:
        return [decode(raw)]
    decoder_of = getattr(cache.cache, "decoder_of", None)
    decoder = None if decoder_of is None else decoder_of(place, key)
    return [raw] if decoder is None else [raw, decoder(raw)]

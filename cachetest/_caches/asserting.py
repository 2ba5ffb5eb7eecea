"""What can be asserted of one cache: the assertions of a test case, as methods of the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._behaving.call import MISSING
from .asserting_base import Asserting
from .counting import CountingCache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from .._recording.bounds import Bound
    from .._recording.stats import Stats
    from .counting import CacheDelta

    Count = int | Bound | None
    Keys = str | Callable[[object], object] | None

__all__ = ["AssertingCache"]

# Neither unittest nor pytest shows these lines of a failure.
__unittest = True
__tracebackhide__ = True


class AssertingCache(Asserting, CountingCache):
    """The base of a cache: what can be asserted of it, in a test case and without one.

    Each method is the assertion of `CacheTestCase` that is called so in mixed case: ``assert_stats`` is
    `assertCacheStats`, with the same arguments but for the name, and fails with the same text. In the test of
    a case it is that of the case; elsewhere an ``AssertionError`` is raised.
    """

    def assert_stats(
        self,
        stats: Stats | None = None,
        /,
        *,
        puts: Count = None,
        hits: Count = None,
        misses: Count = None,
        refusals: Count = None,
        deletes: Count = None,
        evictions: Count = None,
        expirations: Count = None,
        failures: Count = None,
        keys: Keys = None,
        process: int | str | None = None,
        msg: object = None,
    ) -> None:
        """Fail unless it has exactly these counts: see `CacheTestCase.assertCacheStats`."""
        counts: dict[str, Any] = {"puts": puts, "hits": hits, "misses": misses, "refusals": refusals}
        counts |= {"deletes": deletes, "evictions": evictions, "expirations": expirations}
        counts |= {"failures": failures, "keys": keys, "process": process, "msg": msg}
        self._asserting().assertCacheStats(self.name, stats, **counts)

    def assert_delta(
        self,
        stats: Stats | None = None,
        /,
        *,
        puts: Count = None,
        hits: Count = None,
        misses: Count = None,
        refusals: Count = None,
        deletes: Count = None,
        evictions: Count = None,
        expirations: Count = None,
        failures: Count = None,
        keys: Keys = None,
        process: int | str | None = None,
        msg: object = None,
    ) -> CacheDelta:
        """Return a context manager whose block has to do exactly this to it.

        See `CacheTestCase.assertCacheDelta`.
        """
        counts: dict[str, Any] = {"puts": puts, "hits": hits, "misses": misses, "refusals": refusals}
        counts |= {"deletes": deletes, "evictions": evictions, "expirations": expirations}
        counts |= {"failures": failures, "keys": keys, "process": process, "msg": msg}
        delta: CacheDelta = self._asserting().assertCacheDelta(self.name, stats, **counts)
        return delta

    def assert_unused(self, *, process: int | str | None = None, msg: object = None) -> None:
        """Fail if there was any operation on it: see `CacheTestCase.assertCacheUnused`."""
        self._asserting().assertCacheUnused(self.name, process=process, msg=msg)

    def assert_operations(
        self,
        operations: Sequence[str | tuple[str, object]],
        *,
        ordered: bool = True,
        process: int | str | None = None,
        msg: object = None,
    ) -> None:
        """Fail unless these are its operations: see `CacheTestCase.assertCacheOperations`."""
        options: dict[str, Any] = {"ordered": ordered, "process": process, "msg": msg}
        self._asserting().assertCacheOperations(self.name, operations, **options)

    def assert_cached(
        self,
        key: object,
        value: object = MISSING,
        *,
        at: str | None = None,
        decode: Callable[[Any], object] | None = None,
        msg: object = None,
    ) -> None:
        """Fail unless it has an entry for *key*: see `CacheTestCase.assertCached`."""
        self._asserting().assertCached(self.name, key, value, at=at, decode=decode, msg=msg)

    def assert_not_cached(self, key: object, *, at: str | None = None, msg: object = None) -> None:
        """Fail if it has an entry for *key*: see `CacheTestCase.assertNotCached`."""
        self._asserting().assertNotCached(self.name, key, at=at, msg=msg)

    def assert_expires(
        self, key: object, after: float | timedelta, *, at: str | None = None, msg: object = None
    ) -> None:
        """Fail unless the entry of *key* expires *after* so many seconds.

        See `CacheTestCase.assertCacheExpires`.
        """
        self._asserting().assertCacheExpires(self.name, key, after, at=at, msg=msg)

    def assert_ttl(
        self, key: object, seconds: float | timedelta | None, *, at: str | None = None, msg: object = None
    ) -> None:
        """Fail unless the entry of *key* has so long to live: see `CacheTestCase.assertCacheTTL`."""
        self._asserting().assertCacheTTL(self.name, key, seconds, at=at, msg=msg)

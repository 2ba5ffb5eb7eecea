"""`assertEqual` of a cache and the counts that it should have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._caches.cache import MockCache
from .._recording.stats import Stats
from .base import AssertionBase

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COUNTS", "EqualAssertions", "counts_differ", "counts_of"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

COUNTS = {"puts": "num_put", "hits": "num_get_hit", "misses": "num_get_miss"}


class EqualAssertions(AssertionBase):
    """The assertion of unittest on two values, which tells more of a cache."""

    def assertEqual(self, first: object, second: object, msg: object = None) -> None:
        """Fail unless both are equal; of a cache and a `Stats`, the text is that of `assertCacheStats`.

        The counts of a cache are its puts, hits and misses: refusals are not compared.
        """
        cache, stats = (first, second) if isinstance(first, MockCache) else (second, first)
        if isinstance(cache, MockCache) and not isinstance(stats, MockCache) and first != second:
            expected = counts_of(stats)
            if expected is not None:
                raise self._fail_with(msg, counts_differ(cache, expected))
        super().assertEqual(first, second, msg)


def counts_of(stats: object) -> dict[str, Any] | None:
    """Return the counts that *stats* has, by their words; None for what a cache is not compared with."""
    found: dict[str, Any] = {word: getattr(stats, name, None) for word, name in COUNTS.items()}
    # Anything else that a cache is compared with is not for us to explain.
    return found if all(isinstance(count, int) for count in found.values()) else None


def counts_differ(cache: MockCache, expected: Mapping[str, Any]) -> str:
    """Return the text of the failure where *cache* should have the *expected* counts, or bounds."""
    from .._telling.failures import stats_differ

    caches = None if cache.scope_caches is None else cache.scope_caches()
    found = cache if caches is None else caches.by_name().get(cache.name)
    history = cache.history if caches is None or found is not cache else lambda: caches.history_of(cache)
    told = stats_differ(cache.name, expected, Stats(*cache.counts()), history, unavailable=cache.unavailable)
    return told or f"cache {cache.name!r}: ({cache}) is not equal to what has the same counts"

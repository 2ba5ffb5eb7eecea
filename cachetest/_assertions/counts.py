"""The assertions on counts: of a whole test, and of a block."""

from __future__ import annotations

import operator
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from .._recording.stats import Stats
from ..errors import CacheTestWarning
from .base import AssertionBase

if TYPE_CHECKING:
    from .._caches.cache import MockCache

__all__ = ["CountAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class CountAssertions(AssertionBase):
    """Assertions on the counts of a cache."""

    def assertCacheStats(
        self,
        name: str,
        stats: Stats | None = None,
        /,
        *,
        puts: int | None = None,
        hits: int | None = None,
        misses: int | None = None,
        msg: object = None,
    ) -> None:
        """Fail unless the cache *name* has exactly these counts.

        Give a `Stats`, which compares all three, or any of *puts*, *hits* and *misses*; a count left out
        is not compared. Raises ``TypeError`` or ``ValueError`` for counts that can't be, and
        `UnknownCacheError`, with the closest names, for a name that is none.
        """
        # Loaded here, as below: the text is for failures, and every process pays for an import.
        from .._telling.failures import stats_differ

        cache = self._cache(name)
        expected = _expected(cache, stats, puts, hits, misses)
        differ = stats_differ(
            name, expected, cache.stats, partial(self._history, cache), unavailable=cache.unavailable
        )
        if differ is not None:
            raise self._fail_with(msg, differ)

    def assertCacheDelta(
        self,
        name: str,
        stats: Stats | None = None,
        /,
        *,
        puts: int | None = None,
        hits: int | None = None,
        misses: int | None = None,
        msg: object = None,
    ) -> _Delta:
        """Return a context manager that fails unless its block did exactly this to the cache *name*.

        Arguments and errors are those of `assertCacheStats`, raised before the block is entered.
        """
        cache = self._cache(name)
        return _Delta(self, cache, _expected(cache, stats, puts, hits, misses), msg)


def _expected(
    cache: MockCache, stats: Stats | None, puts: int | None, hits: int | None, misses: int | None
) -> dict[str, int]:
    """Return the counts to compare, by the word of the argument that gave them."""
    given = {"puts": puts, "hits": hits, "misses": misses}
    counts = {word: count for word, count in given.items() if count is not None}
    if stats is not None:
        if not isinstance(stats, Stats):
            raise TypeError(f"expected a Stats, or counts by name (puts=1), not {stats!r}")
        if counts:
            raise TypeError(f"give a Stats or counts by name, not both: {stats!r} and {counts}")
        counts = dict(zip(given, stats.counts(), strict=True))
    if not counts:
        raise TypeError("nothing to compare: give at least one of puts, hits and misses, or a Stats")
    for word, why in cache.unavailable.items():
        if word in counts:
            raise ValueError(f"the {word} of cache {cache.name!r} can't be known: {why}; leave them out")
    return {word: _count(word, count) for word, count in counts.items()}


def _count(word: str, count: Any) -> int:
    # A bool is an int to Python; as a count it is a mistake.
    if isinstance(count, bool) or not hasattr(count, "__index__"):
        raise TypeError(f"{word} must be an integer, not {count!r}")
    number = operator.index(count)
    if number < 0:
        raise ValueError(f"{word} must be 0 or more, not {number}")
    return number


class _Delta:
    """The context manager of `assertCacheDelta`: it compares the counts before its block with those after."""

    def __init__(
        self, case: CountAssertions, cache: MockCache, expected: dict[str, int], msg: object
    ) -> None:
        self._case = case
        self._cache = cache
        self._expected = expected
        self._msg = msg
        self._entered = False

    def __del__(self) -> None:
        if not self._entered:
            name = self._cache.name
            warnings.warn(
                f"assertCacheDelta({name!r}, ...) compared nothing: use it in a with statement",
                CacheTestWarning,
                stacklevel=2,
            )

    def __enter__(self) -> None:
        self._entered = True
        self._before = self._cache.stats
        self._generation = self._cache.operations.generation
        self._skipped = len(self._cache.operations) + self._cache.operations.dropped

    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None:
        if exc_type is not None:
            return
        from .._telling.failures import stats_differ

        name = self._cache.name
        if self._cache.operations.generation is not self._generation:
            raise ValueError(f"cache {name!r} was reset inside the block of assertCacheDelta")
        got = self._cache.stats - self._before
        differ = stats_differ(
            name,
            self._expected,
            got,
            partial(self._case._history, self._cache),
            unavailable=self._cache.unavailable,
            skipped=self._skipped,
        )
        if differ is not None:
            raise self._case._fail_with(self._msg, differ)

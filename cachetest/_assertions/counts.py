"""The assertions on counts: of a whole test, and of a block."""

from __future__ import annotations

import operator
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from .._recording.stats import Stats
from .._telling.key_patterns import is_of, words_of
from ..errors import CacheTestWarning
from .base import AssertionBase
from .key_counts import counts_of_keys

if TYPE_CHECKING:
    from collections.abc import Callable

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
        refusals: int | None = None,
        keys: str | Callable[[object], object] | None = None,
        msg: object = None,
    ) -> None:
        """Fail unless the cache *name* has exactly these counts.

        Give a `Stats`, which compares all three, or any of *puts*, *hits* and *misses*; a count left out is
        not compared. *refusals* is how many hits found what the library would not use: where hits are
        compared, that is 0 unless said otherwise. With *keys*, the counts are those of the operations on some
        keys: a glob over their text, such as ``"price:*"`` (of what is no text, over its ``repr``), or a
        function that is called with a key and says whether it is one. Raises ``TypeError`` or ``ValueError``
        for counts that can't be, and `UnknownCacheError`, with the closest names, for a name that is none.
        """
        # Loaded here, as below: the text is for failures, and every process pays for an import.
        from .._telling.failures import stats_differ

        cache = self._cache(name)
        expected = _expected(cache, stats, puts, hits, misses, refusals)
        if self._passes_over():
            return
        got, refused = (
            (cache.stats, cache.num_refusal) if keys is None else counts_of_keys(cache, is_of(keys))
        )
        differ = stats_differ(
            name,
            expected,
            got,
            partial(self._history, cache),
            refusals=refused,
            unavailable=cache.unavailable,
            keys=None if keys is None else words_of(keys),
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
        refusals: int | None = None,
        keys: str | Callable[[object], object] | None = None,
        msg: object = None,
    ) -> _Delta:
        """Return a context manager that fails unless its block did exactly this to the cache *name*.

        Arguments and errors are those of `assertCacheStats`, raised before the block is entered.
        """
        cache = self._cache(name)
        expected = _expected(cache, stats, puts, hits, misses, refusals)
        if keys is not None:
            # What can't be counted is an error here, and not where the block has ended.
            counts_of_keys(cache, is_of(keys), len(cache.operations) + cache.operations.dropped)
        return _Delta(self, cache, expected, keys, msg)


def _expected(
    cache: MockCache,
    stats: Stats | None,
    puts: int | None,
    hits: int | None,
    misses: int | None,
    refusals: int | None,
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
    if refusals is not None:
        counts["refusals"] = refusals
    if not counts:
        raise TypeError(
            "nothing to compare: give at least one of puts, hits, misses and refusals, or a Stats"
        )
    for word, why in cache.unavailable.items():
        if word in counts:
            raise ValueError(f"the {word} of cache {cache.name!r} can't be known: {why}; leave them out")
    if "hits" in counts:
        # To the program, a hit that was refused is none.
        counts.setdefault("refusals", 0)
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
        self,
        case: CountAssertions,
        cache: MockCache,
        expected: dict[str, int],
        keys: str | Callable[[object], object] | None,
        msg: object,
    ) -> None:
        self._case = case
        self._cache = cache
        self._expected = expected
        self._keys = keys
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
        self._refused = self._cache.num_refusal
        self._began = self._cache.moment()
        self._in_blocks = self._case._scope().used_in_blocks(self._cache.name)
        self._generation = self._cache.operations.generation
        self._skipped = len(self._cache.operations) + self._cache.operations.dropped

    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None:
        if exc_type is not None or self._case._passes_over():
            return
        from .._telling.failures import stats_differ

        name = self._cache.name
        if self._cache.operations.generation is not self._generation:
            raise ValueError(f"cache {name!r} was reset inside the block of assertCacheDelta")
        got, refused = self._cache.stats - self._before, self._cache.num_refusal - self._refused
        if self._keys is not None:
            got, refused = counts_of_keys(self._cache, is_of(self._keys), self._skipped)
        differ = stats_differ(
            name,
            self._expected,
            got,
            partial(self._case._history, self._cache, self._in_blocks, self._began),
            refusals=refused,
            unavailable=self._cache.unavailable,
            skipped=self._skipped,
            keys=None if self._keys is None else words_of(self._keys),
        )
        if differ is not None:
            raise self._case._fail_with(self._msg, differ)

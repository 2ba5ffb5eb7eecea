"""The assertions on the caches of a test."""

from __future__ import annotations

import operator
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from .arguments import resolve_adapters
from .caches import MISSING, MockCache
from .errors import CacheTestWarning, NotPatchedError
from .stats import Stats

if TYPE_CHECKING:
    from collections.abc import Sequence
    from unittest import TestCase as _TestCase

    from .activation import Activation
    from .adapters.base import Adapter
    from .caches import MockCaches
    from .explain import History
else:
    _TestCase = object

__all__ = ["CacheAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class CacheAssertions(_TestCase):
    """The assertions, for a TestCase whose tests are run in a scope; see `CacheTestMixin`."""

    patch_caches: ClassVar[Sequence[str | Adapter] | None] = None
    """Adapters, or names of adapters; None means those of every supported library that was imported."""

    caches: MockCaches
    """The scope of the running test."""

    _activation: Activation | None = None

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
        # Loaded here, as below: its text is for failures, and every process pays for an import.
        from . import messages

        cache = self._cache(name)
        expected = _expected(cache, stats, puts, hits, misses)
        differ = messages.stats_differ(
            name, expected, cache.stats, partial(self._history, cache), unknown=cache.unknown
        )
        if differ is not None:
            raise self.failureException(self._formatMessage(msg, differ))  # type: ignore[arg-type]

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

    def assertCacheUnused(self, *names: str, msg: object = None) -> None:
        """Fail if there was any operation on the caches *names*; without names, on any cache at all."""
        chosen = [self._cache(name) for name in names] or self._every_cache()
        # A bypass is of a cache that was not used.
        found = {
            cache.name: self._history(cache)
            for cache in chosen
            if cache.operations.total > cache.operations.tally("bypass") or any(cache.counts())
        }
        if found:
            from . import messages

            text = messages.used(found)
            raise self.failureException(self._formatMessage(msg, text))  # type: ignore[arg-type]

    def assertCached(self, name: str, key: object, value: object = MISSING, *, msg: object = None) -> None:
        """Fail unless the cache *name* has an entry for *key*, with that *value* if one is given.

        This is no lookup: it is not counted.
        """
        from . import messages
        from .explain import same

        cache = self._cache(name)
        got = self._entry(cache, key)
        if got is MISSING:
            text = messages.not_cached(name, key, cache.cache.keys(), self._history(cache))
        elif value is not MISSING and not same(got, value):
            text = messages.value_differs(name, key, value, got)
        else:
            return
        raise self.failureException(self._formatMessage(msg, text))  # type: ignore[arg-type]

    def assertNotCached(self, name: str, key: object, *, msg: object = None) -> None:
        """Fail if the cache *name* has an entry for *key*. This is no lookup: it is not counted."""
        got = self._entry(self._cache(name), key)
        if got is not MISSING:
            from . import messages

            text = messages.still_cached(name, key, got)
            raise self.failureException(self._formatMessage(msg, text))  # type: ignore[arg-type]

    def _entry(self, cache: MockCache, key: object) -> object:
        if self._activation is not None:
            key = self._activation.entry_key(cache.name, key)
        return cache.cache.get(key, MISSING)

    def _scope(self) -> MockCaches:
        if not hasattr(self, "caches"):
            raise NotPatchedError(
                f"{self.id()} was not run by unittest, so it has no caches: "
                "call its run(), or run it with `python -m unittest`"
            )
        return self.caches

    def _cache(self, name: str) -> MockCache:
        return self._scope().get_stat(name)

    def _every_cache(self) -> list[MockCache]:
        """Return all caches of the scope; an error if it is not sure that these are all there should be."""
        in_use = [] if self._activation is None else self._activation.adapters
        if self.patch_caches is None and self._activation is not None:
            for adapter in resolve_adapters(None):
                if adapter not in in_use:
                    raise NotPatchedError(
                        f"the library of the adapter {adapter.name!r} was imported while the test ran, so "
                        "its caches are not patched: import it before, or name it: "
                        f"patch_caches = ({adapter.name!r},)"
                    )
        if not self._scope():
            raise NotPatchedError("there is no cache here: no adapter was patched, and no MockBackend made")
        return list(self._scope().values())

    def _history(self, cache: MockCache) -> History:
        return cache.history(self._scope().values())


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
    for word, why in cache.unknown.items():
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
    """What `assertCacheDelta` returns: compares the counts before its block with those after."""

    def __init__(
        self, case: CacheAssertions, cache: MockCache, expected: dict[str, int], msg: object
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
        from . import messages

        name = self._cache.name
        if self._cache.operations.generation is not self._generation:
            raise ValueError(f"cache {name!r} was reset inside the block of assertCacheDelta")
        got = self._cache.stats - self._before
        differ = messages.stats_differ(
            name,
            self._expected,
            got,
            partial(self._case._history, self._cache),
            unknown=self._cache.unknown,
            skipped=self._skipped,
        )
        if differ is not None:
            raise self._case.failureException(self._case._formatMessage(self._msg, differ))  # type: ignore[arg-type]

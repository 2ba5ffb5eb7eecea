"""The assertions on counts: of a whole test, and of a block."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from .._caches.counting import KIND_OF, CacheDelta, own_counts
from .._recording.bounds import Bound, whole_number
from .._recording.stats import Stats
from .._telling.key_patterns import is_of, words_of
from ..errors import CacheTestWarning
from .base import AssertionBase
from .key_counts import counts_of_some
from .of_process import validate_process, words_of_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from .._caches.cache import MockCache

    Count = int | Bound | None
    Keys = str | Callable[[object], object] | None

__all__ = ["CountAssertions"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_OF_STATS = ("puts", "hits", "misses")


class _Asked(NamedTuple):
    """What an assertion compares: counts by word, and of which keys and which process alone."""

    expected: dict[str, int | Bound]
    keys: Keys
    process: int | str | None
    msg: object

    @property
    def chosen(self) -> Callable[[object], object] | None:
        return None if self.keys is None else is_of(self.keys)


class CountAssertions(AssertionBase):
    """Assertions on the counts of a cache."""

    def assertCacheStats(
        self,
        name: str,
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
        """Fail unless the cache *name* has exactly these counts.

        Give a `Stats`, which compares puts, hits and misses, or any of the counts; one left out is not
        compared. A count is an integer, or a bound: `at_least`, `at_most` or `between`. *refusals* is how
        many hits found what the library would not use: where hits are compared, that is 0 unless said
        otherwise. With *keys*, the counts are those of the operations on some keys: a glob over their text,
        such as ``"price:*"`` (of what is no text, over its ``repr``), or a function that is called with a key
        and says whether it is one. With *process*, they are those of one process: its id, its name such as
        ``"ForkProcess-1"``, or its rank; a number is an id unless a rank of that number is known. Raises
        ``TypeError`` or ``ValueError`` for counts that can't be and for a process that is not known, and
        `UnknownCacheError`, with the closest names, for a name that is none.
        """
        cache = self._cache(name)
        counts = {"puts": puts, "hits": hits, "misses": misses, "refusals": refusals, "deletes": deletes}
        counts |= {"evictions": evictions, "expirations": expirations, "failures": failures}
        asked = _Asked(_expected(cache, stats, counts), keys, process, msg)
        of = self._process(process)
        if self._passes_over():
            return
        everything = keys is None and of is None
        got = own_counts(cache) if everything else counts_of_some(cache, asked.chosen, of)
        self._compare(cache, asked, got, None, None, None)

    def assertCacheDelta(
        self,
        name: str,
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
    ) -> _ExpectedDelta:
        """Return a context manager that fails unless its block did exactly this to the cache *name*.

        Arguments and errors are those of `assertCacheStats`, raised before the block is entered, but for a
        *process* that is not known: it may be started in the block, and is an error at its end. ``with ...
        as delta`` gives ``delta.stats`` and ``delta.operations``, those that are compared.
        """
        cache = self._cache(name)
        counts = {"puts": puts, "hits": hits, "misses": misses, "refusals": refusals, "deletes": deletes}
        counts |= {"evictions": evictions, "expirations": expirations, "failures": failures}
        if process is not None:
            validate_process(process)
        asked = _Asked(_expected(cache, stats, counts), keys, process, msg)
        if keys is not None or process is not None:
            # What can't be counted is an error here, and not where the block has ended.
            known = len(cache.operations) + cache.operations.dropped
            counts_of_some(cache, asked.chosen, None, known, given="keys" if process is None else "process")
        return _ExpectedDelta(self, cache, asked)

    def _compare(
        self,
        cache: MockCache,
        asked: _Asked,
        got: dict[str, int],
        skipped: int | None,
        in_blocks: dict[str, int] | None,
        since: object,
    ) -> None:
        """Fail unless *got* is what was *asked*; the others are as for `stats_differ` and `_history`."""
        of = self._process(asked.process)
        # Loaded here: the text is for failures, and every process pays for an import.
        from .._telling.failures import stats_differ

        differ = stats_differ(
            cache.name,
            asked.expected,
            Stats(*(got[word] for word in _OF_STATS)),
            partial(self._history, cache, in_blocks, since),
            refusals=got["refusals"],
            others={word: got[word] for word in list(KIND_OF)[4:]},
            unavailable=cache.unavailable,
            skipped=skipped,
            keys=None if asked.keys is None else words_of(asked.keys),
            process=None if of is None else words_of_process(self._scope(), of),
        )
        if differ is not None:
            raise self._fail_with(asked.msg, differ)


def _expected(cache: MockCache, stats: Stats | None, given: dict[str, Count]) -> dict[str, int | Bound]:
    """Return the counts to compare, by the word of the argument that gave them."""
    counts = {word: count for word, count in given.items() if count is not None}
    if stats is not None:
        if not isinstance(stats, Stats):
            raise TypeError(f"expected a Stats, or counts by name (puts=1), not {stats!r}")
        twice = {word: count for word, count in counts.items() if word in _OF_STATS}
        if twice:
            raise TypeError(f"give a Stats or counts by name, not both: {stats!r} and {twice}")
        counts = {**dict(zip(_OF_STATS, stats.counts(), strict=True)), **counts}
    if not counts:
        raise TypeError(
            "nothing to compare: give at least one of puts, hits, misses and refusals, deletes, evictions, "
            "expirations and failures, or a Stats"
        )
    for word, why in cache.unavailable.items():
        # What is no count of the library's own is counted by its operations.
        of_log = (
            [each for each in counts if each not in (*_OF_STATS, "refusals")] if word == "operations" else []
        )
        for each in of_log or [word] * (word in counts):
            raise ValueError(f"the {each} of cache {cache.name!r} can't be known: {why}; leave them out")
    if "hits" in counts:
        # To the program, a hit that was refused is none.
        counts.setdefault("refusals", 0)
    return {
        word: count if isinstance(count, Bound) else whole_number(word, count)
        for word, count in counts.items()
    }


class _ExpectedDelta(CacheDelta):
    """The context manager of `assertCacheDelta`: it compares what was done in its block."""

    _asked = "assertCacheDelta"
    # Until it is there, there is nothing to warn of.
    _entered = True

    def __init__(self, case: CountAssertions, cache: MockCache, asked: _Asked) -> None:
        super().__init__(cache, asked.chosen)
        self._case = case
        self._cache = cache
        self._what = asked
        self._entered = False

    def __del__(self) -> None:
        if not self._entered:
            name = self._cache.name
            warnings.warn(
                f"assertCacheDelta({name!r}, ...) compared nothing: use it in a with statement",
                CacheTestWarning,
                stacklevel=2,
            )

    @property
    def _process(self) -> int | None:
        # It may have been started in the block.
        return self._case._process(self._what.process)

    def __enter__(self) -> Self:
        self._entered = True
        self._since = self._cache.moment()
        self._in_blocks = self._case._scope().used_in_blocks(self._cache.name)
        return super().__enter__()

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        super().__exit__(exc_type, exc, traceback)
        if exc_type is not None or self._case._passes_over():
            return
        what = self._what
        # That it was reset is told by this, whatever is compared.
        got = self.counts()
        if what.keys is not None or what.process is not None:
            got = counts_of_some(self._cache, what.chosen, self._process, self.skipped)
        self._case._compare(self._cache, what, got, self.skipped, self._in_blocks, self._since)

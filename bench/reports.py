"""What it takes to report, and to fail, on a million entries and on one value of 50 MB: time and memory."""

from __future__ import annotations

import os
import tracemalloc
from contextlib import contextmanager, redirect_stderr
from functools import lru_cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import measure
from measure import Row

from cachetest import CacheTestCase, MockBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Entries = Callable[[], dict[str, Any]]
    Weigh = Callable[[Callable[[], object]], float]

NAME = "fx_graph"

ENTRIES = 10**3 if measure.QUICK else 10**6
LARGE = 10**6 if measure.QUICK else 50 * 10**6
# The log of a cache is full with so many operations.
LOGGED = 10**2 if measure.QUICK else 10**4

MEGABYTE = 10.0**6
SECOND = 1.0


@lru_cache
def many_entries() -> dict[str, Any]:
    """Return a million entries."""
    return {f"key:{n}:part": n for n in range(ENTRIES)}


def large_value() -> dict[str, Any]:
    """Return one entry of 50 MB."""
    return {"large": bytes(LARGE)}


def two_large_values() -> dict[str, Any]:
    """Return two entries of 50 MB, whose last bytes differ."""
    return {"large": bytes(LARGE), "other": bytes(LARGE - 1) + b"1"}


def report(case: CacheTestCase) -> None:
    """Print the report to nowhere."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        case.caches.report(nowhere)


def missing_key(case: CacheTestCase) -> None:
    """Assert that a key is there that differs in its last part from one that is."""
    case.assertCached(NAME, "key:123:other part")


def wrong_counts(case: CacheTestCase) -> None:
    """Assert fewer misses than there were."""
    case.assertCacheStats(NAME, misses=0)


def used(case: CacheTestCase) -> None:
    """Assert that a cache was not used that was."""
    case.assertCacheUnused()


def another_value(case: CacheTestCase) -> None:
    """Assert a value that differs in its last byte."""
    case.assertCached(NAME, "large", case.caches[NAME].cache["other"])


def fails(assertion: Callable[[CacheTestCase], object], case: CacheTestCase) -> None:
    """Call *assertion*, which has to fail."""
    try:
        assertion(case)
    except case.failureException:
        return
    raise RuntimeError(f"{assertion.__name__} passed")


def seconds(work: Callable[[], object]) -> float:
    """Return the seconds of *work*."""
    start = perf_counter()
    work()
    return perf_counter() - start


def peak_bytes(work: Callable[[], object]) -> float:
    """Return the most bytes that *work* had at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def ours(
    weigh: Weigh,
    entries: Entries,
    work: Callable[[CacheTestCase], object],
    loops: int,
) -> float:
    """Return what *work* weighs in a test whose cache has the *entries* and a full log, *loops* times."""
    found = []

    class Case(CacheTestCase):
        patch_caches = ()

        def test(self) -> None:
            backend = MockBackend(NAME)
            for n in range(LOGGED):
                backend.get(f"key:{n}:missing part")
            self.caches[NAME].cache.update(entries())
            found.append(weigh(partial(work, self)))

    Case("test").debug()
    return found[0] * loops


@contextmanager
def _silent() -> Iterator[None]:
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        yield


def original(weigh: Weigh, entries: Entries, loops: int) -> float:
    """Return what the report of the original weighs, *loops* times."""
    from torch._inductor import mock_cache

    with mock_cache.PatchCaches(), _silent():
        mock_cache.global_stats.get_stat(NAME).cache.update(entries())
        found = weigh(mock_cache.global_stats.report)
    mock_cache.global_stats.reset()
    return found * loops


REPORTS: list[tuple[str, Entries, float]] = [
    (f"of {ENTRIES:,} entries", many_entries, 5 * MEGABYTE),
    (f"of a value of {LARGE // 10**6} MB", large_value, MEGABYTE),
]
FAILURES: list[tuple[str, Entries, Callable[[CacheTestCase], object]]] = [
    (f"failing assertCached, {ENTRIES:,} entries", many_entries, missing_key),
    (f"failing assertCacheStats, {ENTRIES:,} entries", many_entries, wrong_counts),
    (f"failing assertCacheUnused, {ENTRIES:,} entries", many_entries, used),
    (f"failing assertCached, a value of {LARGE // 10**6} MB", two_large_values, another_value),
]

ROWS = [
    row
    for what, entries, budget in REPORTS
    for row in (
        Row(
            f"report() {what}",
            {
                "ours": partial(ours, seconds, entries, report),
                "original": partial(original, seconds, entries),
            },
            once=True,
        ),
        Row(
            f"report() {what}, peak memory",
            {
                "ours": partial(ours, peak_bytes, entries, report),
                "original": partial(original, peak_bytes, entries),
            },
            once=True,
            unit="byte",
            against=None,
            budget=budget,
        ),
    )
] + [
    row
    for what, entries, assertion in FAILURES
    for row in (
        Row(
            what,
            {"ours": partial(ours, seconds, entries, partial(fails, assertion))},
            once=True,
            against=None,
            budget=SECOND,
        ),
        Row(
            f"{what}, peak memory",
            {"ours": partial(ours, peak_bytes, entries, partial(fails, assertion))},
            once=True,
            unit="byte",
            against=None,
        ),
    )
]

if __name__ == "__main__":
    measure.main(ROWS)

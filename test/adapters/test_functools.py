"""The counts that are read from memoised functions, and what is said of them."""

import functools
import io
import json
import unittest
from concurrent.futures import ThreadPoolExecutor

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches, Stats, global_stats
from cachetest.adapters import Functools
from cachetest.errors import CacheTestError

from ..support import run_method
from .functools_support import squares


class CountTests(unittest.TestCase):
    def test_at_any_moment(self):
        """The counts are right whenever they are read, by any way."""
        square = squares()
        with PatchCaches(Functools(squares=square)) as patch:
            cache = patch.caches.squares
            self.assertEqual(cache, Stats())
            square(2)
            self.assertEqual(cache, Stats(0, 0, 1))
            square(2)
            self.assertEqual(cache.stats, Stats(0, 1, 1))
            self.assertEqual(global_stats.squares.num_get_hit, 1)
            self.assertEqual(global_stats.as_dict()["caches"]["squares"]["misses"], 1)
        square(2)
        self.assertEqual(cache, Stats(0, 1, 1))
        self.assertEqual(global_stats.squares, Stats(0, 1, 1))

    def test_what_was_before(self):
        """A scope begins cold and with no counts, and leaves the function empty."""
        square = squares()
        square(2)
        with PatchCaches(Functools(squares=square)) as patch:
            self.assertEqual(patch.caches.squares, Stats())
            self.assertEqual(len(patch.caches.squares.cache), 0)
            square(2)
            square(3)
            self.assertEqual(patch.caches.squares, Stats(0, 0, 2))
            self.assertEqual(len(patch.caches.squares.cache), 2)
        self.assertEqual(square.cache_info()[:2], (0, 0))
        self.assertEqual(vars(square).keys(), {"__wrapped__"} | vars(squares()).keys())

    @parameterized.expand(
        [
            ("cache", functools.cache, 2, 2, 2),
            ("lru_cache", functools.lru_cache, 2, 2, 2),
            ("bounded", functools.lru_cache(maxsize=1), 1, 3, 1),
            ("nothing_kept", functools.lru_cache(maxsize=0), 0, 4, 0),
            ("typed", functools.lru_cache(typed=True), 2, 2, 2),
        ]
    )
    def test_kind(self, _, decorate, hits, misses, entries):
        """Every kind of memoised function is counted, evictions being misses later."""
        square = squares(decorate)
        with PatchCaches(Functools(squares=square)) as patch:
            for number in (1, 1, 2, 1):
                square(number)
            self.assertEqual(patch.caches.squares, Stats(0, hits, misses))
            self.assertEqual(len(patch.caches.squares.cache), entries)

    def test_raises(self):
        """A function that raises is a miss each time."""
        square = squares()
        with PatchCaches(Functools(squares=square)) as patch:
            for _ in range(2):
                with self.assertRaises(ValueError):
                    square(-1)
            self.assertEqual(patch.caches.squares, Stats(0, 0, 2))

    def test_reset(self):
        """A reset zeroes the counts and empties the function."""
        square = squares()
        with PatchCaches(Functools(squares=square)) as patch:
            cache = patch.caches.squares
            square(2)
            cache += Stats(1, 1, 1)
            patch.caches.reset()
            self.assertEqual(cache, Stats())
            square(2)
            self.assertEqual(cache, Stats(0, 0, 1))
            cache.reset()
            self.assertEqual(cache, Stats())

    def test_emptied(self):
        """To empty the entries changes no count."""
        square = squares()
        with PatchCaches(Functools(squares=square)) as patch:
            square(2)
            patch.caches.squares.cache.clear()
            square(2)
            self.assertEqual(patch.caches.squares, Stats(0, 0, 2))

    def test_threads(self):
        """The lookups of any thread are counted."""
        square = squares()
        square(1)
        with PatchCaches(Functools(squares=square)) as patch:
            square(1)
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(square, [1] * 100))
            self.assertEqual(patch.caches.squares, Stats(0, 100, 1))


class AssertionTests(unittest.TestCase):
    def check(self, body, **attributes):
        square = squares()
        return run_method(
            CacheTestCase,
            lambda case: body(case, square),
            patch_caches=(Functools(squares=square),),
            **attributes,
        )[1]

    def test_counts(self):
        """A test case asserts on a memoised function as on any cache."""

        def body(case, square):
            square(2)
            case.assertCacheStats("squares", hits=0, misses=1)
            with case.assertCacheDelta("squares", hits=1, misses=0):
                square(2)

        self.assertTrue(self.check(body).wasSuccessful())

    def test_unused(self):
        """So it does where it was not to be used."""

        def body(case, square):
            case.assertCacheUnused("squares")
            square(2)
            case.assertCacheUnused("squares")

        self.assertEqual(len(self.check(body).failures), 1)

    @parameterized.expand(
        [
            ("stats", lambda case: case.assertCacheStats("squares", puts=1)),
            ("delta", lambda case: case.assertCacheDelta("squares", puts=0).__enter__()),
            ("all", lambda case: case.assertCacheStats("squares", Stats())),
        ]
    )
    def test_puts(self, _, ask):
        """Puts are refused, and why."""
        result = self.check(lambda case, square: ask(case))
        self.assertIn("the puts of cache 'squares' can't be known: a memoised function", result.errors[0][1])

    @parameterized.expand(
        [
            ("cached", lambda case: case.assertCached("squares", 2)),
            ("not_cached", lambda case: case.assertNotCached("squares", 3)),
        ]
    )
    def test_entries(self, _, ask):
        """So are entries, never a pass."""

        def body(case, square):
            square(2)
            ask(case)

        result = self.check(body)
        self.assertIn("the entries can't be known: a memoised function shows", result.errors[0][1])

    def test_written(self):
        """An entry can't be written or deleted through the view."""
        with PatchCaches(Functools(squares=squares())) as patch:
            with self.assertRaises(CacheTestError):
                patch.caches.squares.cache[2] = 4
            with self.assertRaises(CacheTestError):
                del patch.caches.squares.cache[2]

    def test_report(self):
        """The report and the JSON have the counts."""
        square = squares()
        with PatchCaches(Functools(squares=square)) as patch:
            square(2)
            file = io.StringIO()
            patch.caches.report(file)
            self.assertIn("squares: puts: 0, misses: 1, hits: 0", file.getvalue())
            json.dumps(patch.caches.as_dict())

    def test_unknown(self):
        """The cache says what can't be known of it, each with the reason."""
        with PatchCaches(Functools(squares=squares())) as patch:
            self.assertEqual(set(patch.caches.squares.unavailable), {"puts", "operations", "entries"})


if __name__ == "__main__":
    unittest.main()

"""Memoised functions that are cleared, and watched in several scopes."""

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from cachetest import CacheTestCase, PatchCaches, Stats, global_stats
from cachetest.adapters import Functools
from cachetest.errors import CacheTestError, CacheTestWarning

from ..support import run_case
from .functools_support import squares


class ClearTests(unittest.TestCase):
    def test_by_the_program(self):
        """The counts from before the program has cleared the function stay."""
        square = squares()
        with PatchCaches(Functools(squares=square)) as patch:
            square(2)
            square(2)
            square.cache_clear()
            square(2)
            self.assertEqual(square.cache_info()[:2], (0, 1))
            square.cache_clear()
            self.assertEqual(patch.caches.squares, Stats(0, 1, 2))
        self.assertEqual(patch.caches.squares, Stats(0, 1, 2))

    def test_kept_from_an_earlier_scope(self):
        """So it does where the program kept `cache_clear` in an earlier scope, and it works outside."""
        square = squares()
        with PatchCaches(Functools(squares=square)):
            clear = square.cache_clear
        square(2)
        clear()
        self.assertEqual(square.cache_info()[:2], (0, 0))
        with PatchCaches(Functools(squares=square)) as patch:
            square(2)
            clear()
            square(2)
            self.assertEqual(patch.caches.squares, Stats(0, 0, 2))

    def test_kept_from_before(self):
        """Counts that went down unnoticed are an error, then and ever after."""
        square = squares()
        clear = square.cache_clear
        patch = PatchCaches(Functools(squares=square))
        with (
            self.assertRaisesRegex(AssertionError, "hits and misses of cache 'squares' can't be known"),
            patch,
        ):
            square(2)
            self.assertEqual(patch.caches.squares, Stats(0, 0, 1))
            clear()
            with self.assertRaisesRegex(CacheTestError, "cache_clear that the program had kept"):
                patch.caches.squares.stats  # noqa: B018
            square(2)
            square(3)
            with self.assertRaises(CacheTestError):
                patch.caches.squares.num_get_miss  # noqa: B018
        self.assertNotIn("cache_clear", vars(square))

    def test_by_another_thread(self):
        """No count is lost where threads look up and clear at once, one after the other."""
        square = squares()
        lock = threading.Lock()

        def work(number):
            for _ in range(50):
                with lock:
                    square(number)
                if number == 0:
                    with lock:
                        square.cache_clear()

        with PatchCaches(Functools(squares=square)) as patch:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(work, range(4)))
            self.assertEqual(patch.caches.squares.num_get, 200)


class NestedTests(unittest.TestCase):
    def test_counts(self):
        """The counts of the outer scope stand still inside an inner one, and go on after it."""
        square = squares()
        with PatchCaches(Functools(squares=square)) as outer:
            square(2)
            square(2)
            with PatchCaches(Functools(numbers=square)) as inner:
                square(2)
                self.assertEqual(outer.caches.squares, Stats(0, 1, 1))
                self.assertEqual(inner.caches.numbers, Stats(0, 0, 1))
                outer.caches.squares.cache.clear()
                square(2)
                self.assertEqual(len(outer.caches.squares.cache), 0)
                self.assertEqual(inner.caches.numbers, Stats(0, 1, 1))
            self.assertEqual(outer.caches.squares, Stats(0, 1, 1))
            square(2)
            self.assertEqual(outer.caches.squares, Stats(0, 1, 2))
        self.assertEqual(inner.caches.numbers, Stats(0, 1, 1))

    def test_left_in_another_order(self):
        """An outer scope that is left first does not stop the inner from counting."""
        square = squares()
        before = dict(vars(square))
        outer, inner = PatchCaches(Functools(squares=square)), PatchCaches(Functools(squares=square))
        with ExitStack() as stack:
            outer.__enter__()
            stack.enter_context(inner)
            square(2)
            outer.__exit__(None, None, None)
            square(2)
            self.assertEqual(inner.caches.squares, Stats(0, 1, 1))
        self.assertEqual(outer.caches.squares, Stats())
        self.assertEqual(vars(square), before)

    def test_parallel(self):
        """Of two tests at once, the second is refused, whatever it calls the function; the first goes on."""
        square = squares()
        refused = []

        def enter():
            try:
                PatchCaches(Functools(numbers=square)).__enter__()
            except CacheTestError as error:
                refused.append(str(error))

        entered, ended = threading.Event(), threading.Event()

        def other_test():
            entered.wait(60)
            enter()
            ended.set()

        thread = threading.Thread(target=other_test)
        # Not inside the block: it would be part of that.
        thread.start()
        with PatchCaches(Functools(squares=square)) as patch:
            square(1)
            entered.set()
            ended.wait(60)
            self.assertRegex(refused[0], "can't be watched as 'numbers': another test.*one after the other")
            square(1)
            self.assertEqual(patch.caches.squares, Stats(0, 1, 1))
        thread.join()


class ClassTests(unittest.TestCase):
    def test_set_up_by_a_class(self):
        """Each test begins cold, which is told once; the counts of the class are its own."""
        square = squares()
        counts = []

        class Inner(CacheTestCase):
            patch_caches = (Functools(squares=square),)

            @classmethod
            def setUpClass(cls):
                square(2)

            def check(self):
                square(2)
                self.assertCacheStats("squares", hits=0, misses=1)

            test_a = test_b = check

            @classmethod
            def tearDownClass(cls):
                counts.append(global_stats.squares.counts())

        with self.assertWarnsRegex(
            CacheTestWarning,
            "cache 'squares' has 1 entry from what was set up for the class, which no test finds: the "
            "entries of .* can't be copied, so each test begins with none. Call it in setUp",
        ) as caught:
            result = run_case(unittest.defaultTestLoader.loadTestsFromTestCase(Inner))
        self.assertEqual((result.errors + result.failures, len(caught.warnings)), ([], 1))
        self.assertEqual((counts, square.cache_info()[:2]), ([(0, 0, 1)], (0, 0)))


if __name__ == "__main__":
    unittest.main()

"""Callers that are many at once load a key once, or it is told who looked up, loaded and put."""

import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import MockBackend
from cachetest._behaving import quiet
from cachetest.errors import UnknownCacheError

from ..support import EXHAUSTIVE
from .flight_case import FlightCase
from .loaders import THREADS, Loaders

# Each kind of loader is tried so often; `python -m test.flights` counts more runs, on a busy machine.
RUNS = 20 * EXHAUSTIVE or 1


class LoaderTests(FlightCase):
    @parameterized.expand(THREADS)
    def test_kinds(self, loader, passes, with_load):
        """Each kind of loader passes, or fails, as it has to, and no patience decides."""
        for _ in range(RUNS):
            self.caches.reset()
            self.check(loader, passes, with_load)

    @parameterized.expand([each for each in THREADS if each[0] in ("unguarded", "second_look", "pool_puts")])
    def test_without_the_kernel(self, loader, passes, with_load):
        """Where the system does not tell what threads do, their lines tell."""
        with mock.patch.object(quiet, "_calls", return_value=None):
            self.check(loader, passes, with_load)

    def test_without_load(self):
        """A second look that comes too late has the operations of one in time: it is seen by load= alone."""
        results = self.assertCacheSingleFlight("prices", Loaders().second_look_too_late)
        self.assertEqual(len(results), 8)

    def test_allowed(self):
        """So many loads as are allowed are no failure."""
        self.assertCacheSingleFlight("prices", Loaders().unguarded, callers=3, loads=3)
        self.caches.reset()
        with self.fails("^3 callers of unguarded.* loaded 'lamp' 3 times, where loads=2"):
            self.assertCacheSingleFlight("prices", Loaders().unguarded, callers=3, loads=2)

    def test_counted(self):
        """What the callers do is counted in the test, and nothing is in force afterwards."""
        self.assertCacheSingleFlight("prices", Loaders().second_look)
        self.assertCacheStats("prices", puts=1, hits=7, misses=9)
        self.assertTrue(self._session.scope.is_innermost)

    def test_each_key(self):
        """Loads are counted by key."""
        cache = MockBackend("prices")
        lock = threading.Lock()

        def two():
            with lock:
                for key in ("lamp", "chair"):
                    if cache.get(key) is None:
                        cache.put(key, load(key))

        def load(key):
            return len(key)

        self.assertCacheSingleFlight("prices", two, load=load)
        self.caches.reset()
        self.assertCacheSingleFlight("prices", two)

    def test_not_missed(self):
        """A put of a key that was not missed is no load."""
        loaders = Loaders()

        def notes():
            loaders.cache.put("asked", True)
            return loaders.second_look()

        self.assertCacheSingleFlight("prices", notes)

    def test_second_key(self):
        """The first put of each key is held, though another key was put before."""
        cache = MockBackend("prices")

        def own_key_first():
            cache.put(threading.current_thread().name, 1)
            if cache.get("lamp") is None:
                cache.put("lamp", 4)

        with self.fails("at once loaded 'lamp' 8 times"):
            self.assertCacheSingleFlight("prices", own_key_first)


class TextTests(FlightCase):
    def test_in_order(self):
        """It is told who looked up, loaded and put, at which lines."""
        line = r"  at \S*loaders\.py:\d+ in"
        lines = [
            "2 callers of unguarded\\(\\) at once called load\\(\\) for 'lamp' twice, where loads=1".replace(
                "twice", "2 times"
            ),
            "cache 'prices', in order:",
            f"  miss  'lamp'{line} unguarded, by caller 1",
            f"  load  'lamp'{line} put, by caller 1",
            f"  miss  'lamp'{line} unguarded, by caller 2",
            f"  load  'lamp'{line} put, by caller 2",
            f"  put   'lamp'{line} put, by caller 1",
            f"  put   'lamp'{line} put, by caller 2",
        ]
        loaders = Loaders()
        with self.fails("^{} : told$".format("\n".join(lines))):
            self.assertCacheSingleFlight(
                "prices", loaders.unguarded, callers=2, load=loaders.load, msg="told"
            )

    def test_many(self):
        """Of very many lines the first and the last are shown."""
        loaders = Loaders()
        with self.fails(r"(?s)at once loaded 'lamp' 30 times.*\n    \.\.\. \d+ more\n.*by caller \d+$"):
            self.assertCacheSingleFlight("prices", loaders.unguarded, callers=30)

    def test_thread_of_a_pool(self):
        """A thread that puts for a caller has its own name."""
        with self.fails(r"put   'lamp'  at .*, by thread 'ThreadPoolExecutor-\d+_0'"):
            self.assertCacheSingleFlight("prices", Loaders().pool_unguarded, callers=2)


class NothingTestedTests(FlightCase):
    def test_warm(self):
        MockBackend("prices").put("lamp", 4.0)
        with self.fails(r"(?s)put no key that they had missed, so nothing was tested: .*hit  'lamp'"):
            self.assertCacheSingleFlight("prices", Loaders().unguarded)
        loaders = Loaders()
        with self.fails(r"never called load\(\), so nothing was tested"):
            self.assertCacheSingleFlight("prices", loaders.unguarded, load=loaders.load)

    def test_another_cache(self):
        MockBackend("rates")
        with self.fails(
            r"^unguarded\(\) has asked the cache 'rates' for nothing, so nothing was tested; used were "
            "'prices'$"
        ):
            self.assertCacheSingleFlight("rates", Loaders().unguarded)

    def test_nothing_at_all(self):
        MockBackend("prices")
        with self.fails(r"^the function has asked the cache 'prices' for nothing, so nothing was tested$"):
            self.assertCacheSingleFlight("prices", lambda: 4.0)

    @parameterized.expand(
        [
            ({"callers": 1}, ValueError, "callers must be how many call at once, 2 or more, not 1"),
            ({"callers": True}, TypeError, "callers must be a number"),
            ({"loads": 0}, ValueError, "loads must be how often a key may be loaded, 1 or more"),
            ({"patience": -1}, ValueError, "patience must be 0 seconds or more"),
            ({"patience": "5"}, TypeError, "patience must be a number of seconds, not '5'"),
            ({"load": "shop"}, ValueError, "load='shop': expected a string like 'package.module:function'"),
            ({"load": "os:nothing"}, ImportError, "load='os:nothing': "),
            ({"load": len}, TypeError, "load must be a function of Python, or its import path .* <built-in"),
            ({"load": mock.Mock()}, TypeError, "load must be a function of Python"),
            ({"equal": 4}, TypeError, "equal must be a function"),
        ]
    )
    def test_wrong_arguments(self, given, error, text):
        loaders = Loaders()
        with self.assertRaisesRegex(error, text):
            self.assertCacheSingleFlight("prices", loaders.unguarded, **given)
        self.assertCacheUnused("prices")

    def test_wrong_cache(self):
        with self.assertRaisesRegex(UnknownCacheError, "no cache 'price' here.*prices"):
            self.assertCacheSingleFlight("price", Loaders().unguarded)
        with self.assertRaisesRegex(TypeError, r"function must be a function, not 4\.0"):
            self.assertCacheSingleFlight("prices", Loaders().unguarded())


if __name__ == "__main__":
    unittest.main()

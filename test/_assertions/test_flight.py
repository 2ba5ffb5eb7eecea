"""Callers that are many at once load a key once, or it is told who looked up, loaded and put."""

import functools
import os
import threading
import time
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend
from cachetest._behaving import quiet
from cachetest.adapters import Functools
from cachetest.errors import UnknownCacheError

from ..support import EXHAUSTIVE
from .loaders import THREADS, Loaders

# Each kind of loader is tried so often; `python -m test.flights` counts more runs, on a busy machine.
RUNS = 20 * EXHAUSTIVE or 1


class FlightCase(CacheTestCase):
    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)

    def check(self, loader, passes, with_load):
        """Have callers use *loader*, and return what they got where that passes."""
        loaders = Loaders()
        function = getattr(loaders, loader)
        load = loaders.load if with_load else None
        if passes:
            results = self.assertCacheSingleFlight("prices", function, load=load)
            self.assertEqual(results, [4.0] * 8)
            self.assertIs(results.waited_out, False)
            return
        with self.fails(rf"^8 callers of {loader}\(\) at once (loaded 'lamp'|called load\(\) for 'lamp') \d"):
            self.assertCacheSingleFlight("prices", function, load=load)


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
            r"^unguarded\(\) has asked the cache 'rates' for nothing, so nothing was tested; used were 'prices'$"
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


class ResultTests(FlightCase):
    def test_differ(self):
        """Two that did not get the same are told."""
        loaders = Loaders()
        with self.fails(
            r"(?s)^2 callers of the function at once did not get the same: that of caller 1 and that of "
            r"caller 2, 'caller 1' -> 'caller 2'\ncache 'prices', in order:\n"
        ):
            self.assertCacheSingleFlight(
                "prices", lambda: (loaders.second_look(), threading.current_thread().name)[1], callers=2
            )
        self.caches.reset()
        self.assertCacheSingleFlight(
            "prices",
            lambda: (loaders.second_look(), threading.current_thread().name),
            equal=lambda one, other: one[0] == other[0],
        )

    def test_objects(self):
        """Objects that Python compares by identity are not compared, but for their types."""
        loaders = Loaders()
        results = self.assertCacheSingleFlight("prices", lambda: (loaders.second_look(), object())[1])
        self.assertEqual(len(set(results)), 8)

    def test_one_raises(self):
        loaders = Loaders()

        def raising():
            loaders.second_look()
            if threading.current_thread().name == "caller 2":
                raise ValueError("none")
            return 4.0

        with self.fails(r"did not get the same: caller 1 gave 4\.0, caller 2 raised ValueError\('none'\)"):
            self.assertCacheSingleFlight("prices", raising)

    @parameterized.expand([(ValueError,), (unittest.SkipTest,), (AssertionError,), (KeyboardInterrupt,)])
    def test_all_raise(self, error):
        """What all of them raise is raised."""
        cache = MockBackend("prices")

        def raising():
            cache.get("lamp")
            raise error("mine")

        with self.assertRaisesRegex(error, "^mine$"):
            self.assertCacheSingleFlight("prices", raising)


def load_it(key="lamp"):
    return 4.0


class Loading:
    def load(self):
        return 4.0

    def __call__(self):
        return 4.0

    @classmethod
    def of_class(cls):
        return 4.0


def wrapped(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper


class LoadTests(FlightCase):
    @parameterized.expand(
        [
            ("function", load_it, load_it),
            ("path", load_it, f"{__name__}:load_it"),
            ("method", Loading().load, Loading.load),
            ("bound", Loading().load, Loading().load),
            ("class_method", Loading.of_class, Loading.of_class),
            ("object", Loading(), Loading()),
            ("partial", functools.partial(load_it, "chair"), functools.partial(load_it)),
            ("decorated", wrapped(load_it), wrapped(load_it)),
            ("decorated_elsewhere", wrapped(load_it), load_it),
        ]
    )
    def test_counted_by_code(self, _, called, given):
        """Its calls are counted, whoever calls it by what."""
        cache = MockBackend("prices")

        def get():
            if cache.get("lamp") is None:
                cache.put("lamp", called())

        with self.fails(r"^3 callers of get\(\) at once called \w+\(\) for 'lamp' 3 times"):
            self.assertCacheSingleFlight("prices", get, callers=3, load=given)

    def test_closure(self):
        """Two closures of one function have the same code."""
        loaders = Loaders()

        def make():
            def load():
                return loaders.second_look()

            return load

        with self.fails(r"called load\(\).* 3 times"):
            self.assertCacheSingleFlight("prices", lambda: make()(), callers=3, load=make())


@functools.cache
def squared(number):
    return number * number


@functools.cache
def cubed(number):
    return number**3


lock = threading.Lock()


class FunctoolsTests(FlightCase):
    patch_caches = (Functools(squares=squared, cubes=cubed),)

    def test_computed_several_times(self):
        """A memoised function computes for all that come before the first is done."""
        with self.fails(
            r"(?s)^8 callers of the function at once called squared\(\) for \(3,\) 8 times, where loads=1\n"
            r"cache 'squares', in order:\n  load  \(3,\)  at .*test_flight\.py:\d+ in <lambda>, by caller 1\n"
        ):
            self.assertCacheSingleFlight("squares", lambda: squared(3))
        self.assertCacheStats("squares", misses=8)

    def test_locked(self):
        def locked():
            with lock:
                return squared(3), squared(4)

        self.assertEqual(self.assertCacheSingleFlight("squares", locked), [(9, 16)] * 8)

    def test_not_called(self):
        with self.fails(r"never called cubed\(\), so nothing was tested"):
            self.assertCacheSingleFlight("cubes", lambda: squared(3))


class PatienceTests(FlightCase):
    def test_waits_for_something_else(self):
        """Who waits in a way that is not seen to be for another is waited for, and the result says so."""
        cache = MockBackend("prices")
        reads, writes = os.pipe()
        self.addCleanup(os.close, reads)
        self.addCleanup(os.close, writes)

        def by_pipe():
            if threading.current_thread().name == "caller 1":
                cache.get("lamp")
                cache.put("lamp", 4.0)
                os.write(writes, b"." * 9)
            os.read(reads, 1)
            return cache.get("lamp")

        results = self.assertCacheSingleFlight("prices", by_pipe, callers=3, patience=0.1)
        self.assertEqual(results, [4.0] * 3)
        self.assertIs(results.waited_out, True)

    def test_works(self):
        """So is one that works, and does not wait at all."""
        cache = MockBackend("prices")
        is_put = []

        def works():
            if threading.current_thread().name == "caller 1":
                cache.get("lamp")
                cache.put("lamp", 4.0)
                is_put.append(True)
            while not is_put:
                pass
            return cache.get("lamp")

        self.assertIs(self.assertCacheSingleFlight("prices", works, callers=2, patience=0.1).waited_out, True)

    def test_stuck(self):
        """Callers that never come to an end are told, with their lines, and let go of."""
        cache = MockBackend("prices")
        event = threading.Event()
        self.addCleanup(event.set)

        def stuck():
            cache.get("lamp")
            event.wait(60)

        with self.fails(
            r"(?s)^2 of 2 callers of stuck\(\) have not come to an end: nothing has happened for 0\.1 s\n"
            r"  caller 1 is at \S*test_flight\.py:\d+ in stuck\n  caller 2 is at .*\n"
            r"cache 'prices', in order:\n  miss  'lamp'"
        ):
            self.assertCacheSingleFlight("prices", stuck, callers=2, patience=0.1)

    def test_threads_from_before(self):
        """What slept, or worked, before is not waited for."""
        ended = []

        def sleeps():
            while not ended:
                time.sleep(0.0005)

        def works():
            while not ended:
                sum(range(50))

        threads = [threading.Thread(target=each, daemon=True) for each in (sleeps, works)]
        self.addCleanup(ended.append, True)
        for thread in threads:
            thread.start()
            self.addCleanup(thread.join)
        self.addCleanup(ended.append, True)
        for loader, passes in (("second_look", True), ("locks_for_looking", False)):
            self.caches.reset()
            self.check(loader, passes, False)


if __name__ == "__main__":
    unittest.main()

"""What callers at once get, whose calls are loads, and how long they are waited for."""

import functools
import os
import threading
import time
import unittest

from parameterized import parameterized

from cachetest import MockBackend
from cachetest.adapters import Functools

from ..support import takes_a_while
from .flight_case import FlightCase
from .loaders import Loaders


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
            r"cache 'squares', in order:\n"
            r"  load  \(3,\)  at .*test_flight_results\.py:\d+ in <lambda>, by caller 1\n"
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
            r"  caller 1 is at \S*test_flight_results\.py:\d+ in stuck\n  caller 2 is at .*\n"
            r"cache 'prices', in order:\n  miss  'lamp'"
        ):
            self.assertCacheSingleFlight("prices", stuck, callers=2, patience=0.1)

    @takes_a_while
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

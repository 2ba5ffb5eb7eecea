"""The clock of the scope moves the caches of cachetools, by whatever timer."""

import contextlib
import copy
import datetime
import itertools
import pickle
import time
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from cachetest.adapters import Cachetools

from ...support import is_there, needs, run_case
from .test_cachetools_timers import CLOCKS, MAKERS, tlru, ttl

if is_there("cachetools"):
    import cachetools
    import cachetools.func

A_MINUTE = datetime.timedelta(seconds=60)


def by_dates():
    return cachetools.TTLCache(9, A_MINUTE, timer=datetime.datetime.now)


def by_own_dates():
    return cachetools.TTLCache(9, A_MINUTE, timer=lambda: datetime.datetime(2030, 1, 1))


def of_own():
    return ttl(timer=lambda: 1000)


def in_nanoseconds():
    return cachetools.TTLCache(9, 60 * 10**9, timer=time.monotonic_ns)


def get(cache):
    cache.get("k")


def expire(cache):
    cache.expire()
    cache.get("k")


def of_another():
    """One whose timer is that of another cache."""
    return ttl(timer=ttl().timer)


TIMED = {**MAKERS, **{f.__name__: f for f in (by_dates, by_own_dates, of_own, in_nanoseconds, of_another)}}


@needs("cachetools", "cachetools")
class ClockTests(unittest.TestCase):
    @parameterized.expand([(name,) for name in TIMED])
    def test_moved(self, name):
        """An entry expires when its time has passed by the clock; the program's stays."""
        cache = TIMED[name]()
        with PatchCaches(Cachetools(c=cache)) as patch:
            before = time.monotonic(), time.time()
            cache["k"] = 1
            patch.caches.clock.advance(0.1)
            self.assertEqual(cache.get("k"), 1)
            patch.caches.clock.advance(3600)
            self.assertIsNone(cache.get("k"))
            kinds = [each.kind for each in patch.caches.c.operations]
            passed = time.monotonic() - before[0], time.time() - before[1]
        self.assertEqual(kinds, ["put", "hit", "expiration", "miss"])
        self.assertLess(max(passed), 3600)

    def test_to_the_moment(self):
        """Where the program's time stands still it is there just before, and gone at its end."""
        with mock.patch("time.monotonic", return_value=5.0):
            cache = ttl()
            with PatchCaches(Cachetools(c=cache)) as patch:
                cache["k"] = 1
                patch.caches.clock.advance(59.999)
                self.assertEqual(cache.get("k"), 1)
                patch.caches.clock.advance(0.001)
                self.assertIsNone(cache.get("k"))

    def test_from_before(self):
        """An object from before is moved, and one of a decorated function; it is as it was after."""
        function = cachetools.func.ttl_cache(ttl=60)(object)
        with PatchCaches(Cachetools(c=function)) as patch:
            first = function()
            patch.caches.clock.advance(61)
            self.assertIsNot(function(), first)
        cache = ttl()
        cache["k"] = 1
        with PatchCaches(Cachetools(c=cache)) as patch:
            patch.caches.clock.advance(61)
        self.assertEqual(cache["k"], 1)

    @parameterized.expand([(f"{clock} {name}", clock, name) for clock in CLOCKS for name in MAKERS])
    def test_above_another(self, _, clock, name):
        """It adds to what else moves the time of the program."""
        if not is_there(clock) and clock != "mock":
            self.skipTest(f"needs {clock}")
        cache = MAKERS[name]()
        with PatchCaches(Cachetools(c=cache)) as patch, CLOCKS[clock]() as moving:
            cache["k"] = 1
            moving.move(30)
            patch.caches.clock.advance(20)
            self.assertEqual(cache.get("k"), 1)
            moving.move(10)
            self.assertIsNone(cache.get("k"))

    @parameterized.expand([(maker,) for maker in (ttl, of_own)])
    def test_copies(self, make):
        """A copy of the cache goes on moving."""
        cache = make()
        with PatchCaches(Cachetools(c=cache)) as patch:
            cache["k"] = 1
            copies = [copy.copy(cache), copy.deepcopy(cache)]
            patch.caches.clock.advance(61)
            self.assertEqual([each.get("k") for each in copies], [None, None])

    def test_pickled(self):
        """What is pickled has the timer that the program gave."""
        cache = cachetools.TTLCache(9, ttl=60, timer=a_timer)
        with PatchCaches(Cachetools(c=cache)) as patch:
            cache["k"] = 1
            patch.caches.clock.advance(10)
            pickled = pickle.dumps(cache)
        self.assertNotIn(b"cachetest._", pickled)
        self.assertIs(pickle.loads(pickled).timer._Timer__timer, a_timer)

    def test_attributes_of_a_timer(self):
        """Those of the program's own are had through the cache."""
        timer = mock.Mock(return_value=0, unit="seconds")
        cache = ttl(timer=timer)
        with PatchCaches(Cachetools(c=cache)):
            self.assertEqual(cache.timer.unit, "seconds")

    def test_nested(self):
        """An inner scope begins at the time of the outer, and does not move it."""
        cache = tlru()
        with PatchCaches(Cachetools(c=cache)) as outer:
            cache["k"] = 1
            outer.caches.clock.advance(30)
            with PatchCaches(Cachetools(c=cache)) as inner:
                cache["k"] = 2
                self.assertEqual(inner.caches.clock.offset, 30)
                inner.caches.clock.advance(61)
                self.assertIsNone(cache.get("k"))
            self.assertEqual(cache.get("k"), 1)
            outer.caches.clock.advance(30)
            self.assertIsNone(cache.get("k"))


@needs("cachetools", "cachetools")
class AssertionTests(unittest.TestCase):
    @parameterized.expand([("TTLCache", 12), ("TLRUCache", lambda key, value, now: now + 12)])
    def test_how_often_the_timer_is_read(self, name, ttl):
        """The timer of a program is read as often as the library reads it, also where entries expire."""
        readings = []
        for patched in (False, True):
            count = itertools.count(1)
            cache = getattr(cachetools, name)(3, ttl, timer=count.__next__)
            with PatchCaches(Cachetools(c=cache)) if patched else contextlib.nullcontext():
                cache["k"] = 1
                found = [cache.get("k") for _ in range(20)]
                cache["j"] = 1
                next(itertools.islice(count, 15, 15), None)
                cache.expire()
                readings.append((found, len(cache), next(count)))
        self.assertEqual(*readings)

    @parameterized.expand([(name,) for name in TIMED])
    def test_expires(self, name):
        """Its time is told in seconds, whatever the timer counts in."""
        cache = TIMED[name]()

        class Tests(CacheTestCase):
            patch_caches = (Cachetools(c=cache),)

            def test(self):
                cache["k"] = 1
                self.assertCacheTTL("c", "k", 60)
                self.assertCacheExpires("c", "k", after=60)
                self.assertEqual(self.caches.c.operations.total, 1)

        result = run_case(Tests("test"))
        self.assertEqual(result.failures + result.errors, [])

    def test_inside_a_block(self):
        """The time is that of the test, also inside a block whose clock is elsewhere."""
        cache = cachetools.TTLCache(9, 60)

        class Tests(CacheTestCase):
            patch_caches = (Cachetools(c=cache),)

            def test(self):
                cache["k"] = 1
                with PatchCaches() as inner:
                    inner.caches.clock.advance(1000)
                    self.assertCacheTTL("c", "k", 60)
                    self.assertCacheExpires("c", "k", after=60)

        result = run_case(Tests("test"))
        self.assertEqual(result.failures + result.errors, [])

    def test_timer_that_stands_still(self):
        """However long the assertion takes, a timer that does not go on is moved by all of the time."""
        cache = by_own_dates()

        class Tests(CacheTestCase):
            patch_caches = (Cachetools(c=cache),)

            def test(self):
                cache["k"] = 1
                with mock.patch("time.time", side_effect=itertools.count(time.time(), 5).__next__):
                    self.assertCacheExpires("c", "k", after=60)

        result = run_case(Tests("test"))
        self.assertEqual(result.failures + result.errors, [])

    def test_nothing_expires(self):
        cache = cachetools.LRUCache(9)

        class Tests(CacheTestCase):
            patch_caches = (Cachetools(c=cache),)

            def test(self):
                cache["k"] = 1
                with self.assertRaisesRegex(ValueError, "nothing in a LRUCache expires: it keeps"):
                    self.assertCacheTTL("c", "k", None)

        result = run_case(Tests("test"))
        self.assertEqual(result.failures + result.errors, [])

    @parameterized.expand(
        [
            (
                "looked_up",
                ttl,
                lambda cache: cache.get("k"),
                "s before, for 60 s; that was over 3600 s before",
            ),
            (
                "expired",
                ttl,
                lambda cache: (cache.expire(), cache.get("k")),
                "for 60 s; that was over 3600 s before",
            ),
            ("by_dates", by_dates, get, "for 60 s; that was over 3600 s before"),
            ("in_ns", in_nanoseconds, get, "for 60 s; that was over 3600 s before"),
            ("tlru", tlru, get, "; its time was over 3600 s before"),
            (
                "tlru_expired",
                tlru,
                lambda cache: (cache.expire(), cache.get("k")),
                "; its time was over 3600 s before",
            ),
        ]
    )
    def test_why_it_is_gone(self, _, make, look, told):
        """A miss says when the entry was put, for how long, and how long ago that was over."""
        cache = make()
        with PatchCaches(Cachetools(c=cache)) as patch:
            cache["k"] = cache["l"] = 1
            patch.caches.clock.advance(3660)
            look(cache)
            (line,) = str(patch.caches.c.explain()).splitlines()[1:]
            self.assertTrue(line.startswith(f"  put by operation 1, at {patch.caches.c.operations[0].where}"))
            self.assertTrue(line.endswith(told), line)


def a_timer():
    return 0


if __name__ == "__main__":
    unittest.main()

"""What moves the time of a program moves that of its caches, also of those with the library's own timer."""

import copy
import datetime
import importlib
import pickle
import time
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import PatchCaches
from cachetest.adapters import Cachetools

from ...support import is_there, needs

if is_there("cachetools"):
    import cachetools
    import cachetools.func

START = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)


class Ticks:
    """A timer of a program's own."""

    now = 0

    def __call__(self):
        return self.now

    def tick(self, seconds):
        self.now += seconds


class CopiedTicks(Ticks):
    def __deepcopy__(self, memo):
        return copy.copy(self)


class Freezegun:
    def __enter__(self):
        self._freeze = importlib.import_module("freezegun").freeze_time(START)
        self._clock = self._freeze.start()
        return self

    def move(self, seconds):
        self._clock.tick(datetime.timedelta(seconds=seconds))

    def __exit__(self, *_):
        self._freeze.stop()


class TimeMachine:
    def __enter__(self):
        self._travel = importlib.import_module("time_machine").travel(START, tick=False)
        self._clock = self._travel.start()
        return self

    def move(self, seconds):
        self._clock.shift(seconds)

    def __exit__(self, *_):
        self._travel.stop()


class Mock:
    """All that a program can read is replaced by its name."""

    def __enter__(self):
        self._now = {"monotonic": 5.0, "time": 7.0, "perf_counter": 9.0}
        self._patches = [mock.patch(f"time.{name}", lambda name=name: self._now[name]) for name in self._now]
        for patch in self._patches:
            patch.start()
        return self

    def move(self, seconds):
        self._now.update({name: now + seconds for name, now in self._now.items()})

    def __exit__(self, *_):
        for patch in self._patches:
            patch.stop()


CLOCKS = {"freezegun": Freezegun, "time_machine": TimeMachine, "mock": Mock}


def ttl(**options):
    return cachetools.TTLCache(9, ttl=60, **options)


def tlru(**options):
    return cachetools.TLRUCache(9, ttu=lambda key, value, now: now + 60, **options)


MAKERS = {
    "TTLCache": ttl,
    "TLRUCache": tlru,
    "by perf_counter": lambda: ttl(timer=time.perf_counter),
    "by the time of day": lambda: ttl(timer=time.time),
}


@needs("cachetools", "cachetools")
class MovedTests(unittest.TestCase):
    def clock(self, name):
        if not is_there(name) and name != "mock":
            self.skipTest(f"needs {name}: pip install {name.replace('_', '-')}")
        return CLOCKS[name]()

    @parameterized.expand([(f"{maker} {clock}", maker, clock) for maker in MAKERS for clock in CLOCKS])
    def test_moved(self, _, maker, clock):
        """An entry expires when as long has passed as it lives, and not before."""
        cache = MAKERS[maker]()
        with PatchCaches(Cachetools(c=cache)) as patch, self.clock(clock) as moving:
            cache["k"] = 1
            moving.move(59)
            self.assertEqual(cache.get("k"), 1)
            moving.move(1)
            self.assertIsNone(cache.get("k"))
            kinds = [each.kind for each in patch.caches.c.operations]
        self.assertEqual(kinds, ["put", "hit", "expiration", "miss"])

    @parameterized.expand(CLOCKS)
    def test_functions(self, clock):
        """So does that of a decorated function."""
        functions = [
            cachetools.func.ttl_cache(ttl=60)(object),
            cachetools.func.ttl_cache(None, ttl=60)(object),
            cachetools.cached(ttl())(object),
        ]
        for n, function in enumerate(functions):
            with self.subTest(n), PatchCaches(Cachetools(c=function)) as patch, self.clock(clock) as moving:
                first = function()
                moving.move(59)
                self.assertIs(function(), first)
                moving.move(2)
                self.assertIsNot(function(), first)
                self.assertEqual(patch.caches.c.num_put, 2)

    @parameterized.expand([(name,) for name in CLOCKS if name != "mock"])
    def test_from_before(self, clock):
        """An entry from before the clock was set lives on, where that is set to the time that it is."""
        cache = ttl()
        with PatchCaches(Cachetools(c=cache)):
            cache["k"] = 1
            clock = self.clock(clock)
            with (
                mock.patch(f"{__name__}.START", datetime.datetime.now(datetime.timezone.utc)),
                clock as moving,
            ):
                self.assertEqual(cache.get("k"), 1)
                moving.move(50)
                self.assertEqual(cache.get("k"), 1)
                moving.move(11)
                self.assertIsNone(cache.get("k"))
                cache["k"] = 2
            # Back in the present it has more time left.
            self.assertEqual(cache.get("k"), 2)

    @parameterized.expand([("freezegun",), ("time_machine",)])
    def test_by_dates(self, clock):
        """A timer that returns dates is moved as well."""
        cache = cachetools.TTLCache(9, ttl=datetime.timedelta(seconds=60), timer=datetime.datetime.now)
        with PatchCaches(Cachetools(c=cache)), self.clock(clock) as moving:
            cache["k"] = 1
            moving.move(59)
            self.assertEqual(cache.get("k"), 1)
            moving.move(2)
            self.assertIsNone(cache.get("k"))

    @parameterized.expand(CLOCKS)
    def test_own_timer(self, clock):
        """A timer of the program's own is left as it is."""
        now = [0]
        cache = ttl(timer=lambda: now[0])
        with PatchCaches(Cachetools(c=cache)), self.clock(clock) as moving:
            cache["k"] = 1
            moving.move(100)
            self.assertEqual(cache.get("k"), 1)
            now[0] = 60
            self.assertIsNone(cache.get("k"))

    @parameterized.expand([(maker, clock) for maker in ("TTLCache", "TLRUCache") for clock in CLOCKS])
    def test_copies(self, maker, clock):
        """A copy of the cache moves too, shallow or deep."""
        cache = ttl() if maker == "TTLCache" else cachetools.TLRUCache(9, ttu=_in_a_minute)
        with PatchCaches(Cachetools(c=cache)), self.clock(clock) as moving:
            cache["k"] = 1
            copies = [copy.copy(cache), copy.deepcopy(cache)]
            moving.move(61)
            self.assertEqual([each.get("k") for each in copies], [None, None])

    @parameterized.expand([("plain", Ticks), ("copies_itself", CopiedTicks)])
    def test_deep_copy_of_its_own(self, _, make):
        """A deep copy has a copy of the program's own timer, and another's ticks are not its."""
        cache = ttl(timer=make())
        with PatchCaches(Cachetools(c=cache)) as patch:
            cache["k"] = 1
            copied = copy.deepcopy(cache)
            copied.timer.tick(60)
            self.assertEqual((cache.get("k"), copied.get("k")), (1, None))
            patch.caches.clock.advance(60)
            self.assertIsNone(cache.get("k"))

    @parameterized.expand(
        [(timer, maker) for timer in ("monotonic", "time", "perf_counter") for maker in (ttl, None)]
    )
    def test_pickled(self, timer, maker):
        """What is pickled has the timer that the program gave, and needs nothing of ours to be read."""
        make = maker or (lambda **options: cachetools.TLRUCache(9, ttu=_in_a_minute, **options))
        cache = make(timer=getattr(time, timer))
        with PatchCaches(Cachetools(c=cache)):
            cache["k"] = 1
            pickled = pickle.dumps(cache)
        self.assertNotIn(b"cachetest", pickled)
        found = pickle.loads(pickled)
        self.assertIs(found.timer._Timer__timer, getattr(time, timer))
        self.assertEqual(found["k"], 1)

    def test_dates_pickled(self):
        """So has one of dates."""
        cache = cachetools.TTLCache(9, datetime.timedelta(seconds=60), timer=datetime.datetime.now)
        with PatchCaches(Cachetools(c=cache)):
            pickled = pickle.dumps(cache)
        self.assertEqual(pickle.loads(pickled).timer._Timer__timer, datetime.datetime.now)

    def test_the_object_has_its_own(self):
        """Within a test the cache tells the time as before, and after it, it has its timer back."""
        cache = ttl()
        before = cache.timer
        with PatchCaches(Cachetools(c=cache)):
            self.assertLess(abs(cache.timer() - time.monotonic()), 60)
            self.assertEqual(cache.timer.__name__, "monotonic")
        self.assertIs(cache.timer, before)

    @parameterized.expand([("monotonic_ns",), ("time_ns",), ("perf_counter_ns",)])
    def test_nanoseconds(self, name):
        """One that counts nanoseconds is moved by as many."""
        cache = cachetools.TTLCache(9, ttl=60 * 10**9, timer=getattr(time, name))
        for clock in ("freezegun", "time_machine"):
            with self.subTest(clock), PatchCaches(Cachetools(c=cache)), self.clock(clock) as moving:
                cache["k"] = 1
                moving.move(59)
                self.assertEqual(cache.get("k"), 1)
                moving.move(1)
                self.assertIsNone(cache.get("k"))


def _in_a_minute(key, value, now):
    return now + 60


if __name__ == "__main__":
    unittest.main()

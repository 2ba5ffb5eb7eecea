"""The clock of a scope: how it is moved, and whose it is."""

import copy
import gc
import itertools
import pickle
import threading
import time
import unittest
from datetime import timedelta
from fractions import Fraction
from functools import partial
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches, global_stats
from cachetest._behaving import clock as clocks
from cachetest._behaving.clock import Clock
from cachetest._caches.scope import marked
from cachetest.adapters import clock_offset

from ..support import run_case


class MovingTests(unittest.TestCase):
    def test_now(self):
        """It is the time of the program, wherever somebody has moved that, and what was added."""
        clock = Clock()
        with mock.patch("time.time", return_value=1000.0):
            self.assertEqual(clock.now(), 1000.0)
            clock.advance(60)
            self.assertEqual(clock.now(), 1060.0)
            self.assertEqual(time.time(), 1000.0)

    @parameterized.expand(
        [
            ("seconds", 60, 60.0),
            ("parts_of_one", 0.25, 0.25),
            ("fraction", Fraction(1, 4), 0.25),
            ("timedelta", timedelta(days=1, milliseconds=500), 86400.5),
            ("nothing", 0, 0.0),
        ]
    )
    def test_advance(self, _name, by, offset):
        clock = Clock()
        clock.advance(by)
        self.assertEqual(clock.offset, offset)

    @parameterized.expand(
        [
            ("back", -1, ValueError, "the clock goes forward only: advance(-1)"),
            (
                "timedelta_back",
                timedelta(-1),
                ValueError,
                "the clock goes forward only: advance(datetime.timedelta(days=-1))",
            ),
            ("nan", float("nan"), ValueError, "the clock is moved by a finite time, not by nan"),
            ("infinite", float("inf"), ValueError, "the clock is moved by a finite time, not by inf"),
            ("text", "60", TypeError, "the clock is moved by seconds, or a timedelta, not by '60'"),
            ("none", None, TypeError, "the clock is moved by seconds, or a timedelta, not by None"),
            ("bool", True, TypeError, "the clock is moved by seconds, or a timedelta, not by True"),
        ]
    )
    def test_refused(self, _name, by, kind, text):
        clock = Clock()
        clock.advance(1)
        with self.assertRaises(kind) as caught:
            clock.advance(by)
        self.assertEqual(str(caught.exception), text)
        self.assertEqual(clock.offset, 1.0)

    def test_too_far(self):
        """What can't be added up is refused, whether it is one step or two."""
        clock = Clock()
        with self.assertRaisesRegex(ValueError, "a finite time, not by 1000"):
            clock.advance(10**400)
        clock.advance(1.7e308)
        with self.assertRaisesRegex(ValueError, "can't be moved on to inf seconds ahead"):
            clock.advance(1.7e308)
        self.assertEqual(clock.offset, 1.7e308)

    def test_reach(self):
        """It goes to the later of two."""
        clock = Clock()
        clock.reach(30)
        clock.reach(20)
        self.assertEqual(clock.offset, 30.0)
        with self.assertRaises(TypeError):
            clock.reach("40")

    def test_no_step_is_lost(self):
        """Many threads may move it."""
        clock = Clock()

        def move():
            for _ in range(500):
                clock.advance(1)

        threads = [threading.Thread(target=move) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(clock.offset, 2000.0)

    def test_telling(self):
        """Who waits is told of each move, once it is done, and of none after."""
        clock = Clock()
        seen = []

        def tell():
            seen.append(clock.offset)

        with clock.telling(tell), clock.telling(tell):
            clock.advance(1)
            clock.advance(0)
            clock.reach(1)
        clock.advance(1)
        self.assertEqual(seen, [1.0, 1.0])

    def test_told_no_more(self):
        """One listener that is forgotten leaves those that came after it."""
        clock, seen = Clock(), []
        first, second = partial(seen.append, 1), partial(seen.append, 2)
        clock.tell(first)
        clock.tell(second)
        clock.tell_no_more(first)
        clock.advance(1)
        self.assertEqual(seen, [2])

    def test_stopped(self):
        """It stands still inside the block, whatever the time of the program does, and goes on after."""
        clock = Clock(5)
        with mock.patch("time.time", side_effect=range(1000)):
            with clock.stopped(700.0):
                self.assertEqual([clock.now(), clock.now()], [700.0, 700.0])
                self.assertEqual([clock.offset, clock.offset], [700, 699])
            self.assertEqual([clock.now(), clock.now()], [7, 8])
        self.assertEqual(clock.offset, 5)

    def test_stopped_while_time_goes_by(self):
        """Whoever reads the time of a clock that stands still never reads a later one."""
        with PatchCaches() as patch:
            clock = patch.caches.clock
            with mock.patch("time.time", side_effect=itertools.count(1000.0).__next__):
                with clock.stopped(1700.0):
                    self.assertLess(clocks.now(), 1700.0)

    def test_of_a_scope_that_has_closed(self):
        """It is nobody's any more, for what is late waits by the real time."""
        with PatchCaches() as patch:
            scope = marked()
            self.assertIs(clocks.clock_here(), patch.caches.clock)
        self.assertTrue(scope.closed)
        with mock.patch.object(clocks, "_finders", [lambda: scope]):
            self.assertIsNone(clocks.clock_here())

    def test_two_of_one_kind(self):
        """Two waits may have the same listener: when one is over, the other still is told."""
        clock, told = Clock(), []
        listener = partial(told.append, 1)
        for _ in range(2):
            clock.tell(listener)
        clock.tell_no_more(listener)
        clock.advance(1)
        self.assertEqual(told, [1])

    def test_stopped_though_never_moved(self):
        """What reads the time for a library sees it too."""
        with PatchCaches() as patch, mock.patch.object(clocks, "moved", []):
            with mock.patch("time.time", return_value=1000.0), patch.caches.clock.stopped(1700.0):
                self.assertEqual((clocks.now(), clock_offset()), (1700.0, 700.0))

    def test_copied(self):
        """A copy, or one that is pickled, is at the same time, and moves no other."""
        clock = Clock(60)
        for copied in (copy.deepcopy(clock), pickle.loads(pickle.dumps(clock))):
            self.assertEqual(copied.offset, 60)
            copied.advance(5)
        self.assertEqual((clock.offset, repr(clock)), (60, "<Clock 60 seconds ahead>"))
        with PatchCaches() as patch:
            patch.caches.clock.advance(60)
            self.assertEqual(pickle.loads(pickle.dumps(patch.caches)).clock.offset, 60)

    def test_only_those_that_were_moved_cost_anything(self):
        """One that is not ahead, or is gone, is not looked for."""
        clock = Clock()
        clock.advance(0)
        self.assertEqual(_kept(clock), [])
        clock.advance(1)
        clock.advance(1)
        with clock.stopped(1000.0):
            # Those of other tests come and go meanwhile: this one is looked for, not counted among them.
            (kept,) = _kept(clock)
        del clock
        gc.collect()
        self.assertFalse(any(each is kept for each in clocks.moved))


def _kept(clock):
    return [each for each in clocks.moved if each() is clock]


class WhoseTests(unittest.TestCase):
    def test_of_a_scope(self):
        """What reads the time for a library finds it by the scope; outside there is none."""
        with PatchCaches() as patch:
            self.assertIs(patch.caches.clock, patch.caches.clock)
            patch.caches.clock.advance(60)
            self.assertEqual(clock_offset(), 60.0)
        self.assertEqual(clock_offset(), 0.0)

    def test_nested(self):
        """An inner scope begins at the time of the outer, which it does not move."""
        with PatchCaches() as outer:
            outer.caches.clock.advance(60)
            with PatchCaches() as inner:
                self.assertEqual(inner.caches.clock.offset, 60.0)
                inner.caches.clock.advance(5)
                self.assertEqual(clock_offset(), 65.0)
            self.assertEqual(clock_offset(), 60.0)
            self.assertEqual(outer.caches.clock.offset, 60.0)

    def test_nobody_asked(self):
        """A scope has no clock until somebody asks for it."""
        with PatchCaches() as outer:
            self.assertEqual(clock_offset(), 0.0)
            with PatchCaches() as inner:
                self.assertNotIn("clock", inner.caches._shared)
            self.assertNotIn("clock", outer.caches._shared)

    def test_two_at_once(self):
        """Two tests on two threads have clocks of their own."""
        both = threading.Barrier(2, timeout=60)
        found = {}

        def test(by):
            with PatchCaches() as patch:
                both.wait()
                patch.caches.clock.advance(by)
                both.wait()
                found[by] = clock_offset()
                both.wait()

        threads = [threading.Thread(target=test, args=(by,)) for by in (10, 20)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(found, {10: 10.0, 20: 20.0})

    def test_a_test_after_another(self):
        """The clock of one test is not that of the next, and goes on from that of its class."""
        found = []

        class Tests(CacheTestCase):
            patch_caches = ()

            @classmethod
            def setUpClass(cls):
                super().setUpClass()
                global_stats.clock.advance(100)

            def test_1(self):
                self.caches.clock.advance(10)
                found.append(clock_offset())

            def test_2(self):
                found.append(clock_offset())

        result = run_case(unittest.defaultTestLoader.loadTestsFromTestCase(Tests))
        self.assertEqual(result.errors, [])
        self.assertEqual(found, [110.0, 100.0])


if __name__ == "__main__":
    unittest.main()

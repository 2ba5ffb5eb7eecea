"""What a library has in place of ``time``: moved by the clock of the scope, and else the real one."""

import itertools
import threading
import time
import types
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import PatchCaches
from cachetest._recording.patience import Patience
from cachetest.adapters import Undo
from cachetest.adapters.clocked import MOVED_TIME, Places


def library():
    """Return a module that has imported time, and its place."""
    module = types.ModuleType("a_library")
    module.time = time
    return module, Places([(module, "time")], time, MOVED_TIME)


class MovedTimeTests(unittest.TestCase):
    @parameterized.expand([("time", 60.0), ("monotonic", 60.0), ("time_ns", 60_000_000_000)])
    def test_moved(self, name, by):
        with mock.patch(f"time.{name}", return_value=5), PatchCaches() as patch:
            patch.caches.clock.advance(60)
            self.assertEqual(getattr(MOVED_TIME, name)(), 5 + by)
            self.assertEqual(getattr(time, name)(), 5)
            # Others are not moved, such as what measures how long something takes.
            self.assertIs(MOVED_TIME.perf_counter, time.perf_counter)

    def test_outside_a_scope(self):
        with mock.patch("time.time", return_value=5), PatchCaches() as patch:
            patch.caches.clock.advance(60)
        with mock.patch("time.time", return_value=5):
            self.assertEqual(MOVED_TIME.time(), 5)

    def test_changed(self):
        """What is set, or deleted, is so in the real module."""
        MOVED_TIME.something = 1
        self.assertEqual(time.something, 1)
        self.assertIn("something", vars(MOVED_TIME))
        del MOVED_TIME.something
        self.assertFalse(hasattr(time, "something"))
        self.assertEqual(dir(MOVED_TIME), dir(time))
        self.assertEqual(repr(MOVED_TIME), "<time, moved by the clock of a test>")

    def test_sleep(self):
        """One that has nothing to wait for sleeps as always."""
        with PatchCaches() as patch:
            MOVED_TIME.sleep(0)
            MOVED_TIME.sleep(0.001)
            self.assertEqual(patch.caches.clock._listeners, ())
        with self.assertRaises(ValueError):
            MOVED_TIME.sleep(-1)

    def test_sleep_in_steps(self):
        """It lasts until the clock has come so far, in however many steps."""
        with PatchCaches() as patch:
            clock, steps, tell = patch.caches.clock, [], patch.caches.clock.tell

            def tell_and_move(listener):
                tell(listener)
                for _ in range(3):
                    clock.advance(100)
                    steps.append(clock.offset)

            with mock.patch.object(clock, "tell", tell_and_move):
                sleeper = threading.Thread(target=MOVED_TIME.sleep, args=(300,), daemon=True)
                sleeper.start()
                sleeper.join(60)
            self.assertFalse(sleeper.is_alive())
        self.assertEqual(steps, [100, 200, 300])

    def test_sleep_lasts(self):
        """It goes on until the clock has come so far, woken or not."""
        with PatchCaches() as patch:
            clock, woken = patch.caches.clock, threading.Event()
            sleeper = threading.Thread(target=lambda: (MOVED_TIME.sleep(300), woken.set()), daemon=True)
            sleeper.start()
            until = Patience(60)
            while not clock._listeners and not until.is_over():
                pass
            for _ in range(2):
                clock.advance(100)
                self.assertFalse(woken.is_set())
                self.assertEqual(len(clock._listeners), 1)
            clock.advance(100)
            sleeper.join(60)
            self.assertTrue(woken.is_set())

    def test_sleep_that_a_test_has_replaced(self):
        with PatchCaches(), mock.patch("time.sleep") as sleep:
            MOVED_TIME.sleep(0.05)
        self.assertEqual(sleep.mock_calls, [mock.call(0.05)])


class PlacesTests(unittest.TestCase):
    @parameterized.expand([(list(order),) for order in itertools.permutations(range(3))])
    def test_restored_by_the_last(self, order):
        """Adapters may be undone in any order, and twice."""
        module, places = library()
        undone = [Undo(places.move) for _ in order]
        for each in undone:
            each.__enter__()
        for n in order:
            self.assertIs(module.time, MOVED_TIME)
            undone[n].run()
            undone[n].run()
        self.assertIs(module.time, time)

    def test_of_a_test(self):
        """What a test has put there before stays, and is there after."""
        module, places = library()
        module.time = mine = object()
        with Undo(places.move):
            self.assertIs(module.time, mine)
        self.assertIs(module.time, mine)

    def test_put_back_late(self):
        """What a test has put back too late goes with the next patch."""
        module, places = library()
        with Undo(places.move):
            pass
        module.time = MOVED_TIME
        with Undo(places.move):
            pass
        self.assertIs(module.time, time)


if __name__ == "__main__":
    unittest.main()

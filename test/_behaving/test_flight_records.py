"""What a flight keeps of loads and releases: inside a profile function no coverage is measured."""

import sys
import threading
import unittest

from cachetest import MockBackend, PatchCaches
from cachetest._behaving.callers import Held, is_asked_outside
from cachetest._behaving.flight import Flight, flying
from cachetest._behaving.flight_of_threads import ThreadFlight
from cachetest._behaving.turns import ThreadTurns


def load(number):
    return sys._getframe()


class RecordTests(unittest.TestCase):
    def test_loads(self):
        """The key of a load is what its caller has missed last, or that of another for a pool's thread."""
        flight = Flight("prices", 2, by_calls=True)
        flight.load(load(1))
        flight._last_missed[1] = "lamp"
        flight.load(load(1))
        flying.set((flight, 1))
        self.addCleanup(flying.set, None)
        flight.load(load(1))
        self.assertEqual([each.key for each in flight.loads], [None, "lamp", "lamp"])
        self.assertEqual([each.who for each in flight.loads], ["MainThread", "MainThread", 1])
        flight.end()
        flight.load(load(1))
        self.assertEqual(len(flight.loads), 3)

    def test_polling(self):
        """Who looks one key up again and again is polling; who looks up several is not."""
        flight = Flight("prices", 2)
        with PatchCaches() as patch:
            flying.set((flight, 1))
            self.addCleanup(flying.set, None)
            patch.caches._begin(flight)
            prices = MockBackend("prices")
            for n in range(9):
                prices.get(n)
            for _ in range(4):
                prices.get("lamp")
            self.assertEqual(flight.polling, set())
            prices.get("lamp")
            self.assertEqual(flight.polling, {1})
            patch.caches._end(flight)

    def test_loads_by_arguments(self):
        flight = Flight("squares", 1, by_calls=True, by_arguments=True)
        flying.set((flight, 1))
        self.addCleanup(flying.set, None)
        flight.load(load(3))
        self.assertEqual(flight.loads[0].key, (3,))
        self.assertTrue(flight.all_have_looked_up((3,)))

    def test_released(self):
        """Who has missed is held where a lock is released; others are not, and at the end nobody is."""
        flight = ThreadFlight("prices", 2, 5.0)
        frame = sys._getframe()
        self.assertFalse(flight.released(frame))
        flying.set((flight, 1))
        self.addCleanup(flying.set, None)
        self.assertTrue(flight.released(frame))
        flight._missed[1], flight._last_missed[1] = {"lamp": "lamp"}, "lamp"
        held = []
        flight._hold = held.append
        for _ in range(10):
            self.assertTrue(flight.released(frame))
        self.assertEqual([(each.who, each.key, each.at_put) for each in held], [(1, "lamp", False)] * 8)
        flight.end()
        self.assertFalse(flight.released(frame))
        self.assertIsNone(ThreadFlight._hold(flight, Held(1, "lamp", at_put=True)))

    def test_asked_outside(self):
        """A lock of a condition is the program's where the program enters it, and not in an event."""
        found = []

        class Lock:
            def __enter__(self):
                return None

            def __exit__(self, *_):
                found.append(is_asked_outside(sys._getframe(1)))

        with threading.Condition(lock=threading.RLock()) as _:
            pass
        condition = threading.Condition(threading.RLock())
        condition._lock = Lock()
        with condition:
            pass
        event = threading.Event()
        event._cond._lock = Lock()
        event._cond.notify_all = lambda: None
        event.set()
        self.assertEqual(found, [True, False])
        self.assertTrue(is_asked_outside(sys._getframe()))

    def test_turns_at_a_release(self):
        """Who has released a lock of the program has to wait; not inside a call, and not at the end."""
        turns, points = ThreadTurns("prices", 2), []
        turns.point = lambda who, what: points.append((who, what[0]))
        frame = sys._getframe()
        self.assertFalse(turns.released(frame))
        flying.set((turns, 1))
        self.addCleanup(flying.set, None)
        self.assertTrue(turns.released(frame))
        turns._inside.is_begun = True
        self.assertTrue(turns.released(frame))
        self.assertEqual(points, [(1, "released")])
        turns.end()
        self.assertFalse(turns.released(frame))

    def test_turns_of_a_load(self):
        """A load has a turn as it begins, and one as it ends; at the end there are none."""
        turns = ThreadTurns("prices", 2, by_calls=True)
        points = []
        turns.point = lambda who, what: points.append((who, what[0]))
        turns.begin_load(load(1))
        flying.set((turns, 1))
        self.addCleanup(flying.set, None)
        turns.begin_load(load(1))
        turns.end_load(load(1))
        turns.begin_caller(1)
        self.assertEqual(points, [(1, "load"), (1, "end of load"), (1, "b")])
        self.assertEqual((len(turns.events), turns.step_of), (1, [0]))
        turns.end()
        turns.begin_load(load(1))
        turns.end_load(load(1))
        self.assertEqual(len(points), 3)


if __name__ == "__main__":
    unittest.main()

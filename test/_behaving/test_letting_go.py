"""Who is let go first, of callers that are held."""

import threading
import unittest
from types import SimpleNamespace
from unittest import mock

from parameterized import parameterized

from cachetest._behaving.callers import Held
from cachetest._behaving.flight_of_threads import Control, ThreadFlight
from cachetest._behaving.turns import ThreadTurns
from cachetest._recording.patience import Patience


class LettingGoTests(unittest.TestCase):
    def test_order(self):
        """First who has released a lock, the newest first, and then the puts, the oldest first."""
        flight = ThreadFlight("prices", 4, 5.0)
        flight.threads = [mock.Mock(number=number) for number in range(1, 5)]
        held = [Held(n, "lamp", at_put=n < 3) for n in range(1, 5)]
        flight.held = list(held)
        control = Control(flight, SimpleNamespace(look=lambda: True))
        gone = []
        while flight.held:
            before = list(flight.held)
            control.step()
            gone += [each.who for each in before if each not in flight.held]
        self.assertEqual(gone, [4, 3, 1, 2])
        self.assertFalse(flight.waited_out)

    def test_all_begin(self):
        """Nobody is let go for the others to wait who have not begun."""
        flight = ThreadFlight("prices", 2, 5.0)
        flight.threads = [mock.Mock(number=1)]
        flight.held = [Held(1, "lamp", at_put=True)]
        control = Control(flight, SimpleNamespace(look=lambda: True))
        control.step()
        self.assertEqual(len(flight.held), 1)
        self.assertTrue(control.has_come_far(1))

    @parameterized.expand([("flight",), ("turns",)])
    def test_interrupted(self, kind):
        """Whoever was taken out of the list, and not let go, is let go at the end."""
        if kind == "turns":
            taken = ThreadTurns("prices", 2)
            thread = threading.Thread(target=taken.point, args=(1, "get"), daemon=True)
            waiting = taken._waiting
        else:
            taken = ThreadFlight("prices", 2, 5.0)
            thread = threading.Thread(target=taken._hold, args=(Held(1, "lamp", at_put=True),), daemon=True)
            waiting = taken.held
        thread.start()
        until = Patience(60)
        while not waiting and not until.is_over():
            pass
        waiting.clear()
        taken.end()
        thread.join(60)
        self.assertFalse(thread.is_alive())


if __name__ == "__main__":
    unittest.main()

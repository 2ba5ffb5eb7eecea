"""All orders in which callers can take turns, and what in a call is a turn of its own."""

import asyncio
import unittest
from math import factorial
from types import SimpleNamespace
from unittest import mock

from parameterized import parameterized

from cachetest._behaving.call import Call
from cachetest._behaving.flight import flying
from cachetest._behaving.orders import NotThereError, One, Orders, letters_of
from cachetest._behaving.turns import ThreadTurns, is_step
from cachetest._behaving.turns_of_tasks import TaskTurns


def run(choose, steps):
    """Have callers that make so many *steps* each, independently of each other, take turns."""
    left = dict(enumerate(steps, 1))
    while any(left.values()):
        left[choose([who for who, count in left.items() if count])] -= 1
    return choose.path


def switches(path, steps):
    """Return how often another goes on than the one before, though that one could."""
    left = dict(enumerate(steps, 1))
    count, before = 0, None
    for who in path:
        count += before is not None and who != before and left[before] > 0
        left[who] -= 1
        before = who
    return count


class OrdersTests(unittest.TestCase):
    @parameterized.expand([("two", (2, 2)), ("uneven", (3, 1)), ("three", (2, 1, 2))])
    def test_all_once(self, _, steps):
        """There is each order once, those with the fewest switches first."""
        orders, found = Orders(), []
        while orders:
            chosen = orders.next()
            found.append(run(chosen, steps))
            orders.ran(chosen)
        count = factorial(sum(steps))
        for each in steps:
            count //= factorial(each)
        self.assertEqual(len(found), count)
        self.assertEqual(len(set(found)), count)
        costs = [switches(path, steps) for path in found]
        self.assertEqual(costs, sorted(costs))
        self.assertEqual((costs[0], letters_of(found[0])), (0, letters_of(sorted(found[0]))))

    def test_one_after_the_other(self):
        """The first in an order that can goes on; it is serial unless one goes on after another has begun."""
        one = One((2, 1))
        self.assertEqual(run(one, (2, 2)), (2, 2, 1, 1))
        self.assertTrue(one.is_serial)
        other = One((1, 2))
        for able in ([1, 2], [2], [1]):
            other(able)
        self.assertEqual(other.path, (1, 2, 1))
        self.assertFalse(other.is_serial)

    def test_not_there(self):
        """Who can't go on though it is their turn is told, with the step."""
        orders = Orders()
        first = orders.next()
        run(first, (1, 1))
        orders.ran(first)
        with self.assertRaises(NotThereError) as caught:
            orders.next()([1])
        self.assertEqual((caught.exception.step, caught.exception.who, caught.exception.able), (1, 2, [1]))


class StepTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("get", "get", "get", ("lamp",), True),
            ("neither", None, "INCR", ("lamp",), True),
            ("all_keys", "delete", "flushdb", (), True),
            ("nothing", None, "DBSIZE", (), False),
            ("connecting", "get", "PING", ("lamp",), False),
            ("transaction", None, "MULTI", ("lamp",), False),
        ]
    )
    def test_step(self, _, kind, asked, keys, expected):
        """A call has a turn where it may read or change entries by itself."""
        self.assertIs(is_step(Call("redis", kind, asked, keys, None)), expected)

    def test_too_long_without_a_call(self):
        """Who works for a minute and asks no cache for anything is not waited for."""
        turns = ThreadTurns("prices", 2)
        turns.threads = [None]
        with mock.patch("cachetest._behaving.turns._LONGEST_STEP", 0.0):
            self.assertFalse(turns._settle(SimpleNamespace(look=lambda: False)))
        self.assertEqual(turns.why_stuck, "one has not asked any cache for anything for 0 s")

    def test_too_long_without_a_call_in_tasks(self):
        async def look():
            return False

        turns = TaskTurns("prices", 2)
        with mock.patch("cachetest._behaving.turns_of_tasks._LONGEST_STEP", 0.0):
            self.assertFalse(asyncio.run(turns._settle(SimpleNamespace(look=look))))
        self.assertEqual(turns.why_stuck, "one goes on for 0 s without a call to a cache")

    def test_inside_another(self):
        """What a framework's call asks of the client below is one step with it; the next is another."""
        turns, points = ThreadTurns("default", 2), []
        turns.point = lambda who, what: points.append((who, *what[:2]))
        flying.set((turns, 1))
        self.addCleanup(flying.set, None)
        below = Call("redis", "get", "GET", (":1:lamp",), None)
        for _ in range(2):
            turns(Call("default", "get", "get", ("lamp",), None), lambda: turns(below, list))
        self.assertEqual(points, [(1, "default", "get")] * 2)


if __name__ == "__main__":
    unittest.main()

"""What is said of the time that entries live."""

import unittest

from parameterized import parameterized

from cachetest import MockCache
from cachetest._behaving.clock import clock_in
from cachetest._recording.lifetimes import LIFETIMES, note_lifetime
from cachetest._telling.lifetimes import duration, told_apart


class DurationTests(unittest.TestCase):
    @parameterized.expand(
        [
            (0, "0 s"),
            (0.0004, "0 s"),
            (0.001, "0.001 s"),
            (0.25, "0.25 s"),
            (1, "1 s"),
            (1.04, "1 s"),
            (1.5, "1.5 s"),
            (10.2, "10 s"),
            (100, "100 s"),
            (86400.3, "86400 s"),
        ]
    )
    def test_duration(self, seconds, text):
        self.assertEqual(duration(seconds), text)

    @parameterized.expand([(60, 60.0004, 0), (60, 59.6, 1), (60, 59.97, 2), (1, 3600, 0), (60, 60.6, 0)])
    def test_told_apart(self, one, other, more):
        """As many places are written as it takes; what the test itself has taken is no difference."""
        self.assertEqual(told_apart(one, other), more)


class ExpiredTests(unittest.TestCase):
    def setUp(self):
        self.cache = MockCache("c")
        self.cache.put("k", 1)
        self.where = self.cache.operations[0].where

    def why(self, *lifetimes):
        """Return what is said of a miss, of an entry that has expired as often as there are *lifetimes*."""
        for each in lifetimes:
            if each is not None:
                note_lifetime(self.cache, "k", *each)
            self.cache.record("expiration", "k")
        self.cache.record("miss", "k")
        return str(self.cache.explain()).partition("key 'k': ")[2].splitlines()[1:]

    def test_known(self):
        self.assertEqual(
            self.why((100.0, 160.0, 3700.0)),
            [f"  put by operation 1, at {self.where}, 3600 s before, for 60 s; that was over 3540 s before"],
        )

    def test_just_then(self):
        self.assertEqual(
            self.why((100.0, 160.0, 160.0)),
            [f"  put by operation 1, at {self.where}, 60 s before, for 60 s; that was over just then"],
        )

    def test_not_known_for_how_long(self):
        self.assertEqual(
            self.why((None, 160.0, 170.0)),
            [f"  put by operation 1, at {self.where}; its time was over 10 s before"],
        )

    def test_over_as_it_was_put(self):
        self.assertEqual(
            self.why((100.0, 0.0, 110.0)),
            [
                f"  put by operation 1, at {self.where}, 10 s before, until a moment that was over already "
                "by the clock of the test"
            ],
        )

    def test_over_by_the_clock(self):
        """What may be meant is a moment of the program's time."""
        clock_in(self.cache.shared).advance(100)
        (line,) = self.why((100.0, 60.0, 100.0))
        told = "that was over already by the clock of the test (100 s ahead of the program)"
        self.assertTrue(line.endswith(told), line)

    def test_not_known(self):
        self.assertEqual(self.why(None), [])

    def test_an_earlier_one(self):
        """Of the latest expiration alone it is known."""
        note_lifetime(self.cache, "k", 100.0, 160.0, 170.0)
        self.cache.record("expiration", "k")
        self.cache.record("miss", "k")
        first = self.cache.history().misses()[0]
        self.cache.put("k", 1)
        note_lifetime(self.cache, "k", 200.0, 260.0, 270.0)
        self.cache.record("expiration", "k")
        self.assertEqual(self.cache.history().explain(first).note, "")

    def test_put_that_is_not_known(self):
        """The put may be gone from the log."""
        self.cache.reset()
        self.cache.inherited = ("k",)
        self.assertEqual(
            self.why((100.0, 160.0, 170.0)), ["  put 70 s before, for 60 s; that was over 10 s before"]
        )

    def test_of_so_many_keys(self):
        """It does not grow for ever."""
        for n in range(2_000):
            note_lifetime(self.cache, n, 1.0, 2.0, 3.0)
        self.assertLessEqual(len(self.cache.adapter_state(LIFETIMES, dict)), 1_000)


if __name__ == "__main__":
    unittest.main()

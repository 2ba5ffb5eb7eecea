"""Bounds: what meets them, how they are written, and what is none."""

import unittest

from parameterized import parameterized

from cachetest import at_least, at_most, between
from cachetest._recording.bounds import is_met, least_of, most_of

INFINITE = float("inf")


class BoundTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("at_least", at_least(2), [2, 3, 4], 2, INFINITE),
            ("at_most", at_most(2), [0, 1, 2], 0, 2),
            ("none", at_most(0), [0], 0, 0),
            ("between", between(1, 3), [1, 2, 3], 1, 3),
            ("one", between(2, 2), [2], 2, 2),
            ("integer", 3, [3], 3, 3),
        ]
    )
    def test_met(self, _, bound, counts, least, most):
        """Both ends are included, and nothing beyond them."""
        self.assertEqual([count for count in range(5) if is_met(bound, count)], counts)
        self.assertEqual((least_of(bound), most_of(bound)), (least, most))

    def test_written(self):
        """As it was called."""
        self.assertEqual(repr([at_least(1), at_most(2)]), "[at_least(1), at_most(2)]")
        self.assertEqual(str(between(1, 3)), "between(1, 3)")

    def test_equal(self):
        """Where the same counts meet both, whichever made them."""
        self.assertEqual({at_most(3), between(0, 3), at_most(3)}, {between(0, 3)})
        self.assertNotEqual(at_least(1), between(1, 3))
        self.assertNotEqual(at_most(3), 3)

    @parameterized.expand(
        [
            ("zero", at_least, (0,), ValueError, r"at_least\(0\) is met by any count.*leave it out"),
            ("negative", at_most, (-1,), ValueError, "the count of at_most must be 0 or more, not -1"),
            ("text", at_least, ("1",), TypeError, "the count of at_least must be an integer, not '1'"),
            ("bool", at_most, (True,), TypeError, "must be an integer, not True"),
            ("float", between, (1, 2.0), TypeError, "second count of between must be an integer, not 2.0"),
            ("none", between, (None, 2), TypeError, "first count of between must be an integer, not None"),
            ("reversed", between, (3, 1), ValueError, r"between\(3, 1\) is met by no count.*comes first"),
        ]
    )
    def test_none(self, _, bound, given, error, text):
        """What can't be meant is an error at the call."""
        with self.assertRaisesRegex(error, text):
            bound(*given)


if __name__ == "__main__":
    unittest.main()

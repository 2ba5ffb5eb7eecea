import copy
import pickle
import unittest
from dataclasses import fields, is_dataclass, replace
from types import SimpleNamespace
from unittest import mock

from parameterized import parameterized

from cachetest import Stats
from cachetest._caches.cache import MockCache


class Louder(Stats):
    """A subclass, as PyTorch's own module has one."""


class StatsTests(unittest.TestCase):
    def test_positional_order(self):
        """The order is put, hit, miss, as in the original."""
        stats = Stats(1, 2, 3)
        self.assertEqual((stats.num_put, stats.num_get_hit, stats.num_get_miss), (1, 2, 3))
        self.assertEqual([f.name for f in fields(Stats)], ["num_put", "num_get_hit", "num_get_miss"])
        self.assertTrue(is_dataclass(Stats))

    def test_defaults(self):
        """Nothing is counted at first."""
        self.assertEqual(Stats(), Stats(0, 0, 0))

    def test_add_in_place(self):
        """+= keeps the object."""
        stats = same = Stats(1, 2, 3)
        stats += Stats(10, 20, 30)
        self.assertIs(stats, same)
        self.assertEqual(stats.counts(), (11, 22, 33))

    def test_add_in_place_itself(self):
        """Adding an object to itself doubles it."""
        stats = Stats(1, 2, 3)
        stats += stats
        self.assertEqual(stats, Stats(2, 4, 6))

    def test_reset(self):
        """reset() zeroes in place."""
        stats = Stats(1, 2, 3)
        stats.reset()
        self.assertEqual(stats, Stats())

    def test_add(self):
        """+ makes a new object and leaves both as they were."""
        one, other = Stats(1, 2, 3), Stats(4, 5, 6)
        self.assertEqual(one + other, Stats(5, 7, 9))
        self.assertEqual((one, other), (Stats(1, 2, 3), Stats(4, 5, 6)))

    def test_subtract(self):
        """- is what happened in between."""
        self.assertEqual(Stats(5, 7, 9) - Stats(4, 5, 6), Stats(1, 2, 3))

    @parameterized.expand(
        [
            ("num_put", Stats(0, 1, 1)),
            ("num_get_hit", Stats(1, 0, 1)),
            ("num_get_miss", Stats(1, 1, 0)),
        ]
    )
    def test_subtract_below_zero(self, field, less):
        """A difference below zero names the count that went down."""
        with self.assertRaisesRegex(ValueError, f"{field} went down, from 1 to 0"):
            less - Stats(1, 1, 1)

    @parameterized.expand([("+", "__add__"), ("-", "__sub__"), ("+=", "__iadd__")])
    def test_arithmetic_with_something_else(self, _, method):
        """Only Stats are added to Stats."""
        self.assertIs(getattr(Stats(), method)(1), NotImplemented)
        self.assertIs(getattr(MockCache("c"), method)(1), NotImplemented)

    @parameterized.expand([("plain", Stats), ("subclass", Louder)])
    def test_equal_from_both_sides(self, _, cls):
        """The three counts are compared, whatever the class."""
        self.assertTrue(Stats(1, 2, 3) == cls(1, 2, 3))
        self.assertTrue(cls(1, 2, 3) == Stats(1, 2, 3))
        self.assertFalse(Stats(1, 2, 3) == cls(1, 2, 4))
        self.assertTrue(cls(1, 2, 3) != Stats(1, 3, 3))

    @parameterized.expand([(None,), ((1, 2, 3),), ("puts: 1",), (1,)])
    def test_not_equal_to_anything_else(self, other):
        """Comparing with what is no Stats is False, and no error."""
        self.assertFalse(Stats(1, 2, 3) == other)
        self.assertFalse(other == Stats(1, 2, 3))
        self.assertTrue(Stats(1, 2, 3) != other)

    def test_equal_to_foreign_counts(self):
        """Anything with the same three counts is equal, of whatever class: torch has a Stats of its own."""
        foreign = SimpleNamespace(num_put=1, num_get_hit=2, num_get_miss=3)
        self.assertEqual(Stats(1, 2, 3), foreign)
        self.assertNotEqual(Stats(1, 2, 4), foreign)
        self.assertNotEqual(Stats(1, 2, 3), SimpleNamespace(num_put=1, num_get_hit=2))
        self.assertNotEqual(Stats(1, 2, 3), mock.MagicMock())

    @parameterized.expand([(Stats,), (Louder,)])
    def test_unhashable(self, cls):
        """A hash would change with the counts."""
        with self.assertRaises(TypeError):
            hash(cls())

    def test_num_get(self):
        """Lookups are hits and misses."""
        self.assertEqual(Stats(9, 2, 3).num_get, 5)

    @parameterized.expand(
        [
            ("idle", Stats(), None),
            ("only puts", Stats(5, 0, 0), None),
            ("cold", Stats(0, 0, 4), 0.0),
            ("mixed", Stats(0, 1, 3), 0.25),
            ("warm", Stats(0, 4, 0), 1.0),
        ]
    )
    def test_hit_ratio(self, _, stats, ratio):
        """The ratio of an idle cache is None, so that it can't pass for a warm one."""
        self.assertEqual(stats.hit_ratio, ratio)

    def test_text(self):
        """str() has the words of the original, in its order."""
        self.assertEqual(str(Stats(1, 2, 3)), "puts: 1, misses: 3, hits: 2")
        self.assertEqual(repr(Stats(1, 2, 3)), "Stats(num_put=1, num_get_hit=2, num_get_miss=3)")

    def test_copies(self):
        """It copies, pickles and is replaced as dataclasses are."""
        stats = Stats(1, 2, 3)
        for copied in (copy.copy(stats), copy.deepcopy(stats), pickle.loads(pickle.dumps(stats))):
            self.assertEqual(copied, stats)
            self.assertIsNot(copied, stats)
        self.assertEqual(replace(stats, num_put=7), Stats(7, 2, 3))


if __name__ == "__main__":
    unittest.main()

import unittest

from cachetest import Stats

from .assertion_case import AssertionCase


class EntryAssertionTests(AssertionCase):
    def test_cached(self):
        """An entry is there, with a value if one is given; to look is no lookup."""
        self.assertCached("prices", "a")
        self.assertCached("prices", "a", 1)
        with self.fails("(?s)no entry for 'c'\n  it has 2:\n    'b'\n    'a'\n.* : message"):
            self.assertCached("prices", "c", msg="message")
        with self.fails("(?s)entry 'a': expected 2, got 1\n.*the entry: put by operation 4, .* : message"):
            self.assertCached("prices", "a", 2, msg="message")
        with self.fails("expected None, got 1"):
            self.assertCached("prices", "a", None)
        self.assertCacheStats("prices", Stats(2, 1, 3))

    def test_values_that_do_not_compare(self):
        """A value whose == gives an array, or raises, is compared all the same; a value equals itself."""

        class Array:
            def __init__(self, *values):
                self.values = values

            def __eq__(self, other):
                return Answer(one == two for one, two in zip(self.values, other.values, strict=True))

            __hash__ = None

        class Answer(list):
            def __bool__(self):
                raise ValueError("ambiguous")

            def all(self):
                return all(self)

        nan = float("nan")
        for n, value in enumerate([nan, Array(1, 2)]):
            self.backend.put(n, value)
            self.assertCached("prices", n, value)
        self.assertCached("prices", 1, Array(1, 2))
        for other in (Array(1, 3), Array(1), 1):
            with self.fails("entry 1: expected"):
                self.assertCached("prices", 1, other)

    def test_not_cached(self):
        """An entry is not there."""
        self.assertNotCached("prices", "c")
        with self.fails("(?s)has an entry for 'a': 1\n.*the entry: put by operation 4, .* : message"):
            self.assertNotCached("prices", "a", msg="message")
        self.assertCacheStats("prices", Stats(2, 1, 3))


if __name__ == "__main__":
    unittest.main()

import gc
import unittest

from parameterized import parameterized

from cachetest import Stats, UnknownCacheError

from .assertion_case import AssertionCase


class StatsAssertionTests(AssertionCase):
    @parameterized.expand(
        [
            ("all", {"puts": 2, "hits": 1, "misses": 3}),
            ("puts", {"puts": 2}),
            ("hits", {"hits": 1}),
            ("misses", {"misses": 3}),
        ]
    )
    def test_equal(self, _, counts):
        """Counts that are given are compared, others not."""
        self.assertCacheStats("prices", **counts)

    def test_stats_object(self):
        """A Stats compares all three."""
        self.assertCacheStats("prices", Stats(2, 1, 3))
        with self.fails("expected misses=0, got 3"):
            self.assertCacheStats("prices", Stats(2, 1, 0))

    @parameterized.expand([("puts", 2), ("hits", 1), ("misses", 3)])
    def test_off_by_one(self, word, count):
        """A count that is off by one fails, whichever and in whichever direction."""
        for wrong in (count - 1, count + 1):
            with self.fails(f"cache 'prices': expected {word}={wrong}, got {count}\n"):
                self.assertCacheStats("prices", **{word: wrong})

    @parameterized.expand(
        [
            (
                "wrong_name",
                ("prizes",),
                {"puts": 1},
                UnknownCacheError,
                "no cache 'prizes'.*closest first: prices",
            ),
            ("nothing", ("prices",), {}, TypeError, "at least one of puts, hits, misses and refusals"),
            ("negative", ("prices",), {"puts": -1}, ValueError, "puts must be 0 or more, not -1"),
            ("string", ("prices",), {"puts": "1"}, TypeError, "puts must be an integer, not '1'"),
            ("float", ("prices",), {"hits": 1.0}, TypeError, "hits must be an integer, not 1.0"),
            ("bool", ("prices",), {"misses": True}, TypeError, "misses must be an integer, not True"),
            ("negative_stats", ("prices", Stats(-1, 0, 0)), {}, ValueError, "puts must be 0 or more, not -1"),
            ("float_stats", ("prices", Stats(2.0, 1, 3)), {}, TypeError, "puts must be an integer, not 2.0"),
            ("both", ("prices", Stats()), {"puts": 1}, TypeError, "not both"),
            ("no_stats", ("prices", 1), {}, TypeError, "expected a Stats"),
            ("unknown_count", ("prices",), {"hit": 1}, TypeError, "hit"),
        ]
    )
    def test_usage_errors(self, _, args, counts, error, text):
        """What can't be meant is an error at the call, and never a pass."""
        for assertion in (self.assertCacheStats, self.assertCacheDelta):
            with self.assertRaisesRegex(error, text):
                assertion(*args, **counts)

    def test_index(self):
        """Integers of other types are integers."""

        class Two:
            def __index__(self):
                return 2

        self.assertCacheStats("prices", puts=Two())

    def test_message(self):
        """A message is added as in every assertion."""
        with self.fails("(?s)got 2.* : the price list"):
            self.assertCacheStats("prices", puts=1, msg="the price list")

    def test_text_shows_the_operations(self):
        """The failure lists operations and explains misses."""
        with self.assertRaises(self.failureException) as caught:
            self.assertCacheStats("prices", puts=1)
        text = str(caught.exception)
        self.assertIn("1. miss  'a'  at", text)
        self.assertIn("6. hit   'a'  at", text)
        self.assertIn("never put before; put later, by operation ", text)


class DeltaAssertionTests(AssertionCase):
    def test_inside_the_block(self):
        """Only what happened inside counts."""
        with self.assertCacheDelta("prices", puts=1, hits=2, misses=0):
            self.backend.get("a")
            self.backend.get("b")
            self.backend.put("c", 3)
        with self.assertCacheDelta("prices", Stats()):
            pass

    def test_fails(self):
        """The failure is that of the block, and shows its operations only."""
        with self.fails(r"inside the block: expected hits=0, got 1\n(.*\n){4}    7. hit  'a'") as caught:
            with self.assertCacheDelta("prices", hits=0, msg="a message"):
                self.backend.get("a")
        self.assertNotIn("6. ", str(caught.exception))
        self.assertIn(" : a message", str(caught.exception))

    def test_exception_in_the_block(self):
        """An exception of the block is not hidden by what it kept from happening."""
        with self.assertRaises(ZeroDivisionError), self.assertCacheDelta("prices", puts=1):
            1 / 0  # noqa: B018

    def test_reset_in_the_block(self):
        """After a reset there is no difference to take."""
        with self.assertRaisesRegex(ValueError, "'prices' was reset inside the block"):
            with self.assertCacheDelta("prices", puts=0):
                self.caches.reset()

    def test_reset_and_as_many_again(self):
        """Also where the counts have not gone down by the end."""
        self.caches.reset()
        with self.assertRaisesRegex(ValueError, "was reset inside the block"):
            with self.assertCacheDelta("prices", puts=1):
                self.caches.reset()
                self.backend.put("a", 1)

    def test_without_with(self):
        """A delta that was never entered compares nothing, and warns that it does not."""
        with self.assertWarnsRegex(
            UserWarning, r"assertCacheDelta\('prices', ...\) compared nothing: use it in"
        ):
            self.assertCacheDelta("prices", puts=7)
            gc.collect()

    def test_nested(self):
        """Blocks may be nested, and one object entered again."""
        delta = self.assertCacheDelta("prices", puts=1)
        for _ in range(2):
            with delta, self.assertCacheDelta("prices", puts=1):
                self.backend.put("a", 1)


if __name__ == "__main__":
    unittest.main()

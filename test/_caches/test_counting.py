"""What is done in a block, of one cache and of all: counted, listed, and asked of nobody."""

import copy
import unittest
from functools import lru_cache

from cachetest import CacheTestCase, MockBackend, NotPatchedError, Stats, UnknownCacheError, global_stats
from cachetest.adapters import Functools

from ..support import run_method


class CountingCase(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.prices, self.users = MockBackend("prices"), MockBackend("users")
        self.prices.put("lamp", 4.0)

    def told(self, delta):
        return [f"{each.cache} {each.kind} {each.key}" for each in delta.operations]


class OfOneTests(CountingCase):
    def test_block(self):
        """Counts and operations are those of the block, also while it lasts, and stay so after it."""
        with self.caches.prices.counting() as delta:
            self.prices.get("lamp")
            self.assertEqual((delta.stats, self.told(delta)), (Stats(0, 1, 0), ["prices hit lamp"]))
            self.users.get("ada")
            self.prices.get("chair")
        self.prices.get("lamp")
        self.assertEqual(delta.stats, Stats(0, 1, 1))
        self.assertEqual(self.told(delta), ["prices hit lamp", "prices miss chair"])
        self.assertEqual(repr(delta), "<delta of 'prices': puts: 0, misses: 1, hits: 1>")

    def test_counts(self):
        """There is a count for each kind that can be asserted."""
        with self.caches.prices.counting() as delta:
            for kind in ("delete", "delete", "eviction", "expiration", "failure", "refusal", "bypass"):
                self.caches.prices.record(kind, "lamp")
        others = {"refusals": 1, "deletes": 2, "evictions": 1, "expirations": 1, "failures": 1}
        self.assertEqual(delta.counts(), {"puts": 0, "hits": 0, "misses": 0, **others})

    def test_again(self):
        """Entered again, it tells of the latest block, from its beginning on."""
        delta = self.caches.prices.counting()
        for n in (1, 2):
            with delta:
                self.assertEqual(delta.stats, Stats())
                for _ in range(n):
                    self.prices.get("lamp")
                self.assertEqual(delta.stats, Stats(0, n, 0))
            self.assertEqual(delta.stats, Stats(0, n, 0))

    def test_exception(self):
        """An exception goes on, and what was done until then is known."""
        with self.assertRaises(ZeroDivisionError), self.caches.prices.counting() as delta:
            self.prices.get("lamp")
            1 / 0  # noqa: B018
        self.assertEqual(delta.stats, Stats(0, 1, 0))

    def test_not_entered(self):
        """Before it is entered there is nothing to tell, and to read it is an error."""
        for delta in (self.caches.prices.counting(), self.caches.counting()):
            for name in ("stats", "operations"):
                with self.assertRaisesRegex(NotPatchedError, "counting.* has counted nothing yet: enter it"):
                    getattr(delta, name)
            self.assertRegex(repr(delta), "^<delta.*, not begun>$")

    def test_reset(self):
        """After a reset there is no difference to take; the block itself goes on."""
        with self.caches.prices.counting() as delta:
            self.caches.reset()
            self.prices.get("lamp")
        with self.assertRaisesRegex(ValueError, "'prices' was reset inside the block of counting"):
            print(delta.stats)

    def test_copy(self):
        """A cache outside of any scope, as a copy, has it too."""
        copied = copy.copy(self.caches.prices)
        with copied.counting() as delta:
            copied.put("lamp", 1)
        self.assertEqual(delta.stats, Stats(1, 0, 0))


class OfAllTests(CountingCase):
    def test_block(self):
        """Those of all caches together, in their order; one that is new in the block is among them."""
        with self.caches.counting() as delta:
            self.prices.get("lamp")
            MockBackend("new").put("a", 1)
            self.assertEqual(delta["new"].stats, Stats(1, 0, 0))
            self.users.get("ada")
        self.users.get("ada")
        self.assertEqual(delta.stats, Stats(1, 1, 1))
        self.assertEqual(self.told(delta), ["prices hit lamp", "new put a", "users miss ada"])
        self.assertEqual(self.told(delta["users"]), ["users miss ada"])
        self.assertEqual(repr(delta), "<delta: puts: 1, misses: 1, hits: 1>")

    def test_unknown(self):
        """A name that is none is told the closest ones."""
        with (
            self.caches.counting() as delta,
            self.assertRaisesRegex(UnknownCacheError, "closest first: prices"),
        ):
            print(delta["price"])

    def test_used_later(self):
        """A cache that comes into being after the block is no part of it."""
        with self.caches.counting() as delta:
            self.prices.get("lamp")
        MockBackend("later").get("lamp")
        self.assertEqual((delta.stats, len(delta.operations)), (Stats(0, 1, 0), 1))

    def test_global(self):
        """global_stats has it as the caches have."""
        with global_stats.counting() as delta:
            self.prices.get("lamp")
        self.assertEqual(delta.stats, Stats(0, 1, 0))


class NotKnownTests(unittest.TestCase):
    def check(self, body, **options):
        _, result = run_method(CacheTestCase, body, **options)
        self.assertEqual(result.errors + result.failures, [])

    def test_watched(self):
        """Of what is only watched the counts are known; where it was used, its operations are not."""

        @lru_cache
        def price_of(name):
            return len(name)

        def body(case):
            with case.caches.counting() as unused:
                MockBackend("other").get("a")
            case.assertEqual(len(unused.operations), 1)
            with case.caches.counting() as used:
                price_of("lamp")
            case.assertEqual(used.stats, Stats(0, 0, 1))
            for delta in (used, used["price"]):
                with case.assertRaisesRegex(ValueError, "the operations of cache 'price' can't be known: "):
                    print(delta.operations)

        self.check(body, patch_caches=(Functools(price=price_of),))

    def test_dropped(self):
        """Where older ones are not kept, those of the block may be all there, or not."""

        def body(case):
            backend = MockBackend("c")
            for n in range(5):
                backend.put(n, n)
            with case.caches.c.counting() as few, case.caches.counting() as many:
                backend.put(5, 5)
                case.assertEqual([each.key for each in few.operations], [5])
                for n in range(3):
                    backend.put(n, n)
            case.assertEqual(many.stats, Stats(4, 0, 0))
            with case.assertRaisesRegex(ValueError, "the oldest 1 operations of cache 'c' are not kept"):
                print(many.operations)

        self.check(body, log_length=3)


if __name__ == "__main__":
    unittest.main()

"""Bounds, counts of all kinds and of processes, and the delta that a block gives."""

import os
import re
import unittest
from functools import lru_cache

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, Stats, at_least, at_most, between
from cachetest.adapters import Functools

from ..support import run_method
from .assertion_case import AssertionCase

KINDS = [("deletes", "delete"), ("evictions", "eviction"), ("expirations", "expiration")]
KINDS += [("failures", "failure"), ("refusals", "refusal")]


class BoundTests(AssertionCase):
    @parameterized.expand(
        [
            ({"hits": at_least(1)},),
            ({"misses": at_most(3)},),
            ({"puts": between(1, 2), "misses": 3},),
            ({"deletes": at_most(0), "refusals": at_most(2)},),
        ]
    )
    def test_met(self, counts):
        self.assertCacheStats("prices", **counts)
        self.assertCacheStats("prices", keys="*", **counts)

    @parameterized.expand(
        [
            ({"hits": at_least(2)}, r"expected hits=at_least\(2\), got 1"),
            ({"misses": at_most(2)}, r"expected misses=at_most\(2\), got 3"),
            ({"puts": between(3, 4)}, r"expected puts=between\(3, 4\), got 2"),
            ({"deletes": at_least(1)}, r"expected deletes=at_least\(1\), got 0"),
        ]
    )
    def test_not_met(self, counts, text):
        for options in ({}, {"keys": "*"}):
            with self.fails(f": {text}\n"):
                self.assertCacheStats("prices", **counts, **options)
        self.caches.reset()
        with self.fails(f"inside the block: {text}\n"), self.assertCacheDelta("prices", **counts):
            self.refill()

    def test_table(self):
        """A bound stands in the table as it was called."""
        with self.fails(
            r"\n  expected: puts=any hits=at_least\(2\) misses=any\n"
            r"  got:      puts=2   hits=1           misses=3\n +\^\n"
        ):
            self.assertCacheStats("prices", hits=at_least(2))

    @parameterized.expand(
        [
            ("too_many", {"hits": at_most(0)}, True),
            ("too_few", {"hits": at_least(2)}, False),
            ("misses", {"misses": at_least(4)}, True),
            ("more_misses", {"misses": at_most(2)}, False),
            ("puts", {"puts": between(3, 4)}, True),
        ]
    )
    def test_why(self, _, counts, hits):
        """Hits are explained where there should have been fewer, or what follows a miss is too little."""
        with self.assertRaises(self.failureException) as caught:
            self.assertCacheStats("prices", **counts)
        self.assertEqual("put by operation 4" in str(caught.exception), hits, caught.exception)


class KindTests(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.backend = MockBackend("prices")
        self.backend.get("lamp")

    @parameterized.expand(KINDS)
    def test_counted(self, word, kind):
        """Each kind is counted by its word, in all and in a block, of all keys and of some."""
        self.caches.prices.record(kind, "chair")
        for _ in range(2):
            self.caches.prices.record(kind, "lamp")
        self.assertCacheStats("prices", **{word: 3})
        self.assertCacheStats("prices", keys="lamp", **{word: 2})
        for options in ({}, {"keys": "lamp"}):
            with self.assertCacheDelta("prices", **{word: 1}, **options) as delta:
                self.caches.prices.record(kind, "lamp")
            self.assertEqual([each.kind for each in delta.operations], [kind])

    @parameterized.expand(KINDS)
    def test_off_by_one(self, word, kind):
        self.caches.prices.record(kind, "lamp")
        for wrong in (0, 2):
            with self.assertRaisesRegex(AssertionError, f"expected {word}={wrong}, got 1\n"):
                self.assertCacheStats("prices", **{word: wrong})
        for wrong in (0, 2):
            text = f"inside the block: expected {word}={wrong}, got 1\n"
            with self.assertRaisesRegex(AssertionError, text):
                with self.assertCacheDelta("prices", **{word: wrong}):
                    self.caches.prices.record(kind, "lamp")

    def test_beside_stats(self):
        """They are given beside a Stats, and those that are not given are not compared."""
        self.caches.prices.record("delete", "lamp")
        self.assertCacheStats("prices", Stats(0, 0, 1))
        self.assertCacheStats("prices", Stats(0, 0, 1), deletes=1)
        with self.assertRaisesRegex(AssertionError, r"expected deletes=2, got 1\n.*misses=1 deletes=2\n"):
            self.assertCacheStats("prices", Stats(0, 0, 1), deletes=2)

    def test_watched(self):
        """Of what is only watched they are not known."""

        @lru_cache
        def price_of(name):
            return len(name)

        def body(case):
            with case.assertRaisesRegex(ValueError, "the deletes of cache 'price' can't be known"):
                case.assertCacheStats("price", deletes=0)
            with case.assertRaisesRegex(ValueError, "cache 'price' can't be known: .*; leave process out"):
                case.assertCacheStats("price", misses=0, process=os.getpid())
            case.assertCacheStats("price", misses=at_most(0), refusals=0)

        _, result = run_method(CacheTestCase, body, patch_caches=(Functools(price=price_of),))
        self.assertEqual(result.errors + result.failures, [])


class ProcessTests(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.backend = MockBackend("prices")
        self.backend.get("lamp")

    def test_own(self):
        """Those of this process are all of them here."""
        self.assertCacheStats("prices", misses=1, process=os.getpid())
        with self.assertCacheDelta("prices", hits=0, misses=1, process=os.getpid()) as delta:
            self.backend.get("lamp")
        self.assertEqual(len(delta.operations), 1)
        with self.assertRaisesRegex(AssertionError, rf"^cache 'prices', of process {os.getpid()}: expected"):
            self.assertCacheStats("prices", misses=1, process=os.getpid())

    def test_another(self):
        """Those of another one are told apart."""
        self.caches.prices.operations._process = 1
        self.assertCacheStats("prices", misses=1, process=1)
        self.assertCacheStats("prices", misses=0, process=os.getpid())
        self.assertCacheStats("prices", misses=0, keys="*", process=os.getpid())
        self.assertCacheStats("prices", misses=1)

    @parameterized.expand(
        [
            ("negative", -1, ValueError, "process must be 0 or more, not -1"),
            ("empty", "", ValueError, "process must be the name of one, not an empty text"),
            ("bool", True, TypeError, "process must be the id of one, its name or its rank, not True"),
            ("bytes", b"a", TypeError, "process must be the id of one, its name or its rank, not b'a'"),
        ]
    )
    def test_none(self, _, process, error, text):
        """What is no process is an error at the call, of each assertion that takes one."""
        for call in (
            lambda: self.assertCacheStats("prices", misses=0, process=process),
            lambda: self.assertCacheDelta("prices", misses=0, process=process),
            lambda: self.assertCacheOperations("prices", [], process=process),
            lambda: self.assertCacheUnused(process=process),
        ):
            with self.assertRaisesRegex(error, re.escape(text)):
                call()

    def test_unknown(self):
        """One that did nothing here may be a mistake, and is an error."""
        text = rf"process 1 is not known .*the processes are 'MainProcess' \({os.getpid()}\)"
        with self.assertRaisesRegex(ValueError, text):
            self.assertCacheStats("prices", misses=0, process=1)
        with self.assertRaisesRegex(ValueError, text), self.assertCacheDelta("prices", misses=0, process=1):
            pass


class DeltaTests(AssertionCase):
    def test_given(self):
        """The block gives what was done in it: of the keys alone that are compared."""
        with self.assertCacheDelta("prices", hits=1, keys="a") as delta:
            self.backend.get("a")
            self.backend.get("b")
        self.backend.get("a")
        self.assertEqual((delta.stats, [each.key for each in delta.operations]), (Stats(0, 1, 0), ["a"]))

    def test_after_a_failure(self):
        """Also where it fails."""
        with self.fails("expected hits=0"), self.assertCacheDelta("prices", hits=0) as delta:
            self.backend.get("a")
        self.assertEqual(delta.stats, Stats(0, 1, 0))

    def test_reset(self):
        """That it was reset is told, whatever is compared."""
        with self.assertRaisesRegex(ValueError, "reset inside the block of assertCacheDelta"):
            with self.assertCacheDelta("prices", hits=0, keys="*"):
                self.caches.reset()


if __name__ == "__main__":
    unittest.main()

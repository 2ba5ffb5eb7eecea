"""A memcached in memory keeps time by the clock of the scope, and so does what a HashClient remembers."""

import datetime
import time
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, Dropped, PatchCaches

from .pymemcache_support import client, needs_pymemcache, pymemcache
from .test_pymemcache_failures import down, fill, hash_client, patched

DAYS = 24 * 3600
PUTS = {
    "set": lambda c: c.set("k", "1", expire=60),
    "add": lambda c: c.add("k", "1", expire=60),
    "touch": lambda c: (c.set("k", "1"), c.touch("k", expire=60)),
    "set_many": lambda c: c.set_many({"k": "1"}, expire=60),
}


@needs_pymemcache
class ClockTests(unittest.TestCase):
    @parameterized.expand(PUTS)
    def test_moved(self, how):
        """What lives a minute is there before it is over, and gone then."""
        with mock.patch("time.time", return_value=1000.0), PatchCaches(pymemcache()) as patch:
            PUTS[how](client())
            patch.caches.clock.advance(59)
            self.assertEqual(client().get("k"), b"1")
            patch.caches.clock.advance(1)
            self.assertIsNone(client().get("k"))
            kinds = [each.kind for each in patch.caches.pymemcache.operations]
            self.assertEqual(kinds[-3:], ["hit", "expiration", "miss"])
            self.assertEqual(dict(patch.caches.pymemcache.cache), {})

    def test_flush_later(self):
        with mock.patch("time.time", return_value=1000.0), PatchCaches(pymemcache()) as patch:
            client().set("k", "1")
            client().flush_all(delay=60)
            patch.caches.clock.advance(59)
            self.assertEqual(client().get("k"), b"1")
            patch.caches.clock.advance(1)
            self.assertIsNone(client().get("k"))

    def test_time_of_the_server(self):
        """It tells that of the clock, and a moment that the program's has yet to reach may be over."""
        with mock.patch("time.time", return_value=5000.0 * DAYS), PatchCaches(pymemcache()) as patch:
            patch.caches.clock.advance(datetime.timedelta(days=1))
            self.assertEqual(client().stats()[b"time"], 5001 * DAYS)
            client().set("k", "1", expire=int(time.time()) + 60)
            self.assertIsNone(client().get("k"))

    def test_nested(self):
        with PatchCaches(pymemcache()) as outer:
            client().set("k", "1", expire=60)
            with PatchCaches(pymemcache()) as inner:
                inner.caches.clock.advance(61)
            self.assertEqual(client().get("k"), b"1")
            outer.caches.clock.advance(61)
            self.assertIsNone(client().get("k"))


@needs_pymemcache
class AssertionTests(CacheTestCase):
    patch_caches = ("pymemcache",)

    @parameterized.expand(PUTS)
    def test_expires(self, how):
        """Each way to give an entry a time is told, to a second, and looked at through no client."""
        began = time.time()
        PUTS[how](client())
        before = self.caches.pymemcache.operations.total
        self.assertCacheTTL("pymemcache", "k", 60.5)
        self.assertCacheExpires("pymemcache", "k", after=60)
        self.assertGreaterEqual(self.caches.clock.now() - began, 61)
        self.assertEqual(self.caches.pymemcache.operations.total, before)

    def test_for_ever(self):
        client().set("k", "1")
        self.assertCacheTTL("pymemcache", "k", None)

    def test_in_several_places(self):
        client().set("k", "1", expire=60)
        client(("i", 11211)).set("k", "1", expire=90)
        self.assertCacheTTL("pymemcache", "k", 90, at="i:11211")
        with self.assertRaisesRegex(AssertionError, "'k' in i:11211 to live for 60 s more; it lives for 90"):
            self.assertCacheTTL("pymemcache", "k", 60)

    def test_why_it_is_gone(self):
        """A miss says when the entry was put, for how long, and how long ago that was over."""
        client().set("k", "1", expire=60)
        self.caches.clock.advance(3660)
        client().get("k")
        where = self.caches.pymemcache.operations[0].where
        self.assertEqual(
            str(self.caches.pymemcache.explain()).splitlines()[1:],
            [f"  put by operation 1, at {where}, 3660 s before, for 60 s; that was over 3600 s before"],
        )

    def test_after_a_put_that_was_dropped(self):
        """What is known of its time is nothing of the entry that stays."""
        client().set("k", "1", expire=60)
        self.caches.clock.advance(50)
        with self.caches.pymemcache.inject(Dropped()):
            client().set("k", "2", expire=600)
        self.caches.clock.advance(1010)
        client().get("k")
        self.assertIn("; its time was over 1000 s before", str(self.caches.pymemcache.explain()))

    def test_why_a_touched_one_is_gone(self):
        """It was not put when it was given its time, and so that is not said."""
        client().set("k", "1", expire=60)
        self.caches.clock.advance(50)
        client().touch("k", expire=60)
        self.caches.clock.advance(1060)
        client().get("k")
        self.assertIn("; its time was over 1000 s before", str(self.caches.pymemcache.explain()))


@needs_pymemcache
class HashClientTests(unittest.TestCase):
    def test_dead(self):
        """A server that was down is asked again when the client's time for that is over."""
        import pymemcache.client.hash

        found = hash_client(dead_timeout=60)
        with patched() as patch:
            with down("b"):
                fill(found)
            fill(found)
            self.assertEqual(patch.caches.b.num_put, 0)
            patch.caches.clock.advance(61)
            fill(found)
            self.assertGreater(patch.caches.b.num_put, 0)
        self.assertIs(pymemcache.client.hash.time, time)

    def test_retried(self):
        """So is one that has failed once, after a shorter time."""
        found = hash_client(retry_attempts=2, retry_timeout=60, dead_timeout=10_000)
        with patched() as patch:
            with down("b"):
                fill(found)
            fill(found)
            self.assertEqual(patch.caches.b.num_put, 0)
            patch.caches.clock.advance(61)
            fill(found)
            self.assertGreater(patch.caches.b.num_put, 0)

    def test_of_its_scope(self):
        """It is remembered by the clock of the scope, which is not that of another."""
        found = hash_client(dead_timeout=60)
        with patched() as patch:
            patch.caches.clock.advance(1000)
            with down("b"):
                fill(found)
        with patched() as patch:
            fill(found)
            self.assertGreater(patch.caches.b.num_put, 0)


if __name__ == "__main__":
    unittest.main()

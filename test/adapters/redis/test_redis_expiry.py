"""The assertions on the time that entries live in Redis, and what is said of those that have expired."""

import time
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, Dropped, PatchCaches

from .redis_support import client, needs_redis
from .test_redis_clock import PUTS


@needs_redis
class AssertionTests(CacheTestCase):
    patch_caches = ("redis",)

    def client(self, number=0):
        return client(db=number, decode_responses=True)

    @parameterized.expand([(how,) for how in PUTS if how != "script"])
    def test_expires(self, how):
        """Each way to give an entry a time is told, and looked at through no client."""
        PUTS[how](self.client())
        before = self.caches.redis.operations.total
        self.assertCacheTTL("redis", "k", 60)
        self.assertCacheExpires("redis", "k", after=60)
        self.assertEqual(self.caches.redis.operations.total, before)

    def test_busy_machine(self):
        """The time of an entry is counted from when it was put, whenever that is looked at."""
        late = mock.patch("cachetest.adapters.redis.server.now", lambda: time.time() + 1)
        with late:
            self.client().execute_command("PSETEX", "k", 60_000, 1)
        self.assertCacheTTL("redis", "k", 60)
        with self.assertRaisesRegex(self.failureException, "for 60 s, of which"):
            self.assertCacheTTL("redis", "k", 90)

    def test_field(self):
        self.client().hset("h", mapping={"a": 1, "b": 2})
        self.client().execute_command("HEXPIRE", "h", 60, "FIELDS", 1, "a")
        self.assertCacheTTL("redis", ("h", "b"), None)
        self.assertCacheTTL("redis", ("h", "a"), 60)
        self.assertCacheExpires("redis", ("h", "a"), after=60)
        self.client().expire("h", 30)
        self.assertCacheTTL("redis", ("h", "b"), 30)

    def test_in_several_places(self):
        """All of them count, or the one that is meant."""
        self.client().set("k", 1, ex=60)
        self.client(1).set("k", 1, ex=90)
        self.assertCacheTTL("redis", "k", 60, at="redis://localhost:6379/0")
        self.assertCacheTTL("redis", "k", 90, at="redis://localhost:6379/1")
        told = r"expected 'k' in redis://localhost:6379/1 to live for 60 s more; it lives for 90 s more\n"
        with self.assertRaisesRegex(AssertionError, told + r"  put by operation 2, .* for 90 s, of which"):
            self.assertCacheTTL("redis", "k", 60)
        with self.assertRaisesRegex(AssertionError, "'k' in redis://localhost:6379/1 to .* still there"):
            self.assertCacheExpires("redis", "k", after=60)
        self.assertCacheExpires("redis", "k", after=30 - 0.001, at="redis://localhost:6379/1")

    def test_too_early(self):
        """It is seen by a clock that nobody has moved before."""
        self.client().set("k", 1, ex=30)
        with self.assertRaisesRegex(AssertionError, "'k' to expire after 60 s; it was gone before that"):
            self.assertCacheExpires("redis", "k", after=60)

    def test_in_the_one_that_is_meant(self):
        """It is named, also where there is no other."""
        self.client().set("k", 1, ex=90)
        with self.assertRaisesRegex(AssertionError, "'k' in redis://localhost:6379/0 to live for 60 s more"):
            self.assertCacheTTL("redis", "k", 60, at="redis://localhost:6379/0")

    def test_inside_a_block(self):
        """It is about the test's server and clock, also inside a block that has others."""
        self.client().set("k", 1, ex=60)
        with PatchCaches("redis") as block:
            block.caches.clock.advance(1000)
            self.assertCacheTTL("redis", "k", 60)
            self.assertCacheExpires("redis", "k", after=60)

    def test_why_it_is_gone(self):
        """A miss says when the entry was put, for how long, and how long ago that was over."""
        self.client().set("k", 1, ex=60)
        self.client().get("k")
        self.caches.clock.advance(3660)
        self.client().get("k")
        where = self.caches.redis.operations[0].where
        self.assertEqual(
            str(self.caches.redis.explain()).splitlines()[1:],
            [f"  put by operation 1, at {where}, 3660 s before, for 60 s; that was over 3600 s before"],
        )

    def test_after_a_put_that_was_dropped(self):
        """What is known of its time is nothing of the entry that stays."""
        self.client().set("k", 1, ex=60)
        self.caches.clock.advance(50)
        with self.caches.redis.inject(Dropped()):
            self.client().set("k", 2, ex=600)
        self.assertCacheTTL("redis", "k", 10)
        self.caches.clock.advance(1010)
        self.client().get("k")
        self.assertIn("; its time was over 1000 s before", str(self.caches.redis.explain()))

    def test_why_a_list_is_gone(self):
        """One that was given its time later was not put then, and so that is not said."""
        self.client().lpush("k", 1)
        self.caches.clock.advance(1000)
        self.client().expire("k", 60)
        self.caches.clock.advance(1000)
        self.client().lrange("k", 0, -1)
        where = self.caches.redis.operations[0].where
        self.assertEqual(
            str(self.caches.redis.explain()).splitlines()[1:],
            [f"  put by operation 1, at {where}; its time was over 940 s before"],
        )

    @parameterized.expand([("in_one", True), ("alone", False)])
    def test_given_in_a_transaction(self, _, put):
        """One that was put in the same was put then."""
        pipeline = self.client().pipeline()
        self.client().set("k", 1)
        self.caches.clock.advance(1000)
        if put:
            pipeline.set("k", 1)
        pipeline.expire("k", 60).execute()
        self.caches.clock.advance(1000)
        self.client().get("k")
        told = "1000 s before, for 60 s; that" if put else "; its time"
        self.assertIn(f"{told} was over 940 s before", str(self.caches.redis.explain()))


if __name__ == "__main__":
    unittest.main()

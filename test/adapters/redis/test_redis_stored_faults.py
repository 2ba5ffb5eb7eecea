"""Faults that are about single keys: what is stored in the server of a test is damaged, gone, or old."""

import unittest

from cachetest import Damaged, Dropped, Fails, Gone, Stale, TooLarge

from .redis_support import client, needs_redis, patched, shown


@needs_redis
class StoredTests(unittest.TestCase):
    def setUp(self):
        patch = patched()
        caches = patch.__enter__().caches
        self.cache, self.clock = caches.redis, caches.clock
        self.addCleanup(patch.__exit__, None, None, None)
        self.client = client()
        self.client.mset({"a": "whole", "b": "other"})

    def test_damaged(self):
        """Half of a string is left, of those keys alone that are meant, and stays until it is overwritten."""
        with self.cache.inject(Damaged(), key="a") as injected:
            self.assertEqual(self.client.mget("a", "b", "c"), [b"wh", b"other", None])
        self.assertEqual(shown(injected.struck), "hit a")
        self.assertEqual(self.client.get("a"), b"wh")
        self.client.set("a", "whole")
        self.assertEqual(self.client.get("a"), b"whole")

    def test_damaged_in_a_transaction(self):
        """It is damaged before what MULTI and EXEC execute."""
        with self.cache.inject(Damaged(bytes.upper), on="get"), self.client.pipeline() as pipe:
            self.assertEqual(pipe.get("a").get("b").execute(), [b"WHOLE", b"OTHER"])

    def test_damaged_field(self):
        """One value of a hash is; a whole hash is an object, which is told at the end of the block."""
        self.client.hset("h", mapping={"x": "long", "y": "text"})
        with self.cache.inject(Damaged(), on="get"):
            self.assertEqual(self.client.hget("h", "x"), b"lo")
        self.assertEqual(self.client.hgetall("h"), {b"x": b"lo", b"y": b"text"})
        with (
            self.assertRaisesRegex(TypeError, "the entry of 'h' is an object, of Hash"),
            self.cache.inject(Damaged(), on="get", must_strike=False),
        ):
            self.client.hgetall("h")

    def test_damaged_keeps_its_time(self):
        """What is damaged expires when it would have."""
        self.client.set("a", "whole", ex=60)
        with self.cache.inject(Damaged(), on="get"):
            self.client.get("a")
        self.assertEqual(self.client.ttl("a"), 60)

    def test_gone(self):
        """An entry is evicted before a lookup, a count or a delete, and that is logged."""
        with self.cache.inject(Gone(), keys="[ac]") as injected:
            self.assertEqual(self.client.mget("a", "b", "c"), [None, b"other", None])
            self.client.set("a", 5)
            self.assertEqual(self.client.incr("a"), 1)
            self.assertEqual(self.client.delete("a", "b"), 1)
        found = shown(self.cache.operations[2:])
        self.assertEqual(
            found,
            "eviction a, miss a, hit b, miss c, put a, eviction a, put a, eviction a, delete a, delete b",
        )
        self.assertEqual(shown(injected.struck), "miss a, put a, delete a")

    def test_dropped(self):
        """A put is acknowledged, and what was there stays, with its time."""
        self.client.expire("a", 60)
        with self.cache.inject(Dropped(), keys="[ac]") as injected:
            self.assertTrue(self.client.mset({"a": 1, "b": 2, "c": 3}))
            self.assertTrue(self.client.set("a", 1))
        with self.cache.inject(Dropped(), key=("c", "x")):
            self.assertEqual(self.client.hset("c", "x", 1), 1)
        self.client.hset("h", "x", "whole")
        self.client.rpush("l", "whole")
        with self.cache.inject(Dropped(), on="put"):
            self.assertEqual(self.client.hset("h", mapping={"x": 1, "y": 2}), 1)
            self.assertEqual(self.client.rpush("l", "new"), 2)
        self.assertEqual(self.client.hgetall("h"), {b"x": b"whole"})
        self.assertEqual(self.client.lrange("l", 0, -1), [b"whole"])
        self.assertEqual(self.client.mget("a", "b", "c"), [b"whole", b"2", None])
        self.assertEqual(self.client.ttl("a"), 60)
        self.assertEqual(shown(injected.struck), "put a, put c, put a")

    def test_dropped_keeps_its_end(self):
        """What stays where a put is dropped is counted by the server until its time is over."""
        self.client.set("a", "whole", ex=60)
        with self.cache.inject(Dropped(), key="a"), self.client.pipeline() as pipe:
            pipe.set("a", "new")
            # After so many the server has made its list of times anew, and this key had none meanwhile.
            for _ in range(100):
                pipe.set("b", "other", ex=90)
            pipe.execute()
        self.assertEqual((self.client.ttl("a"), self.client.dbsize()), (60, 2))
        self.clock.advance(61)
        self.assertEqual(self.client.dbsize(), 1)

    def test_stale(self):
        """Lookups see what was there when the block began, in every database; what is put stays."""
        other = client(db=1)
        with self.cache.inject(Stale(), on="get") as injected:
            other.set("a", "elsewhere")
            self.client.set("a", "new")
            self.client.set("c", "new")
            self.client.delete("b")
            self.assertEqual(self.client.mget("a", "b", "c"), [b"whole", b"other", None])
            self.assertEqual(self.client.get("a"), b"whole")
        self.assertEqual(shown(injected.struck), "hit a, hit b, miss c, hit a")
        self.assertEqual(self.client.mget("a", "b", "c"), [b"new", None, b"new"])
        self.assertEqual(other.get("a"), b"elsewhere")

    def test_not_stale(self):
        """What has not changed is not struck."""
        with self.cache.inject(Stale(), on="get", must_strike=False) as injected:
            self.assertEqual(self.client.get("a"), b"whole")
        self.assertEqual(injected.struck, [])

    def test_too_large(self):
        """What is too large is refused as by a server without room, and the rest of a pipeline is done."""
        import redis

        with self.cache.inject(TooLarge(4)) as injected:
            with self.assertRaisesRegex(redis.exceptions.OutOfMemoryError, "maxmemory"):
                self.client.set("a", "12345")
            self.assertTrue(self.client.set("b", "1234"))
            with self.client.pipeline(transaction=False) as pipe:
                found = pipe.set("c", "12345").set("d", "1").execute(raise_on_error=False)
        self.assertEqual([type(found[0]).__name__, found[1]], ["OutOfMemoryError", True])
        self.assertEqual(self.client.mget("a", "b", "c", "d"), [b"whole", b"1234", None, b"1"])
        self.assertEqual(shown(injected.struck), "failure a, failure c")

    def test_by_hand(self):
        """An entry is evicted, or has its time pass, by hand."""
        self.cache.evict("a")
        self.cache.expire("b")
        self.assertEqual(self.client.mget("a", "b"), [None, None])
        self.assertEqual(shown(self.cache.operations[2:]), "eviction a, expiration b, miss a, miss b")
        with self.assertRaises(KeyError):
            self.cache.evict("a")

    def test_failing_leaves_the_rest(self):
        """Where a packet fails, nothing of it is damaged or gone."""
        import redis

        with (
            self.cache.inject(Gone(), key="a", must_strike=False) as gone,
            self.cache.inject(Fails(), key="b"),
            self.client.pipeline(transaction=False) as pipe,
        ):
            self.assertRaises(redis.ConnectionError, pipe.get("a").get("b").execute)
        self.assertEqual(gone.struck, [])
        self.assertEqual(self.client.get("a"), b"whole")


if __name__ == "__main__":
    unittest.main()

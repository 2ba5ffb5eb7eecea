"""Clients that cache by themselves are told of what was changed, as a real server tells them."""

import unittest

from parameterized import parameterized

from ...servers import needs_redis_server
from .redis_support import client, needs_redis, patched, shown
from .wire import Talk, both


@needs_redis
class TrackingTests(unittest.TestCase):
    def caching_client(self):
        try:
            from redis.cache import CacheConfig
        except ImportError:
            self.skipTest("this redis-py has no cache of its own")
        return client(protocol=3, cache_config=CacheConfig(), single_connection_client=False)

    def test_client_side_caching(self):
        """redis-py caches by itself: what it has read is no lookup again, until somebody changes it."""
        with patched() as patch:
            caching = self.caching_client()
            client().set("a", 1)
            self.assertEqual([caching.get("a") for _ in range(3)], [b"1"] * 3)
            self.assertEqual(patch.caches.redis.counts(), (1, 1, 0))
            client().set("a", 2)
            self.assertEqual(caching.get("a"), b"2")
            client().delete("a")
            self.assertIsNone(caching.get("a"))
            self.assertEqual(
                shown(patch.caches.redis.operations), "put a, hit a, put a, hit a, delete a, miss a"
            )

    def test_flush(self):
        """What was flushed is changed, too."""
        with patched():
            caching = self.caching_client()
            client().set("a", 1)
            self.assertEqual(caching.get("a"), b"1")
            client().flushall()
            self.assertIsNone(caching.get("a"))

    def test_messages(self):
        """A key is told of once after it was read, and no longer when tracking is off."""
        import redis

        self.caching_client()
        with patched():
            tracking = redis.Connection(protocol=3)
            tracking.connect()

            def ask(*words):
                tracking.send_command(*words)
                return tracking.read_response()

            told = []
            tracking._parser.set_invalidation_push_handler(told.append)
            self.assertEqual(ask("CLIENT", "TRACKING", "ON"), b"OK")
            ask("HGET", "h", "f")
            ask("EXISTS", "a")
            client().hset("h", "f", "x")
            client().hset("h", "f", "y")
            client().set("a", 1)
            client().set("b", 1)
            ask("PING")
            self.assertEqual(told, [[b"invalidate", [b"h"]], [b"invalidate", [b"a"]]])
            ask("GET", "a")
            self.assertEqual(ask("CLIENT", "TRACKING", "OFF"), b"OK")
            client().set("a", 1)
            ask("PING")
            self.assertEqual(len(told), 2)
            tracking.disconnect()

    def test_closed(self):
        """A connection that was closed is told of nothing, and nobody else fails for it."""
        self.caching_client()
        with patched():
            with Talk(6379, protocol=3) as tracking:
                tracking("CLIENT", "TRACKING", "ON")
                tracking("GET", "a")
                held = tracking.connection._sock
            self.assertTrue(client().set("a", 1))
            self.assertTrue(client().flushall())
            # It is there as long as somebody has it.
            del held


# What a client does that tracks (T) and another (O), and what the first, or who is told for it, is told of.
PROGRAMS = {
    "once": ["T GET a", "O SET a 1", "O SET a 2", "T GET a", "O DEL a"],
    "own changes": ["T GET a", "T SET a 1", "T GET b", "O SET b 1"],
    "several": ["T MGET a b", "T HGET h f", "O MSET a 1 b 2", "O HSET h f 1"],
    "opted in": ["T GET a", "T CLIENT CACHING YES", "T GET b", "T GET c", "O MSET a 1 b 2 c 3"],
    "opted out": ["T GET a", "T CLIENT CACHING NO", "T GET b", "T GET c", "O MSET a 1 b 2 c 3"],
}
WITH = [("once", ""), ("own changes", ""), ("own changes", "NOLOOP"), ("several", "")]
WITH += [("opted in", "OPTIN"), ("opted out", "OPTOUT")]


def told(pushes):
    """Return the keys that somebody is told of, each by itself."""
    return [key for push in pushes for key in push[-1]]


@needs_redis_server
@needs_redis
class RealTrackingTests(unittest.TestCase):
    def play(self, port, program, options):
        pushes = []
        with Talk(port, protocol=3) as tracking, Talk(port, protocol=2) as other:
            if not hasattr(tracking.connection._parser, "set_invalidation_push_handler"):
                self.skipTest("this redis-py is told of nothing")
            tracking.connection._parser.set_invalidation_push_handler(pushes.append)
            self.assertEqual(tracking("CLIENT", "TRACKING", "ON", *options.split()), b"OK")
            for line in PROGRAMS[program]:
                who, *words = line.split()
                (tracking if who == "T" else other)(*words)
            tracking("PING")
            return told(pushes)

    @parameterized.expand(WITH)
    def test_own(self, program, options):
        """The client itself is told of keys that it has read."""
        real, ours = both(self.play, program, options)
        self.assertEqual(ours, real)
        self.assertTrue(real)

    def redirected(self, port, program, options):
        with (
            Talk(port, protocol=2) as tracking,
            Talk(port, protocol=2) as other,
            Talk(port, protocol=2) as third,
        ):
            number = third("CLIENT", "ID")
            third("SUBSCRIBE", "__redis__:invalidate")
            words = ["CLIENT", "TRACKING", "ON", "REDIRECT", str(number), *options.split()]
            self.assertEqual(tracking(*words), b"OK")
            for line in PROGRAMS[program]:
                who, *words = line.split()
                (tracking if who == "T" else other)(*words)
            other("PUBLISH", "__redis__:invalidate", "the end")
            found = third.read_until(b"the end")
            return told(found[:-1]), tracking("CLIENT", "GETREDIR") == number

    @parameterized.expand(WITH)
    def test_another(self, program, options):
        """Another client is told instead, in RESP2 by what is published."""
        real, ours = both(self.redirected, program, options)
        self.assertEqual(ours, real)
        self.assertTrue(real[0])

    def gone(self, port):
        with Talk(port, protocol=2) as tracking:
            with Talk(port, protocol=2) as third:
                tracking("CLIENT", "TRACKING", "ON", "REDIRECT", str(third("CLIENT", "ID")))
            tracking("GET", "a")
            tracking("SET", "a", "1")
            return tracking("GET", "a")

    def test_another_that_is_gone(self):
        """Where that has gone, nothing is lost but the message."""
        real, ours = both(self.gone)
        self.assertEqual(ours, real)


if __name__ == "__main__":
    unittest.main()

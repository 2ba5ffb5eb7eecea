"""The keys and entries of the redis adapter, their times to live, and whose operations are counted."""

import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from cachetest import CacheTestCase

from ...support import run_method
from .redis_support import client, needs_redis, patched, shown
from .test_redis_commands import SETUP


@needs_redis
class EntryTests(unittest.TestCase):
    def test_gone_before_its_time(self):
        """A key that is gone without its time having come has not expired."""
        with patched() as patch:
            connection = client()
            connection.set("a", 1, ex=100)
            connection.swapdb(0, 5)
            connection.get("a")
            self.assertEqual(shown(patch.caches.redis.operations), "put a, miss a")

    def test_expiration(self):
        """A lookup that finds its key expired logs that, once; a later put or delete has nothing to log."""
        import time

        real = time.time
        with patched() as patch:
            connection = client()
            connection.set("a", 1, ex=10)
            connection.hset("h", "x", 1)
            connection.expire("h", 10)
            connection.hget("h", "no")
            connection.set("kept", 1, ex=10)
            connection.persist("kept")
            with mock.patch("time.time", lambda: real() + 11):
                connection.get("a")
                connection.get("a")
                connection.hget("h", "x")
                connection.get("kept")
            operations = patch.caches.redis.operations[4:]
            expected = "expiration a, miss a, miss a, expiration h, miss h.x, hit kept"
            self.assertEqual(shown(operations), expected)

    def test_read_at_once(self):
        """All entries are as each of them is, read alone, and strings take no command each."""
        import time

        from fakeredis import FakeRedis

        real = time.time
        with patched() as patch:
            one, other = client(), client(db=3)
            one.mset({f"s{n}": n for n in range(5)})
            one.set(b"\xff", b"bytes")
            one.set("gone", 1, ex=10)
            one.set("stays", 1, ex=1000)
            other.set("s1", "of the other")
            entries = patch.caches.redis.cache
            with mock.patch("time.time", lambda: real() + 11):
                with mock.patch.object(FakeRedis, "execute_command", side_effect=AssertionError):
                    found = dict(entries.items())
                    self.assertEqual(len(entries), len(found))
                self.assertEqual(found, {key: entries[key] for key in entries})
            self.assertEqual(len(found), 8)
            self.assertNotIn("gone", found)
            one.hset("h", "x", 1)
            one.rpush("l", "a", "b")
            one.zadd("z", {"m": 2})
            self.assertEqual(
                {key: value for key, value in entries.items() if key in ("h", "l", "z")},
                {"h": {b"x": b"1"}, "l": [b"a", b"b"], "z": {b"m": 2.0}},
            )

    def test_keys(self):
        """A key is logged as text, as bytes where it is none, and found as either."""
        from cachetest.adapters import Redis

        def test(case):
            connection = client()
            connection.mset({"caf\u00e9": b"", b"\xff": b"2"})
            connection.hset("h", mapping={"x": "1"})
            keys = [each.key for each in case.caches.redis.operations]
            case.assertEqual(keys, ["caf\u00e9", b"\xff", ("h", "x")])
            for key, value in (("caf\u00e9", b""), ("caf\u00e9".encode(), b""), (b"\xff", b"2")):
                case.assertCached("redis", key, value)
            case.assertCached("redis", "h", {b"x": b"1"})
            case.assertCached("redis", ("h", "x"), b"1")
            case.assertNotCached("redis", ("h", "y"))
            case.assertNotCached("redis", "no")
            case.assertCacheStats("redis", puts=3, hits=0, misses=0)

        _, result = run_method(CacheTestCase, test, patch_caches=(Redis(),))
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)

    def test_entries(self):
        """The entries are a live view, in Python's terms, that can be written and emptied."""
        with patched() as patch:
            connection = client(protocol=3)
            for each in [*SETUP, "XADD st 1-1 f v"]:
                connection.execute_command(*each.split())
            entries = patch.caches.redis.cache
            expected = {
                "a": b"1",
                "h": {b"x": b"1"},
                "l": [b"1", b"2"],
                "s": {b"1"},
                "z": {b"x": 1.0},
                "st": [(b"1-1", {b"f": b"v"})],
            }
            self.assertEqual(dict(entries), expected)
            self.assertEqual(len(entries), 6)
            entries["a"] = b"2"
            del entries["h"]
            self.assertEqual((connection.get("a"), connection.exists("h")), (b"2", 0))
            with self.assertRaises(KeyError):
                del entries["h"]
            entries.clear()
            self.assertEqual(connection.dbsize(), 0)

    def test_threads(self):
        """Counts are exact under eight threads that share a client, and nothing is lost."""
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        with patched() as patch:
            connection = client()

            def work(number):
                for _ in range(25):
                    connection.incr("total")
                    connection.get(f"no-{number}")

            sys.setswitchinterval(1e-6)
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(work, range(8)))
            sys.setswitchinterval(interval)
            self.assertEqual(connection.get("total"), b"200")
            self.assertEqual(patch.caches.redis.counts(), (200, 1, 200))

    def test_call_site(self):
        """An operation is that of the line which called redis-py."""
        with patched() as patch:
            client().get("a")
            self.assertEqual(patch.caches.redis.operations[0].where.function, "test_call_site")


if __name__ == "__main__":
    unittest.main()

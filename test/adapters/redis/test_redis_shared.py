"""The caches of one scope that are on one server share it."""

import unittest

from cachetest import CacheTestCase

from ...support import needs, run_case, run_method
from .redis_support import client, needs_redis, patched, shown

HERE = "redis://localhost:6379/"


@needs_redis
class SharedTests(unittest.TestCase):
    def test_moved(self):
        """MOVE takes a key from one cache to the other, and texts of both name it."""
        from cachetest.adapters import Redis

        def body(case):
            client().set("a", 1)
            client().move("a", 1)
            case.assertNotCached("zero", "a")
            case.assertCached("one", "a", b"1")
            self.assertEqual(client(db=1).get("a"), b"1")
            client().get("a")
            case.assertCacheStats("one", hits=0)

        _, result = run_method(CacheTestCase, body, patch_caches=(Redis(zero=HERE + "0", one=HERE + "1"),))
        ((_, text),) = result.failures
        self.assertRegex(text, r"MOVE ran at .*test_redis_shared.py:\d+ in body, and may have changed it")

    def test_entries(self):
        """Each cache has the entries of its own database, and emptying it leaves the others."""
        with patched(zero=HERE + "0", one=HERE + "1") as patch:
            client().set("a", 0)
            client(db=1).set("a", 1)
            zero, one = patch.caches.zero.cache, patch.caches.one.cache
            self.assertEqual((dict(zero), dict(one)), ({"a": b"0"}, {"a": b"1"}))
            zero.clear()
            self.assertEqual((dict(zero), dict(one)), ({}, {"a": b"1"}))
            one["b"] = 2
            self.assertEqual((client().get("b"), client(db=1).get("b")), (None, b"2"))

    def test_flushed(self):
        """FLUSHALL empties all of them; it is counted in the cache that it was asked of."""
        with patched(zero=HERE + "0", one=HERE + "1", far="redis://far:6379/0") as patch:
            clients = client(), client(db=1), client(host="far")
            for each in clients:
                each.set("a", 1)
            clients[0].flushall()
            self.assertEqual([each.get("a") for each in clients], [None, None, b"1"])
            found = [shown(each.operations) for each in patch.caches.values()]
            self.assertEqual(found, ["put a, delete a, miss a", "put a, miss a", "put a, hit a"])
            self.assertNotIn("by hand", str(patch.caches.one.explain()))

    def test_published(self):
        """What is published on a server reaches subscribers by whichever cache."""
        with patched(zero=HERE + "0", one=HERE + "1"), client(db=1).pubsub() as pubsub:
            pubsub.subscribe("news")
            pubsub.get_message(timeout=1)
            client().publish("news", "x")
            self.assertEqual(pubsub.get_message(timeout=1)["data"], b"x")

    @needs("lupa", "fakeredis[lua]")
    def test_script(self):
        """A script that was loaded by one is there for the other."""
        with patched(zero=HERE + "0", one=HERE + "1"):
            sha = client().script_load("return 1")
            self.assertEqual(client(db=1).evalsha(sha, 0), 1)

    def test_expired(self):
        """The time to live of a key is that of its own database."""
        import time
        from unittest import mock

        with patched(zero=HERE + "0", one=HERE + "1") as patch:
            client().set("a", 1, ex=10)
            client(db=1).set("a", 1, ex=100)
            later = time.time() + 11
            with mock.patch.object(time, "time", lambda: later):
                self.assertEqual((client().get("a"), client(db=1).get("a")), (None, b"1"))
            found = [shown(each.operations) for each in patch.caches.values()]
            self.assertEqual(found, ["put a, expiration a, miss a", "put a, hit a"])

    def test_scopes(self):
        """A block inside a test has servers of its own."""
        with patched(zero=HERE + "0", one=HERE + "1"):
            client().set("a", 1)
            with patched(zero=HERE + "0", one=HERE + "1"):
                self.assertIsNone(client().get("a"))
                client().flushall()
            self.assertEqual(client().get("a"), b"1")

    def test_scope_of_the_class(self):
        """What a class has set up is in each test, in each cache, whichever is used first."""
        from cachetest.adapters import Redis

        class Tests(CacheTestCase):
            patch_caches = (Redis(zero=HERE + "0", one=HERE + "1"),)

            @classmethod
            def setUpClass(cls):
                client().set("a", 0)
                client(db=1).set("a", 1)
                client(db=1).set("b", 2, ex=1000)

            def test_one_first(self):
                self.assertEqual(client(db=1).get("a"), b"1")
                client(db=1).delete("a", "b")
                self.assertEqual(client().get("a"), b"0")
                self.assertEqual([each.inherited for each in self.caches.values()], [("a",), ("a", "b")])

            def test_zero_first(self):
                self.assertEqual(client().get("a"), b"0")
                self.assertEqual(client(db=1).get("b"), b"2")
                client(db=1).flushall()
                self.assertIsNone(client(db=1).get("a"))

        for name in ("test_one_first", "test_zero_first", "test_one_first"):
            result = run_case(unittest.defaultTestLoader.loadTestsFromName(name, Tests))
            self.assertTrue(result.wasSuccessful(), result.errors + result.failures)
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(Tests)
        result = run_case(suite)
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)


if __name__ == "__main__":
    unittest.main()

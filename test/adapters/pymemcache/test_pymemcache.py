"""The operations that pymemcache's clients, and frameworks on them, are logged as."""

import pickle
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

from parameterized import parameterized

from ...support import needs
from .pymemcache_support import ADDRESS, PymemcacheTestCase, client, needs_pymemcache


@needs_pymemcache
class CountTests(PymemcacheTestCase):
    def test_lookups_and_puts(self):
        """A lookup, a put and a delete of a client are counted under the key's text."""
        cache = client()
        self.assertIsNone(cache.get("a"))
        cache.set(b"a", b"")
        self.assertEqual(cache.get("a"), b"")
        self.assertTrue(cache.delete("a"))
        self.assertCacheStats("pymemcache", puts=1, hits=1, misses=1)
        self.assertEqual(
            [(each.kind, each.key) for each in self.caches.pymemcache.operations],
            [("miss", "a"), ("put", "a"), ("hit", "a"), ("delete", "a")],
        )

    def test_many(self):
        """A get_many of three with two there is two hits and a miss."""
        cache = client()
        self.assertEqual(cache.set_many({"a": 1, "b": 2}), [])
        self.assertEqual(cache.get_many(["a", "b", "c"]), {"a": b"1", "b": b"2"})
        self.assertCacheStats("pymemcache", puts=2, hits=2, misses=1)
        with self.assertCacheDelta("pymemcache", puts=0, hits=0, misses=0):
            self.assertEqual(cache.get_many([]), {})

    def test_noreply(self):
        """A command whose answer is not waited for is counted all the same."""
        cache = client(default_noreply=True)
        self.assertTrue(cache.set("a", "1"))
        self.assertTrue(cache.add("a", "2"))
        self.assertIsNone(cache.incr("a", 1, noreply=True))
        self.assertTrue(cache.delete_many(["a", "b"]))
        self.assertCacheStats("pymemcache", puts=2, hits=1, misses=0)

    def test_where(self):
        """An operation is where the program called pymemcache, whichever of its classes."""
        from pymemcache import HashClient, PooledClient
        from pymemcache.client.retrying import RetryingClient

        for cache in (client(), PooledClient(ADDRESS), HashClient([ADDRESS]), RetryingClient(client())):
            cache.get("a")
            where = self.caches.pymemcache.operations[-1].where
            self.assertEqual((where.filename, where.function), (__file__, "test_where"))

    def test_entries(self):
        """The entries are what is stored, by key, and can be asserted on by either form of the key."""
        from pymemcache.serde import pickle_serde

        cache = client(serde=pickle_serde, key_prefix="app:", allow_unicode_keys=True)
        cache.set("größe", [1])
        stored = pickle.dumps([1], pickle.HIGHEST_PROTOCOL)
        self.assertCached("pymemcache", "app:größe")
        self.assertCached("pymemcache", "app:größe".encode())
        self.assertNotCached("pymemcache", "größe")
        self.assertEqual(pickle.loads(self.caches.pymemcache.cache["app:größe"]), pickle.loads(stored))
        self.assertEqual(cache.get("größe"), [1])
        self.caches.reset()
        self.assertIsNone(cache.get("größe"))
        self.assertCacheStats("pymemcache", puts=0, hits=0, misses=1)

    def test_seeded(self):
        """A test can put an entry there by hand."""
        self.caches.pymemcache.cache["a"] = b"seed"
        self.assertEqual(client().get("a"), b"seed")
        self.assertCacheStats("pymemcache", puts=0, hits=1, misses=0)

    def test_report(self):
        """The entries are in what is said of a cache."""
        client().set("a", b"x")
        (entry,) = self.caches.as_dict()["caches"]["pymemcache"]["entries"]
        self.assertEqual(entry["value"], "b'x'")

    def test_unused(self):
        """A client that is made and not used is no use of the cache."""
        cache = client()
        self.assertCacheUnused("pymemcache")
        cache.version()
        self.assertCacheUnused()

    def test_own_check_of_keys(self):
        """A key that pymemcache refuses itself never arrives."""
        from pymemcache.exceptions import MemcacheIllegalInputError

        for key in ("a b", "ü", "k" * 251):
            with self.assertRaises(MemcacheIllegalInputError):
                client().get(key)
        self.assertCacheUnused("pymemcache")

    def test_no_answer(self):
        """An answer that never comes is a timeout at once."""
        cache = client()
        with self.assertRaisesRegex(TimeoutError, "timed out"):
            cache.raw_command("get a", "never")
        self.assertIsNone(cache.sock)

    @parameterized.expand(
        [
            ("set", ("a", b"x" * 2**20), "SERVER_ERROR object too large for cache"),
            ("incr", ("a", 1), "CLIENT_ERROR cannot increment or decrement non-numeric value"),
            ("stats", ("slabs",), "SERVER_ERROR cachetest has no memcached command stats slabs"),
        ]
    )
    def test_failure(self, method, args, answer):
        """A command whose answer the client raises is a failure."""
        from pymemcache.exceptions import MemcacheError

        cache = client()
        cache.set("a", "text")
        self.caches.pymemcache.operations.clear()
        with self.assertRaises(MemcacheError):
            getattr(cache, method)(*args)
        failure = self.caches.pymemcache.operations[-1]
        self.assertEqual((failure.kind, failure.asked), ("failure", method))
        self.assertEqual(failure.key, "a" if args[0] == "a" else None)
        self.assertEqual(failure.error, f"CommandError: {answer}")
        self.assertEqual(failure.where.filename, __file__)

    def test_asked(self):
        """An operation says by which command it was asked for."""
        cache = client()
        cache.set("n", 1)
        cache.incr("n", 1)
        cache.gets("n")
        cache.get("n")
        cache.append("n", "0")
        cache.delete("n")
        self.assertEqual(
            [each.asked for each in self.caches.pymemcache.operations],
            ["set", "incr", "incr", "gets", "get", "append", "delete"],
        )

    def test_pool_of_connections(self):
        """Counts are exact when eight threads share a PooledClient."""
        from pymemcache import PooledClient

        cache = PooledClient(ADDRESS, default_noreply=False)
        cache.set("n", 0)
        interval = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, interval)
        sys.setswitchinterval(1e-6)

        def work(thread):
            for n in range(50):
                cache.set(f"{thread}-{n}", n)
                cache.get(f"{thread}-{n}")
                cache.incr("n", 1)
                cache.get("absent")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        self.assertEqual(cache.get("n"), b"400")
        self.assertCacheStats("pymemcache", puts=1 + 400 + 400, hits=1 + 400 + 400, misses=400)

    def test_all_servers_are_one_cache(self):
        """Without names, all servers are one cache, and each has entries of its own."""
        client(("one", 1)).set("a", "x")
        self.assertIsNone(client("/run/two.sock").get("a"))
        self.assertCacheStats("pymemcache", puts=1, hits=0, misses=1)
        stores = [each.store for each in self.caches.pymemcache.operations]
        self.assertEqual(stores, ["one:1", "/run/two.sock"])

    def test_tls(self):
        """A client with TLS is served without."""
        import ssl

        self.assertIsNone(client(tls_context=ssl.create_default_context()).get("a"))
        self.assertCacheStats("pymemcache", puts=0, hits=0, misses=1)


@needs_pymemcache
class FrameworkTests(PymemcacheTestCase):
    """Those that call pymemcache for a program."""

    @needs("django", "Django")
    def test_django(self):
        """Django's PyMemcacheCache is counted, at the line that called Django."""
        from django.core.cache.backends.memcached import PyMemcacheCache

        cache = PyMemcacheCache("127.0.0.1:11211", {"KEY_PREFIX": "site"})
        self.assertEqual(cache.get_or_set("a", lambda: {"x": None}), {"x": None})
        self.assertEqual(cache.get("a"), {"x": None})
        self.assertCached("pymemcache", "site:1:a")
        where = self.caches.pymemcache.operations[-1].where
        self.assertEqual((where.filename, where.function), (__file__, "test_django"))
        cache.set_many({"b": False, "n": 1}, timeout=60)
        self.assertEqual(cache.get_many(["b", "n", "c"]), {"b": False, "n": 1})
        self.assertEqual(cache.incr("n", 4), 5)
        with self.assertRaisesRegex(ValueError, "not found"):
            cache.incr("absent")
        self.assertTrue(cache.touch("n", 10))
        cache.clear()
        self.assertFalse(cache.has_key("n"))

    @needs("dogpile", "dogpile.cache")
    def test_dogpile(self):
        """So is dogpile.cache's backend; its second lookup of a cold key is one here too."""
        from dogpile.cache import make_region

        region = make_region().configure("dogpile.cache.pymemcache", arguments={"url": ["127.0.0.1:11211"]})
        self.assertEqual(region.get_or_create("a", lambda: [1]), [1])
        self.assertEqual(region.get_or_create("a", lambda: [2]), [1])
        region.delete("a")
        self.assertCacheStats("pymemcache", puts=1, hits=1, misses=2)
        self.assertEqual({each.where.filename for each in self.caches.pymemcache.operations}, {__file__})


if __name__ == "__main__":
    unittest.main()

"""The server is part of what a key is, also where all servers are one cache."""

import unittest

from cachetest import CacheTestCase, PatchCaches
from cachetest.errors import CacheTestError

from ...support import run_method
from .pymemcache_support import needs_pymemcache, pymemcache


def client(server):
    from pymemcache import Client

    return Client(server, default_noreply=False)


@needs_pymemcache
class PlacesTests(unittest.TestCase):
    def test_put_on_another_server(self):
        """A miss of a key that was put on another server says so."""

        def body(case):
            client("a:11211").set("price:lamp", 4)
            client("b:11211").get("price:lamp")
            case.assertCacheStats("pymemcache", hits=1)

        _, result = run_method(CacheTestCase, body, patch_caches=(pymemcache(),))
        ((_, text),) = result.failures
        self.assertIn("1. put   'price:lamp'  in a:11211  at ", text)
        self.assertIn("the same key was put in a:11211, by operation 1, and this lookup was in b:11211", text)

    def test_entries(self):
        """A key that several servers have is there once for each; what is put by hand is on every server."""
        with PatchCaches(pymemcache()) as patch:
            found = patch.caches.pymemcache.cache
            found["seed"] = b"0"
            self.assertEqual(dict(found), {"seed": b"0"})
            a, b = client("a"), client("b")
            self.assertEqual((a.get("seed"), b.get("seed")), (b"0", b"0"))
            del found["seed"]
            a.set("k", "1")
            b.set("k", "2")
            b.set("other", "3")
            self.assertEqual(dict(found), {("a:11211", "k"): b"1", ("b:11211", "k"): b"2", "other": b"3"})
            self.assertEqual((len(found), found["k"]), (3, b"1"))
            del found["a:11211", "k"]
            self.assertEqual((a.get("k"), b.get("k")), (None, b"2"))
            found["a:11211", "k"] = b"9"
            self.assertEqual((a.get("k"), b.get("k")), (b"9", b"2"))
            found.clear()
            self.assertEqual((dict(found), b.get("k")), ({}, None))
            with self.assertRaises(KeyError):
                del found["k"]

    def test_assertions(self):
        """An entry is looked for on each server, or on the one that is named."""

        def body(case):
            client("a").set("k", "1")
            client("b").set("k", "2")
            case.assertCached("pymemcache", "k", b"1", at="a:11211")
            case.assertCached("pymemcache", b"k", b"2", at="b:11211")
            for at, text in (
                (None, "in a:11211, and in b:11211: say"),
                ("c", "there are, .*[ab]:11211, [ab]:"),
            ):
                with case.assertRaisesRegex(CacheTestError, text):
                    case.assertCached("pymemcache", "k", b"1", at=at)
            case.assertCached("pymemcache", ("b:11211", b"k"), b"2")
            case.assertNotCached("pymemcache", ("c:11211", "k"))
            case.assertNotCached("pymemcache", "k")

        _, result = run_method(CacheTestCase, body, patch_caches=(pymemcache(),))
        ((_, text),) = result.failures
        self.assertIn("cache 'pymemcache' has an entry for 'k': b'1'\n", text)
        self.assertIn("the entry in a:11211, b'1': put by operation 1, at ", text)
        self.assertIn("the entry in b:11211, b'2': put by operation 2, at ", text)

    def test_several_servers_of_one_client(self):
        """A HashClient finds on each server what it has put there."""
        from pymemcache import HashClient

        with PatchCaches(pymemcache()) as patch:
            many = HashClient(["a:11211", "b:11211", "c:11211"], default_noreply=False)
            keys = [f"key{n}" for n in range(20)]
            many.set_many(dict.fromkeys(keys, "x"))
            self.assertEqual(many.get_many(keys), dict.fromkeys(keys, b"x"))
            self.assertEqual(patch.caches.pymemcache.counts(), (20, 20, 0))
            self.assertEqual(set(patch.caches.pymemcache.cache), set(keys))
            stores = {each.store for each in patch.caches.pymemcache.operations}
            self.assertEqual(stores, {"a:11211", "b:11211", "c:11211"})


if __name__ == "__main__":
    unittest.main()

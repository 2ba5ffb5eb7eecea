"""pymemcache in child processes: the server of the parent's test does what they send, and counts it."""

import importlib
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, Fails

from ..._sharing.children_support import (
    ANEW,
    METHODS,
    failure_of,
    listening_port,
    needs_fork,
    run_forked,
    run_in_child,
)
from ...support import needs


def client_at(port, **options):
    base = importlib.import_module("pymemcache.client.base")
    return base.Client(("127.0.0.1", port), connect_timeout=5, timeout=5, **options)


def use(port, name):
    """Hit what the parent has put, miss, put, and hit that."""
    client = client_at(port)
    return [client.get("lamp"), client.get(name), client.set(name, b"4", noreply=False), client.get(name)]


def use_more(port, name):
    client = client_at(port)
    client.set(name, b"1")
    found = [client.incr(name, 2), client.get_many(["lamp", name]), client.add(name, b"2", noreply=False)]
    value, cas = client.gets(name)
    found += [value, client.cas(name, b"5", cas, noreply=False), client.cas(name, b"6", cas, noreply=False)]
    found += [client.delete("lamp", noreply=False), client.delete("none", noreply=False)]
    client.close()
    return found


def use_many(port, times):
    client = client_at(port)
    for _ in range(times):
        client.incr("sold", 1)


@needs("pymemcache", "pymemcache")
class ChildTests(CacheTestCase):
    patch_caches = ("pymemcache",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        listening = listening_port()
        cls.port = listening.__enter__()
        cls.addClassCleanup(listening.__exit__, None, None, None)

    def setUp(self):
        super().setUp()
        self.client = client_at(self.port)
        self.client.set("lamp", b"3")

    @parameterized.expand(METHODS)
    def test_hit_is_a_hit(self, method):
        """A child finds what its parent has put, the parent what the child has, and all is counted."""
        done = run_in_child(method, use, self.port, "desk")
        self.assertEqual(done, [b"3", None, True, b"4"])
        self.assertEqual(self.client.get("desk"), b"4")
        self.assertCacheStats("pymemcache", puts=2, hits=3, misses=1)
        self.assertEqual(
            [(each.kind, each.key) for each in self.caches.pymemcache.operations],
            [("put", "lamp"), ("hit", "lamp"), ("miss", "desk"), ("put", "desk"), *[("hit", "desk")] * 2],
        )
        theirs = list(self.caches.pymemcache.operations)[1:-1]
        self.assertEqual({each.where.function for each in theirs}, {"use"})
        self.assertNotIn(self.caches.pymemcache.operations[0].process, {each.process for each in theirs})

    @parameterized.expand(METHODS)
    def test_commands(self, method):
        """Other commands are answered, and counted, as those of the parent are."""
        done = run_in_child(method, use_more, self.port, "desk")
        counts = self.caches.pymemcache.counts()
        self.assertEqual(done, [3, {"lamp": b"3", "desk": b"3"}, False, b"3", True, False, True, False])
        self.caches.pymemcache.reset()
        self.client.set("lamp", b"3")
        self.assertEqual(use_more(self.port, "desk"), done)
        self.assertEqual(self.caches.pymemcache.counts(), counts)

    @needs_fork
    def test_open_connection(self):
        """A forked child goes on with a client that its parent has a connection of."""
        self.assertEqual(run_forked(self.client.get, "lamp"), b"3")
        self.assertEqual(self.client.get("lamp"), b"3")
        self.assertCacheStats("pymemcache", puts=1, hits=2, misses=0)

    def test_children_count(self):
        """What several children count up is one number."""
        self.client.set("sold", b"0")
        for method in METHODS:
            run_in_child(method, use_many, self.port, 50)
        self.assertEqual(self.client.get("sold"), b"%d" % (50 * len(METHODS)))

    def test_fault(self):
        """What is in force in the parent strikes what a child sends."""
        with self.caches.pymemcache.inject(Fails(), on="get"):
            told = run_in_child(ANEW, use, self.port, "desk")
        self.assertIn("ConnectionRefusedError", told)
        self.assertEqual([each.kind for each in self.caches.pymemcache.operations], ["put", "failure"])


@needs("pymemcache", "pymemcache")
class ServerTests(unittest.TestCase):
    def test_by_server(self):
        """A child has the caches that its parent's adapter was told of, and no others."""
        from cachetest.adapters import Pymemcache

        with listening_port() as port:

            def body(caches):
                told = run_in_child(ANEW, use, port, "desk")
                return told, caches.prices.counts(), run_in_child(ANEW, use, port + 1, "desk")

            (told, counts, other), failure = failure_of(body, Pymemcache(prices=("127.0.0.1", port)))
        self.assertEqual((told, counts, failure), ([None, None, True, b"4"], (1, 1, 2), ""))
        self.assertRegex(other, "^CacheTestError: pymemcache was to connect to")


if __name__ == "__main__":
    unittest.main()

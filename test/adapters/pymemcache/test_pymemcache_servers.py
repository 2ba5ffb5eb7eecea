"""Connections and the caches that they are, and everything as it was afterwards."""

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, CacheTestError, PatchCaches, global_stats

from ...servers import needs_memcached, server
from ...support import make_library, run_method
from .pymemcache_support import ADDRESS, client, needs_pymemcache, pymemcache


@needs_pymemcache
class NamedServerTests(unittest.TestCase):
    def test_a_cache_each(self):
        """Each server that has a name is a cache with a store of its own."""
        adapter = pymemcache(pages="H:11211", users="/run/users.sock", rest=("::1", 11212))
        with PatchCaches(adapter) as patch:
            client("h").set("a", "x")
            self.assertIsNone(client("unix:/run/users.sock").get("a"))
            self.assertIsNone(client("[::1]:11212").get("a"))
            self.assertEqual(client(("h", "11211")).get("a"), b"x")
        counts = {name: cache.counts() for name, cache in patch.caches.items()}
        self.assertEqual(counts, {"pages": (1, 1, 0), "users": (0, 0, 1), "rest": (0, 0, 1)})

    def test_another_server(self):
        """A connection to any other server is an error that says which there are."""
        with PatchCaches(pymemcache(pages="h:11211", users="h:11212")) as patch:
            for command in (lambda c: c.get("a"), lambda c: c.set("a", "x"), lambda c: c.version()):
                text = (
                    r"connect to 'h:11213'.* closest first: h:11211, h:11212\. Pymemcache\(NAME='h:11213'\)"
                )
                with self.assertRaisesRegex(CacheTestError, text):
                    command(client("h:11213"))
        self.assertEqual([cache.operations.total for cache in patch.caches.values()], [0, 0])

    def test_hash_client(self):
        """A HashClient spreads the keys over the servers as it does over real ones."""
        from pymemcache import HashClient

        servers = [("h", 1), ("h", 2)]
        with PatchCaches(pymemcache(one=servers[0], two=servers[1])) as patch:
            cache = HashClient(servers, default_noreply=False)
            keys = [f"k{n}" for n in range(40)]
            cache.set_many({key: key for key in keys})
            self.assertEqual(cache.get_many(keys), {key: key.encode() for key in keys})
            for name, each in (("one", "h:1"), ("two", "h:2")):
                expected = {key for key in keys if cache.hasher.get_node(key) == each}
                self.assertEqual(set(patch.caches[name].cache), expected)
                self.assertTrue(expected)

    @parameterized.expand(
        [
            ("number", 11211),
            ("none", None),
            ("empty", ""),
            ("port_missing", "h:"),
            ("port_a_word", "h:memcached"),
            ("port_too_large", "h:65536"),
            ("port_zero", ("h", 0)),
            ("port_text", ("h", "x")),
            ("url", "memcached://h:11211"),
            ("relative_path", "run/memcached.sock"),
            ("space", "h 1:11211"),
            ("two_ports", "h:1:2"),
            ("long_tuple", ("h", 1, 2)),
            ("host_a_number", (1, 1)),
            ("list", ["h", 11211]),
        ]
    )
    def test_bad_address(self, _, address):
        """An address of no server is refused where it is given, with what was expected."""
        with self.assertRaisesRegex(ValueError, r"^pages=.*: expected a memcached server: 'host:11211', "):
            pymemcache(pages=address)

    def test_given_twice(self):
        """A server has one name."""
        with self.assertRaisesRegex(ValueError, "pages and users are both the server 'h:11211'"):
            pymemcache(pages="h", users=("H", 11211))

    def test_names(self):
        """An adapter says which caches it has."""
        self.assertEqual(repr(pymemcache()), "<Pymemcache adapter of pymemcache>")
        self.assertEqual(repr(pymemcache(a="h:1", b="h:2")), "<Pymemcache adapter of a, b>")
        self.assertEqual(pymemcache(a="h:1", b="h:2").caches, ("a", "b"))

    def test_key(self):
        """An entry is found under either form of its key."""
        keys = [pymemcache().entry_key("pymemcache", key) for key in (b"a", "a", b"\xff")]
        self.assertEqual(keys, ["a", "a", b"\xff"])

    def test_scopes_name_servers_for_themselves(self):
        """Tests at the same time may give the servers different names."""
        barrier = threading.Barrier(2, timeout=60)

        def work(name):
            with PatchCaches(pymemcache(**{name: "h:11211"})) as patch:
                barrier.wait()
                client().set("a", name)
                barrier.wait()
                self.assertEqual(client().get("a"), name.encode())
                self.assertEqual(patch.caches[name].counts(), (1, 1, 0))
                self.assertEqual(list(patch.caches), [name])
                barrier.wait()

        with ThreadPoolExecutor(2) as pool:
            for future in [pool.submit(work, name) for name in ("pages", "users")]:
                future.result()

    def test_inside_another(self):
        """An inner scope has its own names, and the outer one's are back after it."""
        cache = client()
        with PatchCaches(pymemcache()) as outer:
            cache.set("a", "outer")
            with PatchCaches(pymemcache(pages="h:11211")) as inner:
                self.assertIsNone(cache.get("a"))
                with self.assertRaises(CacheTestError):
                    client("h:1").get("a")
            self.assertEqual(cache.get("a"), b"outer")
        self.assertEqual(outer.caches["pymemcache"].counts(), (1, 1, 0))
        self.assertEqual(inner.caches["pages"].counts(), (0, 0, 1))

    def test_inside_a_scope_without(self):
        """A scope without an adapter of its own goes by the names of the one around it."""
        _, other = make_library()
        with PatchCaches(pymemcache(pages="h:11211")), PatchCaches(other):
            client().set("a", "x")
            self.assertEqual(global_stats["pages"].num_put, 1)


@needs_pymemcache
class RestoreTests(unittest.TestCase):
    def test_clients_of_a_test(self):
        """A client that is made in a test holds nothing of ours afterwards."""
        from pymemcache import Client

        before = dict(vars(Client))
        with PatchCaches("pymemcache"):
            cache = client()
            self.assertIsNone(cache.sock)
            cache.get("a")
            self.assertIsNotNone(cache.sock)
            cache.close()
            self.assertIsNone(cache.sock)
            cache.get("a")
        self.assertEqual(dict(vars(Client)), before)
        self.assertIsNone(vars(cache)["sock"])
        with PatchCaches("pymemcache"):
            self.assertIsNone(cache.sock)

    def test_class_has_no_socket(self):
        """To ask the class for its socket is an error, patched or not."""
        from pymemcache import Client

        with self.assertRaisesRegex(AttributeError, "type object 'Client' has no attribute 'sock'"):
            Client.sock  # noqa: B018
        with (
            PatchCaches("pymemcache"),
            self.assertRaisesRegex(AttributeError, "type object 'Client' has no attribute 'sock'"),
        ):
            Client.sock  # noqa: B018

    def test_connects_by_itself(self):
        """A client that connects past us is an error, and the socket that it had is its own again."""
        from pymemcache import Client

        class OwnWay(Client):
            def _connect(self):
                self.sock = elsewhere

        elsewhere = mock.Mock()
        cache = OwnWay(ADDRESS)
        with (
            PatchCaches("pymemcache"),
            self.assertRaisesRegex(CacheTestError, "OwnWay connects in a way.*'h:11211'"),
        ):
            cache.get("a")
        self.assertEqual(elsewhere.mock_calls, [])
        self.assertIsNone(cache.sock)

    def test_displaced(self):
        """A test in which somebody else has replaced the way to connect fails, and says so."""
        from pymemcache import Client

        def body(case):
            Client._connect = None

        _, result = run_method(CacheTestCase, body, patch_caches=("pymemcache",))
        self.assertIn("pymemcache.client.base.Client._connect was displaced", result.failures[0][1])

    @needs_memcached
    def test_open_connection(self):
        """A connection from before is neither used nor closed, and works afterwards, on untouched data."""
        from pymemcache import PooledClient

        with server("memcached") as port:
            cache = client(("127.0.0.1", port))
            pool = PooledClient(("127.0.0.1", port), default_noreply=False)
            cache.set("a", "real")
            pool.get("a")
            sock = cache.sock
            before = cache.stats()
            with PatchCaches("pymemcache") as patch:
                self.assertIsNone(cache.get("a"))
                cache.set("a", "ours")
                cache.flush_all()
                cache.close()
                cache.quit()
                self.assertIsNone(pool.get("a"))
            self.assertIs(cache.sock, sock)
            after = cache.stats()
            self.assertEqual(cache.get("a"), b"real")
            self.assertEqual(pool.get("a"), b"real")
            for name in (b"total_connections", b"cmd_get", b"cmd_set", b"cmd_flush"):
                self.assertEqual(after[name], before[name], name)
            cache.close()
            pool.close()
        self.assertEqual(patch.caches.pymemcache.counts(), (1, 0, 2))


if __name__ == "__main__":
    unittest.main()

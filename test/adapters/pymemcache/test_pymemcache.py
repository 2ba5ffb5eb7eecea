"""The pymemcache adapter: which connections are which caches, and that everything is as it was afterwards."""

import pickle
import socket
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, CacheTestError, PatchCaches, global_stats

from ...servers import needs_memcached, server
from ...support import make_library, needs, run_method

needs_pymemcache = needs("pymemcache", "pymemcache")

ADDRESS = ("h", 11211)


def pymemcache(**servers):
    """Return an adapter."""
    from cachetest.adapters import Pymemcache

    return Pymemcache(**servers)


def client(address=ADDRESS, **options):
    """Return a client that waits for the answer to what it writes."""
    from pymemcache import Client

    return Client(address, **{"default_noreply": False, **options})


class PymemcacheTestCase(CacheTestCase):
    """With the network cut."""

    patch_caches = ("pymemcache",)

    def setUp(self):
        for owner, name in ((socket.socket, "connect"), (socket, "getaddrinfo")):
            cut = mock.patch.object(owner, name, side_effect=OSError("no network here"))
            cut.start()
            self.addCleanup(cut.stop)


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
        """What is not waited for is counted all the same."""
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
        """What pymemcache refuses itself never arrives."""
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

    def test_all_servers_are_one(self):
        """Without names, all servers are one cache with one store."""
        client(("one", 1)).set("a", "x")
        self.assertEqual(client("/run/two.sock").get("a"), b"x")
        self.assertCacheStats("pymemcache", puts=1, hits=1, misses=0)

    def test_tls(self):
        """A client with TLS is served without."""
        import ssl

        self.assertIsNone(client(tls_context=ssl.create_default_context()).get("a"))
        self.assertCacheStats("pymemcache", puts=0, hits=0, misses=1)


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
        """What is no server is refused where it is given, with what was expected."""
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

"""A connection of redis-py is of the cache at its address, and has its own again after a test."""

import asyncio
import socket
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from cachetest.errors import CacheTestError

from ...servers import needs_redis_server, server
from ...support import make_library, run_method, run_python
from .redis_support import client, needs_redis, patched


@needs_redis
class PointedTests(unittest.TestCase):
    def test_one_cache_per_url(self):
        """Each URL is a cache of its own."""
        urls = {"a": "redis://h:6379/0", "b": "redis://h:6379/1", "c": "unix:///run/r.sock?db=2"}
        with patched(**urls) as patch:
            import redis

            for name, url in urls.items():
                redis.Redis.from_url(url).set("key", name)
            self.assertEqual(
                {n: dict(c.cache) for n, c in patch.caches.items()}, {n: {"key": n.encode()} for n in urls}
            )
            self.assertEqual([c.counts() for c in patch.caches.values()], [(1, 0, 0)] * 3)

    def test_elsewhere(self):
        """A connection to anything else is an error that says where to; its pool can be closed."""
        with patched(a="redis://h:6379/0", b="redis://h:6379/1"):
            lost = client(host="h", db=2)
            with self.assertRaisesRegex(CacheTestError, r"at redis://h:6379/2, .* first: redis://h:6379/"):
                lost.get("a")
            lost.close()

    def test_url_as_path(self):
        """A URL that is given for a path leads nowhere, as in production."""
        import redis
        from redis import asyncio as async_redis

        text = "Error 2 connecting to unix.*/run/x.sock. No such file or directory"
        options = {"unix_socket_path": "unix:///run/x.sock", "retry": None}
        with patched():
            with self.assertRaisesRegex(redis.ConnectionError, text):
                redis.Redis(**options).get("a")
            with self.assertRaisesRegex(redis.ConnectionError, text):
                asyncio.run(async_redis.Redis(**options).get("a"))

    def test_select(self):
        """To select another database than that of the URL is an error, and changes nothing."""
        import redis

        with patched(a="redis://h:6379/0", b="redis://h:6379/1"):
            connection = client(host="h", single_connection_client=True)
            with self.assertRaisesRegex(redis.ResponseError, "SELECT leaves the database 0 of the cache 'a'"):
                connection.select(1)
            connection.set("key", 1)
            self.assertIsNone(client(host="h", db=1).get("key"))

    @parameterized.expand(
        [
            ("h:6379", ValueError, "expected a URL such as 'redis://"),
            ("http://h", ValueError, "expected a URL such as 'redis://"),
            ("unix://", ValueError, "expected a URL such as 'redis://"),
            ("redis://h:port/0", ValueError, "expected a URL such as 'redis://"),
            ("", ValueError, "expected a URL such as 'redis://"),
            (6379, TypeError, "expected a URL such as 'redis://"),
        ]
    )
    def test_bad_url(self, url, error, message):
        """A bad URL is rejected when it is given, with what was expected."""
        from cachetest.adapters import Redis

        with self.assertRaisesRegex(error, f"pages={url!r}.*{message}"):
            Redis(pages=url)

    def test_twice(self):
        """Two caches at one URL are an error."""
        from cachetest.adapters import Redis

        with self.assertRaisesRegex(ValueError, "b='redis://h' is what 'a' is already"):
            Redis(a="redis://h:6379/0", b="redis://h")

    def test_nested_and_side_by_side(self):
        """The URLs of the innermost scope count; a scope without an adapter is in that around it."""
        with patched(a="redis://h"):
            with patched(b="redis://i"):
                client(host="i").set("key", 1)
                with self.assertRaises(CacheTestError):
                    client(host="h").get("key")
            with PatchCaches(make_library()[1]) as inner:
                client(host="h").get("key")
                self.assertEqual(inner.caches.a.counts(), (0, 0, 1))
        barrier = threading.Barrier(2, timeout=60)

        def work(name):
            with patched(**{name: "redis://h"}) as patch:
                barrier.wait()
                client(host="h").set("key", name)
                barrier.wait()
                return list(patch.caches), patch.caches[name].counts(), client(host="h").get("key")

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(work, ["a", "b"]))
        self.assertEqual(found, [([n], (1, 0, 0), n.encode()) for n in ("a", "b")])


@needs_redis
class KeptConnectionTests(unittest.TestCase):
    def test_held_across_scopes(self):
        """Clients, pools and subscriptions made in one scope, or before, are of the one that runs."""
        before = client()
        with patched():
            single = client(single_connection_client=True)
            pubsub = single.pubsub()
            pubsub.subscribe("news")
            for each in (before, single):
                each.set("a", 1)
        for protocol_scope in range(2):
            with self.subTest(protocol_scope), patched() as patch:
                self.assertEqual([before.get("a"), single.get("a")], [None, None])
                self.assertEqual(patch.caches.redis.counts(), (0, 0, 2))
                self.assertEqual(pubsub.get_message(timeout=1)["type"], "subscribe")
                before.publish("news", "x")
                self.assertEqual(pubsub.get_message(timeout=1)["data"], b"x")

    def test_fakeredis_of_the_program(self):
        """What a program keeps in fakeredis itself is left alone."""
        import fakeredis

        own = fakeredis.FakeRedis()
        own.set("a", 1)
        with patched() as patch:
            self.assertEqual(own.get("a"), b"1")
            self.assertEqual(fakeredis.FakeRedis(server=fakeredis.FakeServer()).get("a"), None)
            self.assertEqual(patch.caches.redis.operations, [])
        self.assertEqual(own.get("a"), b"1")

    def test_no_network(self):
        """No name is resolved and no socket connected."""
        refused = mock.Mock(side_effect=AssertionError("network"))
        with (
            mock.patch.object(socket.socket, "connect", refused),
            mock.patch.object(socket, "getaddrinfo", refused),
            patched(),
        ):
            for protocol in (2, 3):
                self.assertIsNone(client(host="h.invalid", protocol=protocol).get("a"))
        refused.assert_not_called()

    @needs_redis_server
    def test_real_connections_are_left_alone(self):
        """Connections that were open before are not used, not closed, and go on afterwards as they were."""
        with server("redis-server") as port:
            for protocol in (2, 3):
                with self.subTest(protocol=protocol):
                    pooled = client(port=port, protocol=protocol)
                    single = client(port=port, protocol=protocol, single_connection_client=True)
                    pooled.set("a", "real")
                    pubsub = single.pubsub()
                    pubsub.subscribe("news")
                    pubsub.get_message(timeout=1)
                    ids = pooled.client_id(), single.client_id()
                    with patched() as patch:
                        for each in (pooled, single):
                            self.assertIsNone(each.get("a"))
                            each.flushall()
                        pooled.set("a", "of the test")
                        pubsub.get_message(timeout=1)
                        pooled.connection_pool.disconnect()
                        single.connection.disconnect()
                        inside = client(port=port)
                        inside.set("b", 1)
                    self.assertEqual(patch.caches.redis.counts(), (2, 0, 2))
                    self.assertEqual((pooled.client_id(), single.client_id()), ids)
                    self.assertEqual((pooled.get("a"), single.get("a")), (b"real", b"real"))
                    self.assertIsNone(inside.get("b"))
                    self.assertEqual(pooled.publish("news", "x"), 1)
                    self.assertEqual(pubsub.get_message(timeout=1)["data"], b"x")
                    for each in (pubsub, pooled, single, inside):
                        each.close()


@needs_redis
class InstallTests(unittest.TestCase):
    def test_displaced(self):
        """A patch of somebody else over ours is found at the end of the test."""
        import redis

        place = redis.connection.Connection
        self.addCleanup(setattr, place, "_connect", place._connect)

        def test(case):
            place._connect = None

        _, result = run_method(CacheTestCase, test, patch_caches=("redis",))
        self.assertIn("redis.connection.Connection._connect was displaced", result.failures[0][1])

    def test_without_fakeredis(self):
        """Without fakeredis the error says what to install."""
        done = run_python(
            "-c", "import sys; sys.modules['fakeredis'] = None\nfrom cachetest.adapters import Redis"
        )
        self.assertIn("pip install 'cachetest[redis]'", done.stderr)


if __name__ == "__main__":
    unittest.main()

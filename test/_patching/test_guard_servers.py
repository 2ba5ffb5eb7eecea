"""Servers that a guard keeps a library from: nothing is sent to them, and nobody connects."""

import asyncio
import tempfile
import unittest

from parameterized import parameterized

from cachetest import GuardError, PatchCaches, guard

from ..servers import needs_memcached, needs_redis_server, server
from ..support import is_there, needs
from .guard_support import GuardCase

if is_there("redis"):
    import redis
    import redis.asyncio


def pubsub(client):
    subscriber = client.pubsub()
    subscriber.subscribe("news")


async def async_pubsub(client):
    async with client.pubsub() as subscriber:
        await subscriber.subscribe("news")


async def async_pipeline(client):
    async with client.pipeline() as pipe:
        await pipe.get("k").execute()


REDIS = [
    ("get", lambda client: client.get("k")),
    ("pipeline", lambda client: client.pipeline().get("k").execute()),
    ("transaction", lambda client: client.transaction(lambda pipe: pipe.get("k"), "k")),
    ("pubsub", pubsub),
    ("lock", lambda client: client.lock("l").acquire()),
    ("ping", lambda client: client.ping()),
    ("flush", lambda client: client.flushdb()),
    ("script", lambda client: client.eval("return 1", 0)),
    ("connection", lambda client: client.connection_pool.get_connection()),
]
ASYNC_REDIS = [
    ("get", lambda client: client.get("k")),
    ("pipeline", async_pipeline),
    ("pubsub", async_pubsub),
    ("lock", lambda client: client.lock("l").acquire()),
    ("connection", lambda client: client.connection_pool.get_connection()),
]
MEMCACHED = [
    ("get", lambda client: client.get("k")),
    ("set", lambda client: client.set("k", "v")),
    ("silent set", lambda client: client.set("k", "v", noreply=True)),
    ("get_many", lambda client: client.get_many(["k"])),
    ("delete", lambda client: client.delete("k")),
    ("incr", lambda client: client.incr("k", 1)),
    ("flush_all", lambda client: client.flush_all()),
]


@needs("redis", "redis")
class RedisTests(GuardCase):
    @parameterized.expand(REDIS)
    def test_sync(self, _, call):
        client = redis.Redis(port=self.port)
        with guard():
            self.refuses(call, client, text=f"^redis: localhost:{self.port} was to be used outside any test")

    @parameterized.expand(ASYNC_REDIS)
    def test_asyncio(self, _, call):
        async def run():
            client = redis.asyncio.Redis(port=self.port)
            await call(client)

        with guard():
            self.refuses(lambda: asyncio.run(run()), text=f"^redis: localhost:{self.port} was to be used")

    def test_tasks(self):
        """In several tasks at once, each is refused."""

        async def run():
            client = redis.asyncio.Redis(port=self.port)
            return await asyncio.gather(*(client.get(n) for n in range(5)), return_exceptions=True)

        with guard() as given:
            self.assertEqual([type(each) for each in asyncio.run(run())], [GuardError] * 5)
        self.assertEqual(len(given.refused), 5)
        self.assertFalse(self.listener.came())

    def test_unix_socket(self):
        """The path of a socket is the place."""
        with tempfile.TemporaryDirectory() as folder, guard():
            client = redis.Redis(unix_socket_path=f"{folder}/redis.sock")
            self.refuses(
                client.get, "k", text=rf"{folder}/redis.sock was .* guard\(allow=\('{folder}/redis.sock'"
            )

    @needs_redis_server
    def test_connected_before(self):
        """A connection that is open already sends nothing more, and goes on afterwards."""

        async def run(port):
            client = redis.asyncio.Redis(port=port)
            await client.get("k")
            with guard():
                with self.assertRaises(GuardError):
                    await client.set("k", 1)
                with self.assertRaises(GuardError):
                    await async_pipeline(client)
            self.assertIsNone(await client.get("k"))
            await client.aclose()

        with server("redis-server") as port, redis.Redis(port=port) as client:
            client.ping()
            with guard():
                self.refuses(client.set, "k", 1)
                self.refuses(client.pipeline().set("k", 1).execute)
            self.assertIsNone(client.get("k"))
            asyncio.run(run(port))

    @needs("fakeredis", "fakeredis")
    def test_fake(self):
        """A server in memory leaves no process."""
        import fakeredis

        with guard():
            self.assertIsNone(fakeredis.FakeRedis().get("k"))

    @needs("django", "Django")
    def test_below_django(self):
        """Django's back end is refused by what it uses; so is dogpile's."""
        from django.core.cache.backends.redis import RedisCache

        cache = RedisCache(f"redis://localhost:{self.port}", {})
        with guard():
            text = self.refuses(cache.get, "k", text="^redis: localhost:")
        self.assertIn("guard_support.py:", text)


@needs("pymemcache", "pymemcache")
class MemcachedTests(GuardCase):
    def clients(self):
        import pymemcache
        from pymemcache.client.hash import HashClient

        address = ("localhost", self.port)
        return pymemcache.Client(address), pymemcache.PooledClient(address), HashClient([address])

    @parameterized.expand(MEMCACHED)
    def test_calls(self, _, call):
        for client in self.clients():
            with guard(), self.subTest(client=client):
                self.refuses(call, client, text=f"^pymemcache: localhost:{self.port} was to be used outside")

    def test_ignored(self):
        """A client that ignores errors ignores this one; the guard has its text, and nothing has left."""
        import pymemcache

        client = pymemcache.PooledClient(("localhost", self.port), ignore_exc=True)
        with guard() as given:
            self.assertIsNone(client.get("k"))
        self.assertEqual(len(given.refused), 1)
        self.assertFalse(self.listener.came())

    def test_in_a_scope(self):
        """In a scope, all is as ever."""
        for client in self.clients():
            with guard(), PatchCaches("pymemcache") as patch:
                client.set("k", "v")
                self.assertEqual(client.get("k"), b"v")
                self.assertEqual(patch.caches.pymemcache.num_put, 1)
        self.assertFalse(self.listener.came())

    @needs_memcached
    def test_connected_before(self):
        """A connection that is open already sends nothing more."""
        import pymemcache

        with server("memcached") as port:
            client = pymemcache.Client(("127.0.0.1", port))
            client.set("k", "v", noreply=False)
            with guard():
                self.refuses(client.delete, "k")
            self.assertEqual(client.get("k"), b"v")
            client.close()


if __name__ == "__main__":
    unittest.main()

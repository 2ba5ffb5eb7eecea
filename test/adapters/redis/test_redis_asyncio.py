"""The redis adapter with the asyncio client of redis-py."""

import asyncio
import contextlib
import socket
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import AsyncCacheTestCase, PatchCaches

from ...servers import needs_redis_server, server
from ...support import needs, run_method
from .redis_support import shown


def client(**options):
    import redis.asyncio

    return redis.asyncio.Redis(**options)


def patched(**urls):
    from cachetest.adapters import Redis

    return PatchCaches(Redis(**urls))


@needs("fakeredis", "cachetest[redis]")
class AsyncioTests(unittest.IsolatedAsyncioTestCase):
    @parameterized.expand([(2,), (3,)])
    async def test_commands(self, protocol):
        """Commands, pipelines and transactions count as those of the sync client, and share its entries."""
        import redis

        with patched() as patch:
            async with client(protocol=protocol) as connection:
                await connection.set("a", b"")
                self.assertEqual(await connection.mget(["a", "b"]), [b"", None])
                async with connection.pipeline() as pipe:
                    self.assertEqual(await pipe.incr("n").get("n").execute(), [1, b"1"])
            expected = "put a, hit a, miss b, put n, hit n"
            self.assertEqual(shown(patch.caches.redis.operations), expected)
            self.assertEqual(redis.Redis().get("n"), b"1")

    async def test_call_site(self):
        """An operation is that of the line which awaited the call, with a time limit for the socket too."""
        with patched() as patch:
            async with client() as connection, client(socket_timeout=5) as limited:
                await connection.get("a")
                await limited.get("a")
            functions = [each.where.function for each in patch.caches.redis.operations]
            self.assertEqual(functions, ["test_call_site"] * 2)

    async def test_tasks(self):
        """Counts are exact where many tasks share a client, each operation once."""
        with patched() as patch:
            async with client() as connection:

                async def work(number):
                    for _ in range(10):
                        await connection.incr("total")
                        await connection.get(f"no-{number}")

                await asyncio.gather(*map(work, range(10)))
                self.assertEqual(await connection.get("total"), b"100")
            self.assertEqual(patch.caches.redis.counts(), (100, 1, 100))

    @parameterized.expand([(2,), (3,)])
    async def test_blocking(self, protocol):
        """A command that waits leaves the loop free, and is counted when it is answered."""
        with patched() as patch:
            async with client(protocol=protocol) as connection:
                waiting = asyncio.create_task(connection.blpop("jobs", timeout=10))
                # It is answered whether it has begun to wait or not; so long it mostly has.
                for _ in range(100):
                    await asyncio.sleep(0)
                await connection.rpush("jobs", "x")
                self.assertEqual([each.decode() for each in await waiting], ["jobs", "x"])
                self.assertIn("hit jobs", shown(patch.caches.redis.operations))

    @parameterized.expand([(2,), (3,)])
    async def test_publish(self, protocol):
        """What is published reaches subscribers, from a thread of the sync client too."""
        import redis

        with patched():
            async with client(protocol=protocol) as connection, connection.pubsub() as pubsub:
                await pubsub.subscribe("news")
                self.assertEqual((await pubsub.get_message(timeout=1))["type"], "subscribe")
                await connection.publish("news", "x")
                self.assertEqual((await pubsub.get_message(timeout=1))["data"], b"x")
                await asyncio.to_thread(redis.Redis().publish, "news", "y")
                self.assertEqual((await pubsub.get_message(timeout=10))["data"], b"y")

    async def test_held_across_scopes(self):
        """Clients made in one scope, or before, are of the one that runs."""
        before = client()
        with patched():
            single = client(single_connection_client=True)
            for each in (before, single):
                await each.set("a", 1)
        with patched() as patch:
            self.assertEqual([await before.get("a"), await single.get("a")], [None, None])
            self.assertEqual(patch.caches.redis.counts(), (0, 0, 2))
            await before.aclose()
            await single.aclose()

    async def test_elsewhere(self):
        """A connection to what no cache stands for is an error."""
        from cachetest.errors import CacheTestError

        with patched(a="redis://h:6379/0"):
            async with client(host="i") as lost:
                with self.assertRaisesRegex(CacheTestError, "redis://i:6379/0"):
                    await lost.get("a")

    async def test_no_network(self):
        """No name is resolved and no socket connected."""
        refused = mock.Mock(side_effect=AssertionError("network"))
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(socket.socket, "connect", refused))
            stack.enter_context(mock.patch.object(socket, "getaddrinfo", refused))
            stack.enter_context(patched())
            for protocol in (2, 3):
                async with client(host="h.invalid", protocol=protocol) as connection:
                    self.assertIsNone(await connection.get("a"))
        refused.assert_not_called()

    @needs_redis_server
    async def test_real_connections_are_left_alone(self):
        """Connections that were open before are not used, not closed, and go on afterwards as they were."""
        with server("redis-server") as port:
            for protocol in (2, 3):
                pooled = client(port=port, protocol=protocol)
                await pooled.set("a", "real")
                number = await pooled.client_id()
                with patched() as patch:
                    self.assertIsNone(await pooled.get("a"))
                    await pooled.flushall()
                    await pooled.connection_pool.disconnect()
                self.assertEqual(patch.caches.redis.counts(), (0, 0, 1))
                self.assertEqual(await pooled.client_id(), number)
                self.assertEqual(await pooled.get("a"), b"real")
                await pooled.aclose()

    def test_test_case(self):
        """A test of AsyncCacheTestCase has its own cache, and tests find nothing of each other."""
        from cachetest.adapters import Redis

        async def test(case):
            async with client() as connection:
                case.assertIsNone(await connection.get("a"))
                await connection.set("a", 1)
            case.assertCacheStats("redis", puts=1, hits=0, misses=1)

        for _ in range(2):
            _, result = run_method(AsyncCacheTestCase, test, patch_caches=(Redis(),))
            self.assertTrue(result.wasSuccessful(), result.errors + result.failures)


if __name__ == "__main__":
    unittest.main()

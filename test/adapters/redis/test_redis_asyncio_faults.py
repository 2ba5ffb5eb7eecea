"""Faults strike the asyncio client: its texts, its retries, and those of its tasks that wait at once."""

import asyncio
import unittest
from unittest import mock

from cachetest import Damaged, Fails, Gone, LosesReply, Slow

from .redis_support import needs_redis, patched, shown, ten_retries

# What follows is not the same in each release.
REFUSED = r"^Error 111 connecting to localhost:6379\. "


@needs_redis
class AsyncFaultTests(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        import redis.asyncio
        from redis.asyncio.retry import Retry

        patch = patched()
        self.caches = patch.__enter__().caches
        self.addCleanup(patch.__exit__, None, None, None)
        self.cache = self.caches.redis
        self.client = redis.asyncio.Redis(**ten_retries(Retry))
        self.addAsyncCleanup(self.client.aclose)

    async def test_fails(self):
        """It raises its own error, after its own retries, which wait by the clock of the scope."""
        import redis

        with mock.patch("asyncio.sleep", wraps=asyncio.sleep) as slept:
            with self.cache.inject(Fails(), on="get") as injected:
                for _ in range(10):
                    with self.assertRaisesRegex(redis.ConnectionError, REFUSED):
                        await self.client.get("a")
            waits = {call.args[0] for call in slept.call_args_list}
        self.assertEqual(waits, {0})
        self.assertEqual(shown(injected.struck), ", ".join(["failure a"] * 10))
        self.assertGreater(self.caches.clock.offset, 10)
        self.assertIsNone(await self.client.get("a"))

    async def test_nothing_of_a_packet(self):
        """Nothing of a pipeline is executed, whichever command is struck."""
        import redis

        for transaction in (True, False):
            with self.cache.inject(Fails(), key="b"):
                async with self.client.pipeline(transaction=transaction) as pipe:
                    with self.assertRaisesRegex(redis.ConnectionError, REFUSED):
                        await pipe.set("a", 1).set("b", 2).execute()
        self.assertEqual(dict(self.cache.cache), {})

    async def test_error_of_the_test(self):
        """An error that is given is raised as it is."""
        with self.cache.inject(Fails(LookupError("no")), on="get"), self.assertRaisesRegex(LookupError, "no"):
            await self.client.get("a")
        with self.cache.inject(LosesReply(LookupError("lost")), on="put"):
            with self.assertRaisesRegex(LookupError, "lost"):
                await self.client.set("a", 1)
        self.assertEqual(await self.client.get("a"), b"1")

    async def test_loses_reply(self):
        """A lost reply is asked for again, and what was counted is counted twice; or then it is down."""
        import redis

        with self.cache.inject(LosesReply(), key="n"):
            self.assertEqual(await self.client.incr("n"), 2)
        with self.cache.inject(LosesReply(then_down=True), key="n"):
            with self.assertRaisesRegex(redis.ConnectionError, REFUSED):
                await self.client.incr("n")
        self.assertEqual(await self.client.get("n"), b"3")

    async def test_too_late(self):
        """Past its time limit it says so in its own words."""
        import redis
        import redis.asyncio

        client = redis.asyncio.Redis(socket_timeout=2, retry=None)
        with self.cache.inject(Slow(3), on="get") as injected:
            with self.assertRaisesRegex(redis.TimeoutError, "^Timeout reading from localhost:6379$"):
                await client.get("a")
        self.assertEqual(self.caches.clock.offset, 2)
        self.assertEqual(injected.struck[0].error, "TimeoutError: Timeout reading from localhost:6379")
        await client.aclose()

    async def test_wait_at_once(self):
        """Tasks that wait at once wait together, each as long as its own answer takes."""
        with self.cache.inject(Slow(1), key="a"), self.cache.inject(Slow(3), key="b"):
            order = []

            async def look(key):
                await self.client.get(key)
                order.append((key, self.caches.clock.offset))

            await asyncio.gather(look("b"), look("a"), look("a"))
        self.assertEqual(order, [("a", 1), ("a", 1), ("b", 3)])

    async def test_one_after_another(self):
        """One that begins when another has ended comes after it."""
        with self.cache.inject(Slow(2), on="get"):
            await self.client.get("a")
            await self.client.get("a")
        self.assertEqual(self.caches.clock.offset, 4)

    async def test_stored(self):
        """What is about single keys is as it is of the other client."""
        await self.client.mset({"a": "whole", "b": "other"})
        with self.cache.inject(Damaged(), key="a"), self.cache.inject(Gone(), key="b"):
            self.assertEqual(await self.client.mget("a", "b"), [b"wh", None])


if __name__ == "__main__":
    unittest.main()

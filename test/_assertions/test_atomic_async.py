"""Tasks that take turns where they suspend."""

import asyncio
import gc
import unittest
import warnings

from cachetest import AsyncCacheTestCase, CacheTestCase, MockBackend

from ..support import needs, run_method, takes_a_while


class AsyncVisits:
    """Programs that count in a cache."""

    def __init__(self):
        self.cache = MockBackend("visits")
        self.lock = asyncio.Lock()
        self.others = [asyncio.Lock(), asyncio.Lock()]
        self.calls = 0

    async def visit(self):
        number = (self.cache.get("n") or 0) + 1
        await asyncio.sleep(0)
        self.cache.put("n", number)
        return number

    async def in_a_task(self):
        return await asyncio.create_task(self.visit())

    async def at_once(self):
        number = (self.cache.get("n") or 0) + 1
        self.cache.put("n", number)
        await asyncio.sleep(0)
        return number

    async def locked(self):
        async with self.lock:
            return await self.visit()

    async def crossed(self):
        self.calls += 1
        one, other = self.others[:: 1 if self.calls % 2 else -1]
        async with one:
            self.cache.get("n")
            await asyncio.sleep(0)
            async with other:
                pass


class AsyncAtomicTests(AsyncCacheTestCase):
    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)

    async def test_lost_update(self):
        """The order is told, and repeats it; a turn ends where a task suspends and has asked a cache."""
        visits = AsyncVisits()
        for function, order in (
            (visits.visit, "abba"),
            (lambda: visits.visit(), "abba"),
            (visits.in_a_task, "abbbaa"),
        ):
            with self.fails(rf"(?s)'visits' has {{'n': 1}}; a gets 1, b gets 1\n.*order='{order}'$"):
                await self.assertCacheAtomic("visits", function)
        with self.fails("order='abba', step by step:\n  a  miss  'n'"):
            await self.assertCacheAtomic("visits", visits.visit, order="abba")
        await self.assertCacheAtomic("visits", visits.visit, order="aabb")
        with self.fails(
            "^order='abbb' is not of this program: at step 4, b of visit.. is to go on, and a can$"
        ):
            await self.assertCacheAtomic("visits", visits.visit, order="abbb")
        self.assertCacheUnused("visits")
        loop = asyncio.get_running_loop()
        self.assertIsNone(loop.get_task_factory())
        self.assertNotIn("run_in_executor", vars(loop))

    async def test_atomic(self):
        """What is done without an await is done at once; who waits for a lock has no turn."""
        visits = AsyncVisits()
        await self.assertCacheAtomic("visits", visits.at_once)
        await self.assertCacheAtomic("visits", visits.locked)

    async def test_deadlock(self):
        visits = AsyncVisits()
        with self.fails(
            r"(?s)^callers of crossed\(\) wait for each other: a deadlock\n  a waits at .*step by step:\n"
            r"  a  miss  'n'  at .*"
        ):
            await self.assertCacheAtomic("visits", visits.crossed, callers=2)

    async def test_raises(self):
        cache = MockBackend("visits")

        async def raises():
            cache.get("n")
            raise ValueError("mine")

        with self.assertRaisesRegex(ValueError, "^mine$"):
            await self.assertCacheAtomic("visits", raises)

    def test_not_awaited(self):
        def body(case):
            case.assertCacheAtomic("visits", AsyncVisits().visit)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _, result = run_method(CacheTestCase, body)
            gc.collect()
        (failed,) = result.failures
        self.assertIn("assertCacheAtomic", failed[1])
        self.assertIn("was not awaited, so it tested nothing", failed[1])


@needs("fakeredis", "'cachetest[redis]'")
class AsyncRedisTests(AsyncCacheTestCase):
    patch_caches = ("redis",)

    @takes_a_while
    async def test_redis(self):
        """A get and a set lose updates, an incr does not."""
        import redis.asyncio

        async def visit():
            async with redis.asyncio.Redis() as client:
                number = int(await client.get("n") or 0) + 1
                await client.set("n", number)
                return number

        async def incr():
            async with redis.asyncio.Redis() as client:
                return await client.incr("n")

        with self.assertRaisesRegex(AssertionError, r"'redis' has {'n': b'1'}; a gets 1, b gets 1\n"):
            await self.assertCacheAtomic("redis", visit)
        await self.assertCacheAtomic("redis", incr)


if __name__ == "__main__":
    unittest.main()

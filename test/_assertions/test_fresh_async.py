"""`assertCacheFresh` of what is awaited."""

import asyncio
import contextvars
import gc
import unittest
import warnings

from cachetest import AsyncCacheTestCase
from cachetest._assertions import driving

from ..support import run_case
from .fresh_shop import Shop


class AsyncFreshTests(AsyncCacheTestCase):
    async def test_fresh(self):
        """What is awaited is awaited for all calls, the write's if it is a coroutine function."""
        shop = Shop(self)
        await self.assertCacheFresh(shop.read_async, after=shop.write_async)
        await self.assertCacheFresh(lambda: shop.read_async(), after=lambda: shop.write(6.0))
        self.assertEqual(shop.reads, 8)

    async def test_old(self):
        shop = Shop(self, "lamp")
        with self.assertRaisesRegex(AssertionError, r"^after the write, read_async\(\) still gives 4\.0"):
            await self.assertCacheFresh(shop.read_async, after=shop.write_async)

    async def test_raises(self):
        shop = Shop(self)

        async def write():
            raise ValueError("rolled back")

        await self.assertCacheFresh(shop.read_async, after=write, raises=ValueError)
        with self.assertRaisesRegex(ValueError, "rolled back"):
            await self.assertCacheFresh(shop.read_async, after=write)

    async def test_closed_in_another_assertion(self):
        """One that is closed as garbage, in the middle of another, leaves that as it is."""
        shop = Shop(self)
        begun = self.assertCacheFresh(lambda: asyncio.sleep(0), after=shop.write_async).__await__()
        contextvars.copy_context().run(begun.send, None)
        driving._around.set(("another",))
        begun.close()
        self.assertEqual(driving._around.get(), ("another",))
        driving._around.set(())
        # It has not come to its end, which fails the test otherwise.
        self.caches.end_all()

    async def test_awaited_twice(self):
        shop = Shop(self)
        made = self.assertCacheFresh(shop.read_async, after=shop.write_async)
        await made
        with self.assertRaisesRegex(RuntimeError, "assertCacheFresh was awaited twice"):
            await made

    def test_cancelled(self):
        """Where it is cancelled during the cold read, that scope is closed, and its test fails at the end."""
        from cachetest._caches.scope import marked

        async def body(case):
            shop = Shop(case)
            waits = asyncio.Event()

            async def read():
                if shop.reads == 3:
                    waits.set()
                    await asyncio.Event().wait()
                return shop.read()

            async def check():
                await case.assertCacheFresh(read, after=shop.write)

            task = asyncio.create_task(check())
            await waits.wait()
            task.cancel()
            with case.assertRaises(asyncio.CancelledError):
                await task
            case.assertIs(marked(), case._session.scope)

        self.assertRegex(
            self.failure_of(body),
            r"assertCacheFresh, at \S*test_fresh_async\.py:\d+ in check, had not come to its end, so",
        )

    def test_in_a_task_that_nobody_awaits(self):
        """One that is under way when its test ends fails it."""

        async def body(case):
            shop = Shop(case)

            async def read():
                await asyncio.sleep(0 if shop.reads < 2 else 60)
                return shop.read()

            case.task = asyncio.ensure_future(case.assertCacheFresh(read, after=shop.write))
            await asyncio.sleep(0)

        self.assertRegex(self.failure_of(body), "had not come to its end, so it tested nothing")

    async def test_beside_another(self):
        """Two at once are an error, since the hits of one could be taken for the other's."""
        shop = Shop(self)
        results = await asyncio.gather(
            self.assertCacheFresh(shop.read_async, after=shop.write_async),
            self.assertCacheFresh(shop.read_async, after=shop.write_async),
            return_exceptions=True,
        )
        self.assertIsNone(results[0])
        self.assertRegex(
            str(results[1]),
            r"^assertCacheFresh was awaited while assertCacheFresh, at \S*test_fresh_async\.py:\d+ in test",
        )

    async def test_inside_another(self):
        """One within the write of another is none beside it, also in a task of its own."""
        shop = Shop(self)

        async def write():
            await asyncio.gather(self.assertCacheFresh(shop.read_async, after=lambda: shop.write(6.0)))
            shop.write(7.0)

        await self.assertCacheFresh(shop.read_async, after=write)
        self.assertEqual(shop.reads, 8)

    async def test_done_by_a_task_from_before(self):
        """A cold read that a task of the test does is not cold: that uses the caches of the test."""
        shop = Shop(self, "lamp")
        asked = asyncio.Queue()

        async def work():
            while True:
                answer = await asked.get()
                answer.set_result(shop.read())

        async def read():
            answer = asyncio.get_running_loop().create_future()
            asked.put_nowait(answer)
            return await answer

        worker = asyncio.create_task(work())
        with self.assertRaisesRegex(AssertionError, r"^the cold read\(\) was done by a task or "):
            await self.assertCacheFresh(lambda: read(), after=shop.write)
        worker.cancel()

    def test_not_awaited(self):
        """One that is not awaited fails its test at the end, and names its line."""

        async def body(case):
            shop = Shop(case)
            case.assertCacheFresh(shop.read_async, after=shop.write_async)

        self.assertRegex(
            self.failure_of(body),
            r"assertCacheFresh, at \S*test_fresh_async\.py:\d+ in body, was not awaited, so it tested noth",
        )

    def failure_of(self, body):
        """Return the one failure of a test; a coroutine that nobody awaits may be left by none."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            case = type("Inner", (AsyncCacheTestCase,), {"test": body})("test")
            result = run_case(case)
            gc.collect()
        self.assertEqual([str(each.message) for each in caught if "never awaited" in str(each.message)], [])
        ((_, text),) = result.failures + result.errors
        return text


if __name__ == "__main__":
    unittest.main()

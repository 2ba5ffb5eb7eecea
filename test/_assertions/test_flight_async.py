"""Callers at once that are tasks."""

import asyncio
import gc
import unittest
import warnings

from parameterized import parameterized

from cachetest import AsyncCacheTestCase, CacheTestCase, MockBackend
from cachetest._behaving.flight import flying

from ..support import EXHAUSTIVE, run_method
from .async_loaders import TASKS, AsyncLoaders

RUNS = 20 * EXHAUSTIVE or 1


class AsyncLoaderTests(AsyncCacheTestCase):
    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)

    @parameterized.expand(TASKS)
    async def test_kinds(self, loader, passes, with_load):
        """Each kind of loader passes, or fails, as it has to, and no patience decides."""
        loop = asyncio.get_running_loop()
        for _ in range(RUNS):
            self.caches.reset()
            loaders = AsyncLoaders()
            function = getattr(loaders, loader)
            load = loaders.load if with_load else None
            if passes:
                results = await self.assertCacheSingleFlight("prices", function, load=load)
                self.assertEqual(results, [4.0] * 8)
                self.assertIs(results.waited_out, False)
            else:
                with self.fails(
                    rf"^8 callers of {loader}\(\) at once (loaded 'lamp'|called load\(\) for 'lamp') 8 times"
                ):
                    await self.assertCacheSingleFlight("prices", function, load=load)
        self.assertIsNone(loop.get_task_factory())
        self.assertNotIn("run_in_executor", vars(loop))
        self.assertIsNone(flying.get())

    async def test_a_lambda(self):
        """That it is awaited is told by what it returns."""
        loaders = AsyncLoaders()
        with self.fails("^8 callers of the function at once loaded 'lamp' 8 times, where loads=1"):
            await self.assertCacheSingleFlight("prices", lambda: loaders.unguarded())

    async def test_without_an_await(self):
        """A put without an await before it is done at once, and is no failure."""
        cache = MockBackend("prices")

        async def atomic():
            found = cache.get("lamp")
            if found is None:
                found = 4.0
                cache.put("lamp", found)
            return found

        self.assertEqual(await self.assertCacheSingleFlight("prices", atomic), [4.0] * 8)

    async def test_tasks_of_its_own(self):
        """It may return a task, or any other object that is to be awaited."""
        loaders = AsyncLoaders()

        class Awaitable:
            def __await__(self):
                return loaders.second_look().__await__()

        self.assertEqual(await self.assertCacheSingleFlight("prices", Awaitable), [4.0] * 8)

    async def test_function_in_a_coroutine(self):
        """A function is called on threads, in a coroutine too."""
        from .loaders import Loaders

        self.assertEqual(self.assertCacheSingleFlight("prices", Loaders().second_look), [4.0] * 8)

    async def test_another_factory(self):
        """Tasks are made by the factory that the program has set."""
        made = []
        loop = asyncio.get_running_loop()

        def factory(loop, coro, **more):
            made.append(asyncio.Task(coro, loop=loop, **more))
            return made[-1]

        loop.set_task_factory(factory)
        self.addCleanup(loop.set_task_factory, None)
        await self.assertCacheSingleFlight("prices", AsyncLoaders().second_look)
        self.assertGreaterEqual(len(made), 8)
        self.assertIs(loop.get_task_factory(), factory)

    async def test_raises(self):
        cache = MockBackend("prices")

        async def raises():
            cache.get("lamp")
            await asyncio.sleep(0)
            raise ValueError("mine")

        with self.assertRaisesRegex(ValueError, "^mine$"):
            await self.assertCacheSingleFlight("prices", raises)

    async def test_thrown_into(self):
        """A time-out, and what an awaited thing raises, come to where it is awaited."""
        loaders, caught = AsyncLoaders(), []

        async def with_time_out():
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 0.001)
            except asyncio.TimeoutError:
                caught.append(1)
            return await loaders.second_look()

        await self.assertCacheSingleFlight("prices", with_time_out)
        self.assertEqual(len(caught), 8)

    async def test_stuck(self):
        cache = MockBackend("prices")

        async def stuck():
            cache.get("lamp")
            await asyncio.Event().wait()

        with self.fails(
            r"(?s)^2 of 2 callers of stuck\(\) have not come to an end: nothing has happened for 0\.05 s\n"
            r"  caller 1 is at "
        ):
            await self.assertCacheSingleFlight("prices", stuck, callers=2, patience=0.05)

    async def test_waits_for_what_can_not_be_seen(self):
        """A loop that can't be looked at is waited for."""
        from unittest import mock

        from cachetest._behaving import quiet_loop

        loaders = AsyncLoaders()
        begun = quiet_loop.QuietLoop.__init__

        def untold(self, *args):
            begun(self, *args)
            self.is_told = False

        async def locked_look():
            async with loaders.lock:
                await asyncio.sleep(0)
                loaders.cache.get("lamp")
            await asyncio.sleep(0)
            return await loaders.all_locked()

        with mock.patch.object(quiet_loop.QuietLoop, "__init__", untold):
            results = await self.assertCacheSingleFlight("prices", loaders.all_locked, patience=0.05)
        self.assertEqual(results, [4.0] * 8)
        self.assertIs(results.waited_out, True)


class NotAwaitedTests(unittest.TestCase):
    def test_not_awaited(self):
        """One that was not awaited fails its test, and leaves nothing that Python warns of."""

        def body(case):
            case.assertCacheSingleFlight("prices", AsyncLoaders().unguarded)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            _, result = run_method(CacheTestCase, body)
            gc.collect()
        (failed,) = result.failures
        self.assertIn("assertCacheSingleFlight", failed[1])
        self.assertIn("was not awaited, so it tested nothing", failed[1])

    def test_cancelled(self):
        """Where it is cancelled, so are its callers, and nothing stays in force."""

        async def body(case):
            loop = asyncio.get_running_loop()
            loaders, is_there = AsyncLoaders(), asyncio.Event()

            async def waits():
                loaders.cache.get("lamp")
                is_there.set()
                await asyncio.Event().wait()

            async def check():
                await case.assertCacheSingleFlight("prices", waits)

            task = asyncio.create_task(check())
            await is_there.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            case.assertTrue(case._session.scope.is_innermost)
            case.assertIsNone(loop.get_task_factory())
            case.assertEqual(asyncio.all_tasks(), {asyncio.current_task()} | _of_the_runner())

        _, result = run_method(AsyncCacheTestCase, body)
        self.assertEqual(result.errors, [])
        (failed,) = result.failures
        self.assertIn("had not come to its end", failed[1])


def _of_the_runner():
    """Return the tasks of unittest, which has one of its own in Python 3.10."""
    return {each for each in asyncio.all_tasks() if "_asyncioLoopRunner" in repr(each.get_coro())}


if __name__ == "__main__":
    unittest.main()

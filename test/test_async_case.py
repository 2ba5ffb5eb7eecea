import asyncio
import contextvars
import sys
import unittest

from parameterized import parameterized

from cachetest import AsyncCacheTestCase, CacheTestCase, CacheTestMixin, MockBackend, Stats, global_stats
from cachetest._caches.attribution import scope_of_caller

from ._patching.test_switches import ContextSwitch
from .support import make_library, run_method


class AsyncTests(AsyncCacheTestCase):
    def setUp(self):
        self.backend = MockBackend("c")
        self.backend.put("setUp", 1)

    async def asyncSetUp(self):
        self.backend.put("asyncSetUp", 1)

    async def test_coroutine(self):
        """setUp, asyncSetUp and the test are in one scope."""
        self.backend.put("test", 1)
        self.assertEqual(list(global_stats.c.cache), ["setUp", "asyncSetUp", "test"])
        self.assertCacheStats("c", Stats(3, 0, 0))

    async def test_tasks(self):
        """Tasks, and tasks of tasks, belong to the test."""

        async def child(n):
            await asyncio.sleep(0)
            self.backend.put(n, 1)

        async def parent(n):
            await asyncio.gather(*(child((n, m)) for m in range(3)))

        await asyncio.gather(*(parent(n) for n in range(3)))
        self.assertCacheStats("c", puts=11)

    @unittest.skipUnless(sys.version_info >= (3, 11), "task groups came with Python 3.11")
    async def test_task_group(self):
        """So do those of a task group."""
        async with asyncio.TaskGroup() as group:
            for n in range(3):
                group.create_task(asyncio.to_thread(self.backend.put, n, 1))
        self.assertCacheStats("c", puts=5)

    async def test_threads(self):
        """What is handed to a thread belongs to the test."""
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self.backend.put, "to_thread", 1)
        await loop.run_in_executor(None, self.backend.put, "run_in_executor", 1)
        done = asyncio.Event()
        loop.call_soon_threadsafe(lambda: (self.backend.put("call_soon_threadsafe", 1), done.set()))
        await done.wait()
        self.assertCacheStats("c", puts=5)

    async def test_async_iteration_and_context(self):
        """Asynchronous context managers and generators are in it too."""

        async def generate():
            for n in range(3):
                await asyncio.sleep(0)
                yield n

        with self.assertCacheDelta("c", puts=3):
            async for n in generate():
                self.backend.put(n, 1)

    def test_plain(self):
        """A plain test among them is one like any other."""
        self.assertCacheStats("c", puts=2)

    async def asyncTearDown(self):
        self.backend.put("asyncTearDown", 1)
        self.assertIsNotNone(scope_of_caller())


class AroundTests(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        before = dict(vars(self.library))
        self.addCleanup(lambda: self.assertEqual(dict(vars(self.library)), before))
        self.addCleanup(lambda: self.assertIsNone(scope_of_caller()))

    def run_method(self, body, base=AsyncCacheTestCase, **attributes):
        return run_method(base, body, patch_caches=(self.adapter,), **attributes)

    @parameterized.expand(
        [
            ("ours", AsyncCacheTestCase),
            ("mixin", type("Front", (CacheTestMixin, unittest.IsolatedAsyncioTestCase), {})),
        ]
    )
    def test_patched(self, _, base):
        """The coroutine of a test finds everything patched, and nothing is after."""

        async def body(case):
            await asyncio.sleep(0)
            self.library.backend.put("k", 1)
            case.assertCacheStats("lib", puts=1)
            case.assertIs(self.library.flag, True)

        _, result = self.run_method(body, base, enable_caches=["library_cache"])
        self.assertTrue(result.wasSuccessful(), result.failures + result.errors)

    def test_switch_that_is_per_context(self):
        """A switch with a value for each context is off in the coroutine, not only around it."""
        switch = ContextSwitch()
        self.adapter.switches = (switch,)
        unset = switch.get()
        seen = []

        async def body(case):
            seen.append(switch.get())
            seen.append(await asyncio.to_thread(switch.get))
            seen.append(await asyncio.create_task(asyncio.sleep(0, switch.get())))

        for enabled in (False, True):
            seen.clear()
            case, result = self.run_method(body, enable_caches=["context_cache"] if enabled else [])
            self.assertTrue(result.wasSuccessful(), result.failures + result.errors)
            self.assertEqual(seen, [enabled] * 3)
            self.assertIs(switch.get(), unset)
            context = getattr(case, "_asyncioTestContext", contextvars.copy_context())
            self.assertIs(context.run(switch.get), unset)

    @parameterized.expand([("asyncSetUp",), ("test",), ("asyncTearDown",)])
    def test_failing(self, where):
        """Everything is undone, whichever part raises."""

        async def fails(case):
            raise ValueError("own")

        async def passes(case):
            pass

        _, result = self.run_method(**{"body": passes, where if where != "test" else "body": fails})
        ((_, text),) = result.errors
        self.assertIn("ValueError: own", text)

    def test_task_that_outlives_its_block(self):
        """What a task does as it is cancelled after the test is late, and named by the next test."""

        async def body(case):
            backend = self.library.backend

            async def late():
                try:
                    await asyncio.Event().wait()
                finally:
                    backend.put("k", 1)

            case.task = asyncio.create_task(late())
            await asyncio.sleep(0)

        case, _ = self.run_method(body)
        self.assertEqual(case.caches.lib, Stats())
        with self.assertWarnsRegex(UserWarning, "late: put on 'lib', key 'k'"):
            run_method(CacheTestCase, lambda case: None)


if __name__ == "__main__":
    unittest.main()

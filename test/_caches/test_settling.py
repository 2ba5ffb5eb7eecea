"""`settle` waits until nothing that the scope has started still runs."""

import asyncio
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from parameterized import parameterized

from cachetest import AsyncCacheTestCase, CacheTestCase, MockBackend, PatchCaches

from .test_injecting import run_text

# Longer than any test waits where all is well.
LONG = 60


class SettleTests(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.backend = MockBackend("prices")
        self.looked_up = threading.Event()

    def refresh(self):
        self.looked_up.wait(LONG)
        self.backend.put("lamp", 4.0)

    def check(self):
        """Fail unless settle waits for one refresh, which has begun."""
        # So that it is waited for when it goes on, or before: both are right.
        threading.Timer(0, self.looked_up.set).start()
        self.caches.settle(LONG)
        self.assertCacheStats("prices", puts=1, hits=0, misses=0)

    def test_nothing(self):
        """With nothing started it returns at once, also without patience."""
        self.assertIsNone(self.caches.settle())
        self.caches.settle(patience=0)

    def test_thread(self):
        threading.Thread(target=self.refresh).start()
        self.check()

    def test_pool(self):
        """A job of a pool is waited for; its worker, which is idle then, is not."""
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self.refresh)
            self.check()

    def test_thread_that_settles(self):
        """A thread that waits does not wait for itself."""
        done = []

        def work():
            self.caches.settle(LONG)
            done.append(True)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        self.assertEqual(done, [True])

    def test_outer_scope(self):
        """What an inner scope has started is the outer one's too; what the outer has is not the inner's."""
        thread = threading.Thread(target=self.looked_up.wait, args=(LONG,))
        thread.start()
        with PatchCaches() as inner:
            inner.caches.settle(patience=0)
        self.looked_up.set()
        thread.join()

    def test_still_runs(self):
        """What still runs is named, with its line."""
        thread = threading.Thread(target=self.refresh, name="refresher")
        thread.start()
        with self.assertRaises(AssertionError) as failure:
            self.caches.settle(patience=0)
        self.looked_up.set()
        thread.join()
        first, line = str(failure.exception).splitlines()
        self.assertRegex(first, r"this still runs after 0 s, and was started in .*test_still_runs")
        self.assertRegex(line, r"  the thread 'refresher', at .*test_settling.py:\d+ in refresh")

    @parameterized.expand(
        [
            ("text", "5", TypeError),
            ("true", True, TypeError),
            ("less", -1, ValueError),
            ("nan", float("nan"), ValueError),
        ]
    )
    def test_patience(self, _, patience, error):
        with self.assertRaisesRegex(error, "patience must be"):
            self.caches.settle(patience)


class AsyncTests(AsyncCacheTestCase):
    patch_caches = ()

    async def test_task(self):
        """Inside a loop it is awaited, and waits for tasks."""
        backend = MockBackend("prices")

        async def refresh():
            await asyncio.sleep(0)
            backend.put("lamp", 4.0)

        task = asyncio.create_task(refresh())
        await self.caches.settle(LONG)
        self.assertTrue(task.done())
        self.assertCacheStats("prices", puts=1, hits=0, misses=0)

    async def test_who_waits_for_it(self):
        """The task that waits is not waited for, nor are those that wait for that."""
        await asyncio.gather(self.settled(), self.settled_in_a_task())

    async def settled(self):
        await asyncio.sleep(0)

    async def settled_in_a_task(self):
        await asyncio.create_task(self.wait())

    async def wait(self):
        await self.caches.settle(LONG)

    async def test_still_runs(self):
        event = asyncio.Event()
        task = asyncio.create_task(event.wait(), name="refresher")
        await asyncio.sleep(0)
        with self.assertRaisesRegex(AssertionError, "the task 'refresher' of Event.wait"):
            await self.caches.settle(patience=0)
        event.set()
        await task


class NotAwaitedTests(unittest.TestCase):
    def test_not_awaited(self):
        """One that is not awaited fails the test."""

        class Tests(AsyncCacheTestCase):
            patch_caches = ()

            async def test(self):
                self.caches.settle()

        self.assertRegex(run_text(Tests("test")), r"settle\(\), at .*, was not awaited")


if __name__ == "__main__":
    unittest.main()

"""Patches are held while what a test has left running may still use them, and go with the last of it."""

import asyncio
import threading
import unittest
from concurrent.futures import Future, ThreadPoolExecutor
from unittest import IsolatedAsyncioTestCase, mock

from parameterized import parameterized

from cachetest import CacheTestCase, CacheTestMixin, MockBackend, PatchCaches
from cachetest._patching import late_patches
from cachetest._recording.patience import Patience
from cachetest.errors import LateOperationWarning

from ..support import run_case, run_method
from .late_workers import LateCase, Worker


class HeldTests(LateCase):
    def test_thread(self):
        """A thread holds them until it has ended; what it does is late, and the next test names it."""
        worker = self.left_by_block(lambda: Worker(lambda: self.library.backend.put("k", 1), name="flusher"))
        self.assert_held()
        worker.end()
        self.assert_all_gone()
        with self.assertWarnsRegex(
            LateOperationWarning, "late: put on 'lib', key 'k', by thread flusher, at .*, which had ended"
        ):
            with PatchCaches():
                pass

    def test_traced(self):
        """What takes them off in time is seen by who traces threads, as a measure of coverage does."""
        names, found = set(), threading.gettrace()
        self.end_keeper()
        threading.settrace(lambda frame, event, arg: names.add(frame.f_code.co_name))
        try:
            worker = self.left_by_block(Worker)
            worker.end()
            late_patches.wait_for_held()
            self.end_keeper()
        finally:
            threading.settrace(found)
        self.assertIn("_take_off_in_time", names)

    def end_keeper(self):
        """Have the thread end that takes patches off in time, as it does where none are held."""
        until = Patience(60)
        while late_patches._keeper is not None and not until.is_over():
            late_patches._wake()
        self.assertIsNone(late_patches._keeper)

    def test_waited_for(self):
        """Who has to find everything as it was can wait for the last of them."""
        worker = self.left_by_block(Worker)
        ending = threading.Thread(target=worker.end)
        ending.start()
        late_patches.wait_for_held()
        self.assert_all_gone()
        ending.join()

    def test_test_does_not_wait(self):
        """The test has ended while its worker still waits for it."""
        workers = []
        _, result = run_method(
            CacheTestCase, lambda case: workers.append(Worker()), patch_caches=(self.adapter,)
        )
        self.assertTrue(result.wasSuccessful())
        self.assertTrue(workers[0].thread.is_alive())
        self.assert_held()
        workers[0].end()

    def test_nothing_left(self):
        """Where nothing is left running, they are gone with the test."""

        def make():
            worker = Worker()
            worker.end()

        self.left_by_block(make)
        self.assert_all_gone()

    def test_last_of_several(self):
        """The last to end takes them off, in any order, and one that a late one has started counts."""
        first = self.left_by_block(lambda: Worker(lambda: second.append(Worker())))
        second = []
        first.end()
        self.assert_held()
        second[0].end()

    @parameterized.expand([("run", True), ("cancelled", False)])
    def test_job_of_a_pool(self, _, is_run):
        """A job holds them from the moment it was submitted, until it was run or cancelled."""
        with ThreadPoolExecutor(1) as pool:
            busy = threading.Event()
            pool.submit(busy.wait)
            future = self.left_by_block(lambda: pool.submit(self.backend_of_library))
            self.assert_held()
            if not is_run:
                future.cancel()
            busy.set()
            if is_run:
                self.assertIsInstance(future.result(), MockBackend)
            pool.submit(int).result()
        self.wait_until_gone()

    def backend_of_library(self):
        return self.library.backend

    def wait_until_gone(self):
        # What was let go of is seen by the thread that waits for the time to be over.
        done = threading.Event()
        while late_patches.held:
            done.wait(0.001)

    def test_idle_pool(self):
        """The threads of a pool, which wait for jobs, hold nothing."""
        with ThreadPoolExecutor(1) as pool:
            self.left_by_block(lambda: pool.submit(int).result())
            self.assert_all_gone()

    def test_callback(self):
        """A callback holds them until it was called, though the job is over by then."""
        future = Future()
        seen = []
        self.left_by_block(lambda: future.add_done_callback(lambda _: seen.append(self.library.backend)))
        self.assert_held()
        future.set_result(None)
        self.assertIsInstance(seen[0], MockBackend)

    def test_task(self):
        """A task holds them, and one that it has made, until they are done."""

        async def inner(go):
            await go.wait()
            return self.library.backend

        async def outer(go):
            await go.wait()
            return asyncio.create_task(inner(again))

        async def main():
            go = asyncio.Event()
            with PatchCaches(self.adapter):
                task = asyncio.create_task(outer(go))
            self.assert_held()
            go.set()
            made = await task
            await asyncio.sleep(0)
            self.assert_held()
            again.set()
            self.assertIsInstance(await made, MockBackend)

        again = None

        async def with_event():
            nonlocal again
            again = asyncio.Event()
            await main()
            await asyncio.sleep(0)

        asyncio.run(with_event())

    def test_cancelled_task(self):
        """A task that unittest cancels after the test still finds them as it is cancelled."""
        seen = []
        library = self.library

        class Inner(CacheTestMixin, IsolatedAsyncioTestCase):
            patch_caches = (self.adapter,)

            async def test(self):
                async def work():
                    try:
                        await asyncio.Event().wait()
                    finally:
                        seen.append(library.backend)

                self.task = asyncio.create_task(work())
                await asyncio.sleep(0)

        self.assertTrue(run_case(Inner("test")).wasSuccessful())
        self.assertIsInstance(seen[0], MockBackend)
        self.wait_until_gone()

    def test_next_test_meanwhile(self):
        """A test that needs them meanwhile shares them, and whoever goes last takes them off."""
        for ends_inside in (True, False):
            with self.subTest(ends_inside=ends_inside):
                worker = self.left_by_block(lambda: Worker(lambda: self.library.backend.put("k", 1)))
                with self.assertWarnsRegex(LateOperationWarning, "late: put on 'lib'") as _:
                    with PatchCaches(self.adapter) as patch:
                        if ends_inside:
                            worker.end()
                        self.assert_held()
                        self.assertIsNone(self.library.backend.get("k"))
                        self.assertEqual(patch.caches.lib.counts(), (0, 0, 1))
                    if not ends_inside:
                        self.assert_held()
                        worker.end()
                        with PatchCaches():
                            pass
                self.assert_all_gone()

    def test_block_inside_a_test(self):
        """A worker of a block holds what the test around it has, for the test as well."""
        with self.assertRaisesRegex(AssertionError, "late: put on 'lib'"):
            with PatchCaches(self.adapter):
                with PatchCaches(self.adapter):
                    worker = Worker(lambda: self.library.backend.put("k", 1))
                worker.end()
        with PatchCaches(self.adapter):
            with PatchCaches():
                worker = Worker()
        self.assert_held()
        worker.end()

    def test_several_at_once(self):
        """Those of several tests are held on their own."""
        first = self.left_by_block(Worker)
        second = self.left_by_block(Worker)
        self.assertEqual(len(late_patches.held), 2)
        first.end()
        self.assertEqual(len(late_patches.held), 1)
        self.assert_held()
        second.end()

    def test_undone_with_errors(self):
        """What goes wrong as they are taken off is told by the next test."""
        worker = self.left_by_block(Worker)
        with mock.patch("cachetest._patching.undo.Undo.__exit__", side_effect=[ValueError("no"), None]):
            worker.end()
        self.library.backend = "real"
        with self.assertWarnsRegex(LateOperationWarning, "raised ValueError: no, after the block at .*ended"):
            with PatchCaches():
                pass


if __name__ == "__main__":
    unittest.main()

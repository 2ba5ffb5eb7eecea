"""Nothing that a test has left running holds its patches for longer than its patience."""

import asyncio
import contextlib
import threading
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from cachetest._patching import late_patches
from cachetest.errors import LateOperationWarning

from ..support import ignore_collected, run_method
from .late_workers import LateCase, Worker


class PatienceTests(LateCase):
    @contextlib.contextmanager
    def told(self):
        """Give a list that has, in the end, what is told of what the block has left running."""
        texts = []
        turn = threading.Event()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", LateOperationWarning)
            ignore_collected()
            yield texts
            # The time may have been over before the test was, which then tells of it itself.
            while late_patches.held:
                turn.wait(0.001)
            with PatchCaches():
                pass
        texts += [str(each.message) for each in caught]

    @parameterized.expand([("none", 0), ("some", 0.001)])
    def test_thread(self, _, patience):
        """A thread that still runs is named, with where it is."""
        with self.told() as texts:
            worker = self.left_by_block(lambda: Worker(name="flusher"), patience=patience)
        self.assert_all_gone()
        (text,) = texts
        self.assertRegex(
            text,
            rf"^late: the thread 'flusher', at .*late_workers\.py:\d+ in _run, still runs {patience} s after "
            r"the block at .* had ended, which started it; the patches of that test are held no longer$",
        )
        worker.end()

    def test_jobs(self):
        """So are jobs, running and waiting."""
        go, begun = threading.Event(), threading.Event()

        def busy():
            begun.set()
            go.wait()

        def waiting():
            pass

        with ThreadPoolExecutor(1) as pool:

            def submit():
                pool.submit(busy)
                pool.submit(waiting)
                begun.wait()

            with self.told() as texts:
                self.left_by_block(submit, patience=0.001)
            go.set()
        self.assertRegex(texts[0], r"^late: the call of .*busy, at .*in busy, still runs 0\.001 s after")
        self.assertRegex(texts[1], r"^late: the call of .*waiting, which has not begun, still runs")

    def test_task(self):
        """So are tasks."""

        async def poll():
            await asyncio.Event().wait()

        async def main():
            with PatchCaches(self.adapter, patience=0):
                task = asyncio.create_task(poll(), name="poller")
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        with self.told() as texts:
            asyncio.run(main())
        self.assertRegex(texts[0], r"^late: the task 'poller' of .*poll, at .*in poll, still runs 0 s")

    def test_of_a_test_case(self):
        """A test case has it as an attribute."""
        workers = []
        with self.told() as texts:
            run_method(
                CacheTestCase, lambda case: workers.append(Worker()), patch_caches=(self.adapter,), patience=0
            )
        self.assertIn("Inner.test had ended, which started it", texts[0])
        workers[0].end()

    def test_nothing_patched(self):
        """Without patches nothing is held, and nobody named."""
        workers = []
        with self.told() as texts:
            run_method(CacheTestCase, lambda case: workers.append(Worker()), patch_caches=(), patience=0)
        workers[0].end()
        self.assertEqual(texts, [])

    @parameterized.expand(
        [
            (-1, ValueError, "patience: expected from 0 to 86,400 seconds, not -1"),
            (float("inf"), ValueError, "patience: expected from 0 to 86,400 seconds, not inf"),
            (float("nan"), ValueError, "patience: expected from 0 to 86,400 seconds, not nan"),
            ("5", TypeError, "patience: expected a number of seconds, not '5'"),
            (True, TypeError, "patience: expected a number of seconds, not True"),
        ]
    )
    def test_invalid(self, seconds, kind, text):
        """What nobody can wait for is an error where it is given."""
        with self.assertRaises(kind) as caught:
            PatchCaches(patience=seconds)
        self.assertEqual(str(caught.exception), text)
        _, result = run_method(CacheTestCase, lambda case: None, patience=seconds)
        self.assertIn(text, result.errors[0][1])


if __name__ == "__main__":
    unittest.main()

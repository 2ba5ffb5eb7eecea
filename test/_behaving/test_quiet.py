"""Whether threads and tasks can go on by themselves."""

import asyncio
import os
import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest._behaving import quiet, waiting_frames
from cachetest._behaving.quiet import Quiet
from cachetest._behaving.quiet_loop import QuietLoop
from cachetest._recording.patience import Patience

# The kernel's word, where there is one, and what the lines tell.
WAYS = [("told", None), ("by_frames", False)]


class QuietTests(unittest.TestCase):
    def started(self, function, end):
        """Start a thread that does *function*, and ends when *end* is called."""
        thread = threading.Thread(target=function, daemon=True)
        self.addCleanup(thread.join)
        self.addCleanup(end)
        thread.start()

    def is_ever(self, looked, patience=60):
        """Return whether a look finds nothing to go on, which may take a while on a busy machine."""
        until = Patience(patience)
        while not looked.look():
            if until.is_over():
                return False
        return True

    @parameterized.expand(WAYS)
    def test_waits_for_a_lock(self, _, told):
        lock = threading.Lock()
        lock.acquire()
        looked = Quiet(lambda: 0, told=told)

        def wait():
            with lock:
                pass

        self.started(wait, lock.release)
        self.assertTrue(self.is_ever(looked))

    @parameterized.expand(WAYS)
    def test_reads(self, _, told):
        """Who reads from a pipe, which another process may write, is not known to wait for a thread."""
        reads, writes = os.pipe()
        self.addCleanup(os.close, reads)
        self.addCleanup(os.close, writes)
        looked = Quiet(lambda: 0, told=told)
        self.started(lambda: os.read(reads, 1), lambda: os.write(writes, b"."))
        self.assertEqual([looked.look() for _ in range(5)], [False] * 5)

    @parameterized.expand(WAYS)
    def test_from_before(self, _, told):
        """Who did so before is not looked at."""
        reads, writes = os.pipe()
        self.addCleanup(os.close, reads)
        self.addCleanup(os.close, writes)
        self.started(lambda: os.read(reads, 1), lambda: os.write(writes, b"."))
        self.assertTrue(self.is_ever(Quiet(lambda: 0, told=told)))

    def test_something_happened(self):
        """Where anything has happened between the looks, they say nothing."""
        numbers = iter(range(9))
        self.assertFalse(Quiet(lambda: next(numbers)).look())

    def test_not_told(self):
        """Other machines, and those that do not let it be read, do not tell."""
        with mock.patch.object(quiet.os, "uname", return_value=mock.Mock(machine="pdp11")):
            self.assertFalse(quiet.are_told())
        with mock.patch.object(quiet.os, "open", side_effect=OSError):
            self.assertFalse(quiet.are_told())

    def test_starting(self):
        """A thread that starts another does not wait: the other may not have been seen yet."""
        seen = []

        class Started(threading.Event().__class__):
            def wait(self, timeout=None):
                seen.append(waiting_frames.waiting_places(())[threading.get_ident()])
                return super().wait(timeout)

        thread = threading.Thread(target=int)
        thread._started = Started()
        thread.start()
        thread.join()
        self.assertEqual(seen, [None])


class QuietLoopTests(unittest.IsolatedAsyncioTestCase):
    async def test_sleeps(self):
        """Who sleeps goes on by itself; a time-out, or one that was cancelled, does not count."""
        loop = asyncio.get_running_loop()
        looked = QuietLoop(loop, lambda context: True)
        self.assertTrue(await looked.look())
        waits = asyncio.ensure_future(asyncio.wait_for(asyncio.Event().wait(), 3600))
        await asyncio.sleep(0)
        self.assertTrue(await looked.look() or await looked.look())
        sleeps = asyncio.ensure_future(asyncio.sleep(3600))
        await asyncio.sleep(0)
        self.assertFalse(await looked.look())
        for each in (sleeps, waits):
            each.cancel()
        await asyncio.gather(sleeps, waits, return_exceptions=True)
        self.assertTrue(await looked.look() or await looked.look())

    async def test_not_ours(self):
        """Whose sleep it is is told by its context."""
        looked = QuietLoop(asyncio.get_running_loop(), lambda context: False)
        sleeps = asyncio.ensure_future(asyncio.sleep(3600))
        await asyncio.sleep(0)
        self.assertTrue(await looked.look() or await looked.look())
        sleeps.cancel()

    async def test_jobs(self):
        """So does a job of an executor."""
        loop = asyncio.get_running_loop()
        looked = QuietLoop(loop, lambda context: True)
        looked.start()
        event = threading.Event()
        job = loop.run_in_executor(None, event.wait)
        self.assertFalse(await looked.look())
        event.set()
        await job
        looked.stop()
        self.assertNotIn("run_in_executor", vars(loop))
        self.assertTrue(await looked.look() or await looked.look())


if __name__ == "__main__":
    unittest.main()

"""A scope waits for its children, and what they do later is late; with the last of them nothing is left."""

import multiprocessing
import os
import signal
import tempfile
import threading
import unittest
import warnings
from concurrent.futures import ProcessPoolExecutor

from parameterized import parameterized

from cachetest import LateOperationWarning, MockBackend, PatchCaches
from cachetest._sharing import children, server

from ..support import run_python
from .children_support import SECONDS, START_METHODS, WithoutOthersCase, needs_fork, put_and_get, swallow


def put_after(event, times):
    """Put prices once *event* is set."""
    event.wait(SECONDS)
    for n in range(times):
        MockBackend("prices").put(n, n)


def keep(event):
    """Have what jobs need in a worker."""
    global _event
    _event = event


def put_after_kept(times):
    put_after(_event, times)


@needs_fork
class WaitingTests(WithoutOthersCase):
    def test_late(self):
        """What a child does after the end of its test, which has waited for it, is told by the next one."""
        reading, writing = os.pipe()
        with self.assertWarnsRegex(
            LateOperationWarning,
            r"late: child process \d+, forked at .* still runs 0.05 s after the end of the",
        ):
            with PatchCaches(patience=0.05) as patched:
                MockBackend("prices")
                child = os.fork()
                if child == 0:
                    try:
                        signal.alarm(SECONDS)
                        os.read(reading, 1)
                        swallow()
                    finally:
                        os._exit(0)
        os.write(writing, b"x")
        os.waitpid(child, 0)
        for descriptor in (reading, writing):
            os.close(descriptor)
        with self.assertWarnsRegex(
            LateOperationWarning, "late: put on 'prices', key 'lamp', .*, for the block at .* which had ended"
        ):
            with PatchCaches():
                pass
        self.assertEqual(patched.caches.prices.counts(), (0, 0, 0))

    def test_child_that_ends_in_time(self):
        """A child that the test has not waited for is waited for, and what it does meanwhile is counted."""
        with PatchCaches() as patched:
            child = os.fork()
            if child == 0:
                try:
                    signal.alarm(SECONDS)
                    for n in range(200):
                        MockBackend("prices").put(n, n)
                finally:
                    os._exit(0)
        os.waitpid(child, 0)
        self.assertEqual(patched.caches.prices.counts(), (200, 0, 0))

    def test_late_at_exit(self):
        """Where no test is left to tell of it, the process does as it exits."""
        done = run_python(
            "-W",
            "ignore",
            "-c",
            "import os, sys, signal\n"
            "from cachetest import PatchCaches\n"
            "from test._sharing.children_support import swallow\n"
            "reading, writing = os.pipe()\n"
            "with PatchCaches(patience=0.05):\n"
            "    child = os.fork()\n"
            "    if child == 0:\n"
            f"        signal.alarm({SECONDS})\n"
            "        os.read(reading, 1)\n"
            "        swallow()\n"
            "        os._exit(0)\n"
            "os.write(writing, b'x')\n"
            "os.waitpid(child, 0)\n",
        )
        self.assertRegex(
            done.stderr, "(?s)no test was left to tell of this.*late: put on 'prices', key 'lamp'"
        )

    def test_nothing_is_left(self):
        """The file by which children tell their parent is removed with the last of them, or at the end."""
        with tempfile.TemporaryDirectory() as folder:
            done = run_python(
                "-c",
                "import os, tempfile\n"
                "from test._sharing.children_support import failure_of, run_by, run_forked, swallow\n"
                "failure_of(lambda _: run_forked(swallow))\n"
                "print(os.listdir(tempfile.gettempdir()))\n"
                "failure_of(lambda _: print(len(os.listdir(tempfile.gettempdir())), run_forked(swallow)))\n",
                TMPDIR=folder,
            )
            self.assertEqual((done.stdout, done.stderr), ("[]\n0 done\n", ""))
            self.assertEqual(os.listdir(folder), [])

    @parameterized.expand(START_METHODS)
    def test_process_that_has_just_been_started(self, method):
        """A process is waited for that has not even joined when its test ends."""
        context = multiprocessing.get_context(method)
        event = context.Event()
        event.set()
        with PatchCaches(patience=SECONDS) as patched:
            process = context.Process(target=put_after, args=(event, 20))
            process.start()
        self.assertEqual(patched.caches.prices.counts(), (20, 0, 0))
        process.join(SECONDS)

    @parameterized.expand(START_METHODS)
    def test_idle_pool(self, method):
        """Workers that have nothing to do are not waited for; their server goes with them."""
        with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with PatchCaches(patience=SECONDS) as patched:
                    pool.submit(put_and_get).result(SECONDS)
            self.assertEqual(patched.caches.prices.counts(), (1, 1, 0))
        with PatchCaches():
            pass
        self.assertIsNone(server._server)
        self.assertIsNone(children.state)

    def test_manager(self):
        """Nor is a manager, which serves what it has to whoever asks."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with PatchCaches(patience=SECONDS):
                manager = multiprocessing.get_context("spawn").Manager()
                shared = manager.dict()
                shared["lamp"] = 4.0
        with manager:
            self.assertEqual(dict(shared), {"lamp": 4.0})

    @parameterized.expand(START_METHODS)
    def test_job(self, method):
        """A job that has not ended is waited for."""
        context = multiprocessing.get_context(method)
        event = context.Event()
        with ProcessPoolExecutor(1, context, initializer=keep, initargs=(event,)) as pool:
            with PatchCaches(patience=SECONDS) as patched:
                pool.submit(put_after_kept, 20)
                # By then the end of the scope is most likely waited for; if not, the test is none the worse.
                timer = threading.Timer(0.05, event.set)
                timer.start()
            self.assertEqual(patched.caches.prices.counts(), (20, 0, 0))
            timer.join()


class KeptTests(WithoutOthersCase):
    def test_of_no_process(self):
        """Of children of which no process is ever known the newest are kept, so that few tests are."""
        for _ in range(70):
            with PatchCaches():
                children.new_child("spawned")
        self.assertEqual(len(children.state.by_serial), 50)

    def test_job_that_nobody_took(self):
        """A job that a pool has refused is no child."""
        with ProcessPoolExecutor(1) as pool:
            pass
        with PatchCaches():
            with self.assertRaises(RuntimeError):
                pool.submit(int)
        self.assertIsNone(children.state)


if __name__ == "__main__":
    unittest.main()

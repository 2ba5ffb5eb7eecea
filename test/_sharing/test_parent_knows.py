"""Assertions know what a forked child did, also in the child; and no lock is held there."""

import os
import signal
import threading
import unittest
import warnings

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest._caches import scope
from cachetest._recording import locks
from cachetest._sharing import server

from ..support import make_library, run_case, run_python, sample_or_all, takes_a_while
from .children_support import (
    SECONDS,
    needs_fork,
    put_and_get,
    run_forked,
    use_mock,
    use_own_scope,
)


@needs_fork
class AssertionTests(unittest.TestCase):
    def run_inner(self, body):
        class Inner(CacheTestCase):
            def test(self):
                body(self)

        return run_case(Inner("test"))

    def test_assertion_in_the_parent(self):
        """An assertion of the parent is of what a child did as well, and its text has the child's line."""

        def body(case):
            run_forked(use_mock)
            with self.assertRaisesRegex(AssertionError, "(?s)'prices'.*put.*in use_mock"):
                case.assertCacheUnused()
            case.assertCacheStats("prices", puts=1, hits=0, misses=0)

        self.assertEqual(self.run_inner(body).failures, [])

    def test_assertion_in_the_child(self):
        """An assertion of the parent's test case is of the same counts in the child."""

        def assert_all(case):
            case.assertCacheStats("prices", puts=2, hits=1)
            case.assertCached("prices", "lamp", 4.0)
            with case.assertCacheDelta("prices", misses=1):
                MockBackend("prices").get("chair")
            case.assertCacheStats("prices", puts=3)

        def body(case):
            MockBackend("prices").put("lamp", 4.0)
            run_forked(put_and_get)
            told = run_forked(assert_all, case)
            self.assertIn("AssertionError: cache 'prices'", told)
            self.assertIn("in put_and_get", told)
            case.assertCacheStats("prices", puts=2, hits=1, misses=1)

        result = self.run_inner(body)
        self.assertEqual((result.failures, result.errors), ([], []))

    def test_case_that_goes_on_in_a_child(self):
        """A test that is forked half way asserts on the same in both processes."""

        def body(case):
            use_mock()
            if (child := os.fork()) == 0:
                try:
                    signal.alarm(SECONDS)
                    use_mock()
                    case.assertCacheStats("prices", puts=2)
                    os._exit(7)
                finally:
                    os._exit(1)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            case.assertEqual(status, 7)
            case.assertCacheStats("prices", puts=2)

        result = self.run_inner(body)
        self.assertEqual((result.failures, result.errors), ([], []))


@needs_fork
class LockTests(unittest.TestCase):
    @takes_a_while
    def test_forks_while_scopes_open_and_close(self):
        """A child never finds a lock held, whatever other threads were doing; it counts in its own scope."""
        stop = threading.Event()

        def churn():
            while not stop.is_set():
                with PatchCaches():
                    MockBackend("a").put(1, 1)

        threads = [threading.Thread(target=churn) for _ in range(3)]
        # By a fresh interpreter: of forks with threads this one would warn, and some tests leave threads.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for thread in threads:
                thread.start()
            try:
                for _ in range(sample_or_all(10, 40)):
                    self.assertEqual(run_forked(use_own_scope), [1, 1, 1])
            finally:
                stop.set()
                for thread in threads:
                    thread.join(SECONDS)

    def test_what_is_called_at_forks_is_loaded_before(self):
        """What is called before and after a fork is loaded while the lock is held that is for that, alone."""
        done = run_python(
            "-c",
            "import sys\n"
            "from cachetest import PatchCaches\n"
            "from cachetest._recording import locks\n"
            "def hook(event, args):\n"
            "    if event == 'import' and args[0] in ('logging', 'concurrent.futures.thread'):\n"
            "        print(args[0], [rank for rank, lock in locks._ranked.items() if lock._is_owned()])\n"
            "sys.addaudithook(hook)\n"
            "with PatchCaches(): pass\n",
        )
        self.assertEqual(
            (sorted(done.stdout.splitlines()), done.stderr),
            (["concurrent.futures.thread [-1]", "logging [-1]"], ""),
        )

    def test_lock_that_another_thread_holds(self):
        """Each lock of the package is free in a child, while another thread of the parent holds it."""
        # A fork stops the server under its lock, however long that takes: nobody has it for longer than that.
        every = [each for each in locks._made if each is not server._lock]
        self.assertGreater(len(every), 5)
        held, release = threading.Event(), threading.Event()

        def hold():
            for each in every:
                each.acquire()
            held.set()
            release.wait(SECONDS)
            for each in every:
                each.release()

        def try_all():
            return [each.acquire(timeout=1) for each in every]

        thread = threading.Thread(target=hold)
        thread.start()
        patience, locks._PATIENCE = locks._PATIENCE, 0.01
        try:
            held.wait(SECONDS)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self.assertEqual(set(run_forked(try_all)), {True})
            self.assertTrue(thread.is_alive(), "the fork has waited until the locks were free")
        finally:
            locks._PATIENCE = patience
            release.set()
            thread.join(SECONDS)

    def test_lock_of_the_thread_that_forks(self):
        """What the thread itself holds it lets go of in the child, as in the parent."""

        def leave():
            scope._lock.release()
            return use_own_scope()

        with scope._lock:
            self.assertEqual(run_forked(leave), [1, 1, 1])

    def test_switch_that_another_thread_has_turned(self):
        """What another thread of the parent needs of a switch is no matter to the child."""
        library, adapter = make_library()
        is_on, release = threading.Event(), threading.Event()

        def keep_on():
            with PatchCaches(adapter, enable=["library_cache"]):
                is_on.set()
                release.wait(SECONDS)

        class Inner(CacheTestCase):
            patch_caches = (adapter,)

            def test(self):
                self.assertIs(library.flag, False)

        def run_inner():
            return [told for _, told in run_case(Inner("test")).errors]

        thread = threading.Thread(target=keep_on)
        thread.start()
        try:
            is_on.wait(SECONDS)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self.assertEqual(run_forked(run_inner), [])
        finally:
            release.set()
            thread.join(SECONDS)

    def test_no_warning_of_ours(self):
        """A fork in a process without threads warns of none: there is no thread of cachetest."""
        done = run_python(
            "-W",
            # As an error it would be dropped.
            "always",
            "-c",
            "import os\n"
            "from cachetest import PatchCaches, MockBackend\n"
            "with PatchCaches():\n"
            "    MockBackend('a').put(1, 1)\n"
            "    child = os.fork()\n"
            "    if child == 0:\n"
            "        os._exit(0)\n"
            "    os.waitpid(child, 0)\n",
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()

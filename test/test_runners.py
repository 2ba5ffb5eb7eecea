"""Test cases under the runners and options that people use, and what a test has left running."""

import tempfile
import textwrap
import unittest
from pathlib import Path

from parameterized import parameterized

from .support import BY_PYTEST, EXHAUSTIVE, is_there, run_python
from .warm import run_runner, run_unittest

SUITE = """
import threading
import unittest
from cachetest import CacheTestCase, MockBackend

class Tests(CacheTestCase):
    def use(self, times):
        backend = MockBackend("c")
        def work():
            for n in range(times):
                backend.put(n, n)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    def test_one(self):
        self.use(1)
        self.assertCacheStats("c", puts=1)

    def test_sub(self):
        for n in range(3):
            with self.subTest(n=n):
                self.use(1)
                self.assertCacheStats("c", puts=n + 1)

    @unittest.expectedFailure
    def test_expected(self):
        self.use(2)
        self.assertCacheStats("c", puts=1)

    def test_two(self):
        self.use(2)
        self.assertCacheStats("c", puts=2)

class SubFailure(CacheTestCase):
    def test_sub(self):
        MockBackend("c").put("k", 1)
        for n in range(3):
            with self.subTest(n=n):
                self.assertCacheStats("c", puts=n)

class Failing(CacheTestCase):
    def test_a(self):
        local = "a local variable"
        MockBackend("c")
        self.assertCacheStats("c", puts=1)

    def test_b(self):
        MockBackend("c")
        self.assertCacheStats("c", puts=1)
"""


ORDERS = [
    ("plain", ["-p", "no:randomly"]),
    ("random order", ["-p", "randomly"]),
    ("two workers", ["-n", "2", "-p", "no:randomly"]),
]


class RunnerTests(unittest.TestCase):
    """The same suite under the runners and options that people use."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        Path(cls.folder, "test_suite.py").write_text(SUITE)

    def run_python(self, *arguments):
        done = run_runner(*arguments, cwd=self.folder)
        return done.returncode, done.stdout + done.stderr

    def run_unittest(self, *arguments):
        done = run_unittest(*arguments, cwd=self.folder)
        return done.returncode, done.stdout + done.stderr

    def test_passing(self):
        """Sub-tests and expected failures work as they should."""
        code, text = self.run_unittest("-v", "test_suite.Tests")
        self.assertEqual(code, 0, text)
        self.assertIn("OK (expected failures=1)", text)

    def test_failing_sub_tests(self):
        """Each failing sub-test is a failure of its own."""
        code, text = self.run_unittest("test_suite.SubFailure")
        self.assertNotEqual(code, 0)
        self.assertIn("FAILED (failures=2)", text)
        self.assertIn("(n=2)", text)

    def test_failfast(self):
        """--failfast stops at the first."""
        _, text = self.run_unittest("--failfast", "test_suite.Failing")
        self.assertIn("Ran 1 test", text)
        self.assertIn("FAILED (failures=1)", text)

    def test_locals(self):
        """--locals shows the user's variables, and none of our frames."""
        _, text = self.run_unittest("--locals", "test_suite.Failing.test_a")
        self.assertIn("local = 'a local variable'", text)
        self.assertNotIn("in assertCacheStats", text)

    @parameterized.expand(ORDERS if EXHAUSTIVE else ORDERS[1:])
    def test_pytest(self, _, options):
        """pytest, in order, in random order, and with pytest-xdist."""
        if "randomly" in options and not is_there("pytest_randomly"):
            self.skipTest("needs pytest-randomly: pip install pytest-randomly")
        code, text = self.run_python(*BY_PYTEST, "-q", *options, "-k", "Tests")
        self.assertEqual(code, 0, text)
        self.assertIn("3 passed", text)
        self.assertIn("1 xfailed", text)

    def test_suite_by_a_thread_pool(self):
        """A runner that runs test cases by a pool of threads gets the same of each."""
        script = (
            "import unittest, test_suite\n"
            "from concurrent.futures import ThreadPoolExecutor\n"
            "suite = unittest.defaultTestLoader.loadTestsFromTestCase(test_suite.Tests)\n"
            "cases = [type(case)(case._testMethodName) for case in suite for _ in range(20)]\n"
            "def run(case):\n"
            "    result = unittest.TestResult(); case.run(result); return result\n"
            "with ThreadPoolExecutor(8) as pool:\n"
            "    results = list(pool.map(run, cases))\n"
            "assert all(r.wasSuccessful() for r in results), [r.failures + r.errors for r in results]\n"
            "print(len(results), sum(len(r.expectedFailures) for r in results))\n"
        )
        code, text = self.run_python("-W", "error", "-c", script)
        self.assertEqual((code, text.strip()), (0, "80 20"))


class LeftRunningTests(unittest.TestCase):
    def test_thread_that_outlives_its_test(self):
        """The next test's counts are untouched, and it names the operation that came too late."""
        script = textwrap.dedent(
            """
            import threading, unittest
            from cachetest import CacheTestCase, MockBackend

            go, done = threading.Event(), threading.Event()

            class Tests(CacheTestCase):
                def test_1_leaves_a_thread(self):
                    backend = MockBackend("c")
                    def late():
                        go.wait()
                        backend.put("too late", 1)
                        done.set()
                    threading.Thread(target=late).start()

                def test_2_next(self):
                    MockBackend("c")
                    go.set()
                    done.wait()
                    self.assertCacheUnused()

            unittest.main(verbosity=2)
            """
        )
        done = run_python("-c", script)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(
            done.stderr,
            "LateOperationWarning: late: put on 'c', key 'too late', by thread Thread-1 .*"
            "for __main__.Tests.test_1_leaves_a_thread, which had ended",
        )


if __name__ == "__main__":
    unittest.main()

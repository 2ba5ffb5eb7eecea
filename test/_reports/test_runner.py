"""``python -m cachetest``: it takes what ``python -m unittest`` takes, and writes reports."""

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from ..support import needs, run_python
from ..warm import run_runner

SOURCE = """\
import unittest
from cachetest import CacheTestCase, MockBackend

class Tests(CacheTestCase):
    def test_failed(self):
        MockBackend("prices").get("lamp")
        self.fail("no")

    def test_error(self):
        raise ValueError

    @unittest.skip("why")
    def test_skipped(self):
        pass

    @unittest.expectedFailure
    def test_expected(self):
        self.fail("no")

    @unittest.expectedFailure
    def test_unexpected(self):
        pass

    def test_subtests(self):
        with self.subTest(n=1):
            self.fail("no")

class GoodTests(CacheTestCase):
    def test_good(self):
        prices = MockBackend("prices")
        prices.get("lamp:de")
        prices.put("lamp:de", 1)
        prices.get("lamp:de")

class OtherTests(unittest.TestCase):
    def test_other(self):
        pass

class SnapshotTests(CacheTestCase):
    def test_snapshot(self):
        MockBackend("prices").get("lamp")
        self.assertCacheSnapshot()

class InterruptedTests(CacheTestCase):
    def test_interrupted(self):
        MockBackend("prices").get("lamp")
        raise KeyboardInterrupt
"""


class RunnerTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "test_shop.py").write_text(SOURCE)

    def call(self, *arguments, module="cachetest", **environment):
        """Return what the runner has done in the folder of the tests."""
        return run_runner("-m", module, *arguments, cwd=self.folder, **environment)

    def outcomes(self, name):
        """Return what the report *name* says came of each test."""
        data = json.loads((self.folder / name).read_text())
        return {each["label"].rpartition(".")[2]: each["outcome"] for each in data["tests"]}

    def test_report(self):
        """Each report is written, also where tests fail, with what came of each test."""
        done = self.call("test_shop.Tests", "--report", "a.json", "--report=a.html")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue((self.folder / "a.html").exists())
        self.assertEqual(
            self.outcomes("a.json"),
            {
                "test_error": "error",
                "test_expected": "expected failure",
                "test_failed": "failed",
                "test_skipped": "skipped",
                "test_subtests": "failed",
                "test_unexpected": "unexpected success",
            },
        )
        self.assertIn("cachetest: 1 test used 1 cache: 0 puts, 0 hits, 1 miss\n", done.stderr)
        self.assertIn("cachetest: report in a.json\n", done.stderr)

    @parameterized.expand(
        [
            ("good", ["test_shop.GoodTests"]),
            ("pattern", ["-k", "good"]),
            ("discovery", ["discover", "-s", ".", "-p", "test_s*.py", "-k", "other"]),
            ("bad", ["-f", "test_shop.Tests"]),
            ("locals", ["--locals", "test_shop.Tests.test_failed"]),
            ("verbose", ["-v", "test_shop.GoodTests"]),
            ("none", ["-k", "nothing"]),
            ("unknown_test", ["test_shop.Nix"]),
            ("unknown_option", ["--nix"]),
        ]
    )
    def test_as_unittest(self, _, arguments):
        """The exit code is unittest's, and all but the last lines of what is printed."""
        done, plain = self.call(*arguments), self.call(*arguments, module="unittest")
        self.assertEqual(done.returncode, plain.returncode)
        self.assertEqual(last_line(done.stderr), last_line(plain.stderr))

    def test_interrupted(self):
        """A run that is interrupted ends as one of unittest does, and has a report."""
        done = self.call("test_shop.InterruptedTests", "--report", "a.json")
        plain = self.call("test_shop.InterruptedTests", module="unittest")
        self.assertEqual(done.returncode, plain.returncode)
        self.assertEqual(self.outcomes("a.json"), {"test_interrupted": "interrupted"})

    def test_wrong_report(self):
        """A report that can't be written is an error before any test runs."""
        done = self.call("test_shop.Tests", "--report", "a.xml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("a report ends in .txt, .json, .html", done.stderr)
        self.assertNotIn("Ran", done.stderr)

    def test_snapshots(self):
        """--snapshots says what is done with them."""
        self.call("test_shop.SnapshotTests", "--snapshots", "none", CACHETEST_SNAPSHOTS="update")
        self.assertFalse((self.folder / "snapshots").exists())
        self.call("test_shop.SnapshotTests", "--snapshots", "update", CACHETEST_SNAPSHOTS="none")
        self.assertTrue((self.folder / "snapshots").exists())

    @needs("redis", "'cachetest[redis]'")
    def test_guard(self):
        """--guard refuses what would reach a real server."""
        (self.folder / "test_guard.py").write_text(
            "import unittest, redis\nclass Tests(unittest.TestCase):\n    def test(self):\n"
            "        redis.Redis(port=1).ping()\n"
        )
        self.assertIn("GuardError: ", self.call("--guard", "test_guard").stderr)
        self.assertNotIn("GuardError: ", self.call("test_guard").stderr)

    def test_help(self):
        """Help has the options of both."""
        printed = self.call("--help").stdout
        self.assertIn("--report FILE", printed)
        self.assertIn("--failfast", printed)

    def test_of_unittest(self):
        """The variable names what runs of unittest write; neither a run inside nor a child writes over it."""
        (self.folder / "test_runs.py").write_text(
            "import os, subprocess, sys, unittest\nimport test_shop\n"
            "class Tests(test_shop.GoodTests):\n"
            "    def test_good(self):\n"
            "        inner = unittest.defaultTestLoader.loadTestsFromTestCase(test_shop.OtherTests)\n"
            "        unittest.TextTestRunner(stream=sys.stdout).run(inner)\n"
            "        subprocess.run([sys.executable, '-m', 'unittest', 'test_shop.OtherTests'], check=True)\n"
            "        super().test_good()\n"
        )
        reports = os.pathsep.join(("a.json", "a.txt"))
        done = run_python("-m", "unittest", "test_runs.Tests", cwd=self.folder, CACHETEST_REPORT=reports)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.outcomes("a.json"), {"test_good": "passed"})
        self.assertTrue((self.folder / "a.txt").exists())
        self.assertEqual(done.stderr.count("cachetest: report in a.json\n"), 1)

    def test_wrong_variable(self):
        """A report that can't be written is an error where the variable is read."""
        done = run_python("-c", "import cachetest", cwd=self.folder, CACHETEST_REPORT="a.xml")
        self.assertIn("ValueError: CACHETEST_REPORT in the environment: a report ends in .txt", done.stderr)

    @unittest.skipIf(sys.platform == "win32", "needs a pseudo terminal")
    def test_terminal(self):
        """On a terminal a line says how far the run is, with totals."""
        import pty
        import subprocess

        control, terminal = pty.openpty()
        with open(control, "rb", buffering=0) as screen:
            process = subprocess.Popen(
                [sys.executable, "-m", "cachetest", "test_shop.GoodTests", "test_shop.OtherTests"],
                cwd=self.folder,
                stderr=terminal,
            )
            os.close(terminal)
            shown = b""
            try:
                while chunk := screen.read(4096):
                    shown += chunk
            except OSError:
                # What Linux says where the other side has closed it.
                pass
            self.assertEqual(process.wait(), 0)
        self.assertIn(b"\r\x1b[K1 test; 1 put, 1 hit, 1 miss\r\x1b[K2 tests; 1 put, 1 hit, 1 miss\r\n", shown)


def last_line(printed):
    """Return how the run ended, without what cachetest adds, and without the time."""
    lines = [line for line in printed.splitlines() if line.strip() and not line.startswith("cachetest: ")]
    return lines[-1].replace("python -m cachetest", "python -m unittest")


if __name__ == "__main__":
    unittest.main()

"""The table of what differs is whole, and its page shows it; a process is ended where a test hangs."""

import json
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path
from unittest import mock

from parameterized import parameterized

from ..support import needs, takes_a_while
from . import __main__ as suites_main
from . import running
from .catalogue import SUITES, Suite
from .page import PAGE, page_of
from .reasons import KINDS, REASONS
from .table import Found, differing, load, new_ones, reason_of


class TableTests(unittest.TestCase):
    def test_page(self):
        """The page is made of the table: run ``python -m test.suites --page``."""
        self.assertEqual(PAGE.read_text("utf-8"), page_of(load()))

    def test_names(self):
        """Every name in the table is one that is there."""
        table = load()
        self.assertLessEqual(table.keys(), SUITES.keys())
        used = {name for found in table.values() for name in found.differences.values()} - {""}
        self.assertLessEqual(used, REASONS.keys())
        self.assertLessEqual({reason.kind for reason in REASONS.values()}, KINDS.keys())

    @parameterized.expand(
        [
            ("passed", "passed", False),
            ("passed", "failed", True),
            ("passed", "unfinished", True),
            ("passed", "skipped", True),
            ("passed", None, True),
            ("failed", "failed", False),
            ("skipped", "passed", False),
        ]
    )
    def test_differing(self, real, ours, differs):
        """A test differs where it passes on the real store alone."""
        found = differing({"test": (real, "")}, {} if ours is None else {"test": (ours, "")})
        self.assertEqual("test" in found, differs)

    def test_new(self):
        """What is not in the table is new, but for other parameters of what is there for the same reason."""
        known = {"f[1]": "users", "g[1]": "", "h": "users"}
        found = {
            "f[1]": "",
            "f[2]": "users",
            "f[3]": "",
            "f[4]": "positions",
            "g[2]": "",
            "h": "users",
            "i": "",
        }
        self.assertEqual(new_ones(found, known), ["f[3]", "f[4]", "g[2]", "i"])

    def test_reason(self):
        """The first reason that a test, its suite and its text match is its own; another has none."""
        name, reason = next(iter(REASONS.items()))
        table = load()
        suite = next(SUITES[each] for each in table if name in table[each].differences.values())
        self.assertTrue(suite.name.startswith(reason.suites))
        test = next(test for test, found in table[suite.name].differences.items() if found == name)
        self.assertEqual(reason_of(suite, test, ""), name)
        self.assertEqual(reason_of(suite, "another", ""), "")
        self.assertEqual(reason_of(SUITES["pymemcache"], test, ""), "")

    def test_page_of_what_nobody_looked_into(self):
        """It is shown first, and by its name."""
        table = {"cachelib": Found("1.0", 3, {"a.py::C::test_x[1]": "", "a.py::C::test_x[2]": ""})}
        self.assertIn("* Not looked into yet. 2 tests: ``test_x``.", page_of(table))


class BothTests(unittest.TestCase):
    def suite(self, **changes):
        return replace(Suite("a", "project", ("redis",), ("-m", "pytest")), **changes)

    def test_real_once(self):
        """What differs in its adapters alone is run once on the real store."""
        run = mock.Mock(side_effect=lambda suite, _, through_adapters: {"test": (suite.name, "")})
        other = self.suite(name="b", adapters=("dogpile",))
        with mock.patch.object(suites_main, "run", run):
            reals = {}
            for suite in (self.suite(), other, self.suite(name="c", servers=("memcached",))):
                real, ours = suites_main._both(suite, Path(), reals)
                self.assertEqual(ours, {"test": (suite.name, "")})
                self.assertEqual(real, {"test": ("a" if suite is other else suite.name, "")})
        self.assertEqual(run.call_count, 5)

    def test_ended(self):
        """Where one of the two fails, the process of the other is ended."""

        def run(_, __, *, through_adapters):
            if not through_adapters:
                raise RuntimeError("no test has passed")
            running.is_over.wait(10)
            self.assertTrue(running.is_over.is_set())

        self.addCleanup(running.is_over.clear)
        with mock.patch.object(suites_main, "run", run), self.assertRaisesRegex(RuntimeError, "passed"):
            suites_main._both(self.suite(), Path(), {})


class Clock:
    """A clock that stands still until a test called ``test_d`` runs, and is then asked twice."""

    def __init__(self, root):
        self._root = root
        self._asked = 0

    def unpack(self, project, sdists, into):
        """Stand for the function that is called so, and remember where the results are."""
        self._results = into.parent / "results"
        return self._root

    def __call__(self):
        lines = self._results.read_text().splitlines()
        if lines and "test_d" in lines[-1]:
            # Once for when the test started, and once for whether it hangs: the next process does not.
            self._asked = min(2, self._asked + 1)
        return self._asked * 1.5 * running.LIMIT_SECONDS


@needs("pytest", "pytest")
class ProcessTests(unittest.TestCase):
    def run_suite(self, body):
        """Run a suite of which *body* is the only file, and return what came of its tests."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "project-1.0")
            path.mkdir()
            (path / "test_it.py").write_text(body)
            command = ("-m", "pytest", "-p", "suite_plugin", "-q", "test_it.py")
            suite = Suite("a", "project", (), command, variables=(("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"),))
            clock = Clock(path)
            with (
                mock.patch.object(running, "unpack", clock.unpack),
                mock.patch.object(running, "monotonic", clock),
            ):
                found = running.run(suite, path, through_adapters=True)
        return {test.partition("::")[2]: outcome for test, (outcome, _) in found.items()}

    @takes_a_while
    def test_outcomes(self):
        """Each test has its outcome; one that hangs or ends the process does so alone."""
        body = (
            "import os, threading, pytest, unittest\n"
            "def test_a(): pass\n"
            "def test_b(): assert False\n"
            "def test_c(): pytest.skip('')\n"
            "def test_d():\n    threading.Event().wait()\n"
            "def test_e(): os._exit(0)\n"
            "class T(unittest.TestCase):\n"
            "    def test_f(self):\n"
            "        with self.subTest(1): self.fail()\n"
            "@pytest.fixture\n"
            "def broken():\n    yield\n    assert False\n"
            "def test_g(broken): pass\n"
        )
        expected = {"test_a": "passed", "test_b": "failed", "test_c": "skipped", "test_d": "unfinished"}
        expected |= {"test_e": "unfinished", "T::test_f": "failed", "test_g": "failed"}
        self.assertEqual(self.run_suite(body), expected)

    @takes_a_while
    def test_none_passed(self):
        """A suite of which nothing passes is an error: it does not run at all."""
        with self.assertRaisesRegex(RuntimeError, "(?s)no test has passed: .*broken"):
            self.run_suite("raise ValueError('broken')\n")

    def test_table_is_json(self):
        """Another tool can read the table."""
        self.assertIsInstance(
            json.loads((Path(running.__file__).parent / "differences.json").read_text()), dict
        )


if __name__ == "__main__":
    unittest.main()

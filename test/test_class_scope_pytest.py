"""Fixtures and set-up of pytest around a test case: in the scopes of the test, the class and the module."""

import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from .support import BY_PYTEST, EXHAUSTIVE, is_there
from .warm import run_runner

ERRORS = ("-W", "error::cachetest.CacheTestWarning")
WAYS = [("one process", ()), ("two workers", ("-n", "2", "--dist", "loadscope"))]

# The list goes on from test to test: what a fixture tears down is seen by the next.
SUITE = """
import unittest
import pytest
from cachetest import AsyncCacheTestCase, CacheTestCase, MockBackend
from cachetest._caches.scope import open_scopes
prices = MockBackend("prices")
torn = []

class OfTheTest(CacheTestCase):
    @pytest.fixture(autouse=True)
    def warm(self):
        prices.put("lamp", 4)
        yield
        torn.append(prices.get("lamp"))
    def setup_method(self, method):
        prices.put("table", 5)
    def teardown_method(self, method):
        torn.append(prices.get("table"))
    def test_a(self):
        self.assertEqual((prices.get("lamp"), prices.get("table")), (4, 5))
        self.assertCacheStats("prices", puts=2, hits=2, misses=0)
    test_b = test_a
    def test_torn(self):
        self.assertEqual(set(torn), {4, 5})

class Failing(CacheTestCase):
    @pytest.fixture
    def failing(self):
        raise ValueError
    @pytest.mark.usefixtures("failing")
    def test_failing(self):
        pass

class OfTheAsyncTest(AsyncCacheTestCase):
    @pytest.fixture(autouse=True)
    def warm(self):
        prices.put("lamp", 4)
    async def test_a(self):
        self.assertEqual(prices.get("lamp"), 4)
        self.assertCacheStats("prices", puts=1, hits=1)

class OfTheClass(CacheTestCase):
    @pytest.fixture(autouse=True, scope="class")
    def warm(self):
        prices.put("lamp", [1])
        yield
        assert prices.get("lamp") == [1]
    def test_a(self):
        self.assertEqual(prices.get("lamp"), [1])
        prices.get("lamp").append(2)
        self.assertCacheStats("prices", puts=0, hits=2)
    test_b = test_a

class SetUp(CacheTestCase):
    @classmethod
    def setUpClass(cls):
        prices.put("lamp", [1])
    @classmethod
    def tearDownClass(cls):
        assert prices.get("lamp") == [1]
    def test_a(self):
        self.assertEqual(prices.get("lamp"), [1])
        prices.get("lamp").append(2)
    test_b = test_a

class Plain(unittest.TestCase):
    def test_nothing_is_left(self):
        self.assertEqual(open_scopes(), ())
"""

MODULE = """
from cachetest import CacheTestCase, MockBackend
prices = MockBackend("prices")
def setUpModule():
    prices.put("lamp", [1])
def tearDownModule():
    assert prices.get("lamp") == [1]
class Tests(CacheTestCase):
    def test_a(self):
        self.assertEqual(prices.get("lamp"), [1])
        prices.get("lamp").append(2)
    test_b = test_a
"""

# pytest has looked for it before the class was there.
BELOW = """
from cachetest import CacheTestCase
class Tests(CacheTestCase):
    def test(self):
        pass
def setUpModule():
    pass
"""

# pytest tears down after the run of the test, which a debugger may have stopped.
LATE = """
import pytest
from cachetest import CacheTestCase, MockBackend
from cachetest._caches.scope import open_scopes
prices = MockBackend("prices")
seen = []
class Quiet:
    def __init__(self, **options): self.quitting = False
    def reset(self): pass
    def interaction(self, frame, traceback): seen.append(len(open_scopes()))
class Tests(CacheTestCase):
    @pytest.fixture(autouse=True)
    def around(self):
        yield
        assert prices.get("lamp") == 4
    def tearDown(self):
        seen.append(prices.get("lamp"))
    def test_a(self):
        prices.put("lamp", 4)
    def test_b(self):
        prices.put("lamp", 4)
        self.assertCacheStats("prices", puts=2)
    def test_c(self):
        prices.put("lamp", 4)
        self.assertEqual(seen, [4, 1, 4])
def test_nothing_is_left():
    assert open_scopes() == ()
"""

SKIPPED = """
import unittest, pytest
from cachetest import CacheTestCase
@pytest.fixture(autouse=True)
def around():
    yield
@unittest.skip("so")
class Skipped(CacheTestCase):
    def test(self):
        self.fail("run")
class Failing(CacheTestCase):
    @classmethod
    def setUpClass(cls):
        raise ValueError("so")
    def test(self):
        self.fail("run")
class Passing(CacheTestCase):
    def test(self):
        self.caches.ensure("prices").assert_unused()
"""

AFTER = """
from cachetest._caches.scope import open_scopes
def test_nothing_is_left():
    assert open_scopes() == ()
"""


@unittest.skipUnless(is_there("pytest"), "needs pytest")
class PytestTests(unittest.TestCase):
    @parameterized.expand(WAYS if EXHAUSTIVE else WAYS[:1])
    def test_suite(self, _, options):
        """What fixtures do is counted where it belongs, and nothing is left open."""
        if options and not is_there("xdist"):
            self.skipTest("needs pytest-xdist")
        with tempfile.TemporaryDirectory() as folder:
            for name, source in (("a_suite", SUITE), ("b_module", MODULE), ("c_after", AFTER)):
                Path(folder, f"test_{name}.py").write_text(source)
            strict = ("-p", "no:randomly", *ERRORS)
            done = run_runner(*BY_PYTEST, "-q", *strict, *options, folder, cwd=folder)
        self.assertRegex(done.stdout, r"12 passed, .*1 error")
        self.assertIn("ERROR test_a_suite.py::Failing::test_failing", done.stdout)

    def test_module_below(self):
        """A ``setUpModule`` that is defined below the classes is told."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_below.py").write_text(BELOW)
            done = run_runner(*BY_PYTEST, "-q", folder, cwd=folder)
        self.assertIn("1 passed, 1 warning", done.stdout)
        self.assertIn("test_below.setUpModule was put there after the class statement", done.stdout)

    def test_skipped_class(self):
        """A class that is skipped, or fails, is that and no more where its tests have fixtures as well."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_skipped.py").write_text(SKIPPED)
            done = run_runner(*BY_PYTEST, "-q", "-p", "no:randomly", folder, cwd=folder)
        self.assertRegex(done.stdout, r"(?m)^1 passed, 1 skipped, 1 error in")
        self.assertIn("E       ValueError: so\n", done.stdout)

    def test_debugger(self):
        """With ``--pdb`` the scope of a test is open in the debugger, and in its ``tearDown``."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_late.py").write_text(LATE)
            options = (
                "--pdb",
                "--pdbcls=test_late:Quiet",
                "-q",
                "-p",
                "no:randomly",
                "-p",
                "no:cacheprovider",
            )
            done = run_runner("-m", "pytest", *options, *ERRORS, folder, cwd=folder)
        self.assertRegex(done.stdout, r"(?m)^1 failed, 3 passed(?!.*error)")
        self.assertIn("cache 'prices': expected puts=2, got 1", done.stdout)


if __name__ == "__main__":
    unittest.main()

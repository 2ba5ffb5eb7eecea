"""The options of the plugin of pytest: snapshots, states, a guard; and what can't be done."""

import importlib
import re
import unittest
from unittest import mock

try:
    import pytest
except ImportError:
    pytest = None

from .pytest_runs import COMMON, FIXED, LOADED, PytestCase
from .support import is_there, needs, run_python, takes_a_while, takes_long

# Nothing but the plugin itself is to be loaded where no test has caches; others are found when it ends.
EMPTY = """
import sys
def test_nothing():
    found = {name for name in sys.modules if name.partition(".")[0] == "cachetest"}
    assert found == {"cachetest", "cachetest.pytest_plugin"}, found
"""

MISUSED = {
    "test_option.py": "import pytest\n@pytest.mark.caches(enabled=())\ndef test(): pass\n",
    "test_value.py": "import pytest\n@pytest.mark.caches(log_length=0)\ndef test(): pass\n",
    "test_adapter.py": "import pytest\n@pytest.mark.caches('rediss')\ndef test(): pass\n",
    "test_case.py": f"{COMMON}@pytest.mark.caches\nclass Tests(CacheTestCase):\n    def test(self): pass\n",
    "test_own.py": f"{COMMON}@pytest.fixture\ndef caches(): pass\n@pytest.mark.caches\ndef test(): pass\n",
    "test_plain.py": "def test(caches): pass\n",
}
MISUSES = [
    ("option", ["test_option.py"], "test_option.py::test: pytest.mark.caches: there is no option 'enabled'"),
    ("value", ["test_value.py"], "log_length: expected 1 or more, not 0"),
    ("adapter", ["test_adapter.py"], "test_adapter.py::test: pytest.mark.caches: .*first: redis"),
    (
        "case",
        ["test_case.py"],
        "pytest.mark.caches is for functions.* has class attributes and cache_options",
    ),
    (
        "ini",
        ["-o", "cachetest_adapters=djngo", "test_plain.py"],
        "ini option cachetest_adapters: .*first: django",
    ),
    ("states", ["--cachetest-states=cold,wram"], "--cachetest-states: there is no state 'wram'.*: 'warm'"),
    ("state_twice", ["--cachetest-states=off,off"], "--cachetest-states: the state 'off' was given twice"),
    ("report", ["--cachetest-report=a.pdf"], "--cachetest-report: a report ends in .txt, .json.*'a.pdf'"),
    ("folder", ["--cachetest-report=no/a.txt"], "--cachetest-report: .*there is no folder"),
    ("snapshots", ["--cachetest-snapshots=updat"], "--cachetest-snapshots: .*must be 'update', the closest"),
    (
        "ini_snapshots",
        ["-o", "cachetest_snapshots=no"],
        "the ini option cachetest_snapshots: .*must be 'none'",
    ),
]
# All of them in one process: nothing is collected twice.
ALL = f"""
import sys, pytest
for n, options in enumerate({[options for _, options, _ in MISUSES]!r}):
    print(f"<{{n}}>", flush=True)
    code = pytest.main([*{[*LOADED]!r}, "-q", "-p", "no:cacheprovider", *options])
    sys.stderr.flush()
    print(f"code {{int(code)}}", file=sys.stderr, flush=True)
"""

STATES = f"""{COMMON}
seen = []

def price():
    found = prices.get("lamp")
    if found is None:
        found = 4
        prices.put("lamp", found)
    return found

@pytest.mark.parametrize("article", ["lamp"])
def test_function(caches, article, request):
    assert price() == 4
    caches.prices.assert_stats(puts=1, hits=0, misses=1)
    caches.assert_snapshot()
    seen.append((request.node.callspec.id, caches.prices.num_get_hit))

@pytest.mark.caches
def test_fails_when_warm():
    assert prices.get("lamp") is None
    price()

def test_wrong(caches):
    price()
    caches.prices.assert_stats(puts=2)

class TestCase(CacheTestCase):
    def test_method(self):
        price()
        self.assertCacheStats("prices", puts=1, hits=0, misses=1)

def test_without():
    assert seen == [("lamp-cold", 0), ("lamp-warm", 0), ("lamp-warm", 1), ("lamp-off", 0)]
"""

SNAPSHOT = f"""{COMMON}
class TestOne:
    @pytest.mark.parametrize("key", ["a b", "c"])
    def test_of_class(self, caches, key):
        prices.get(key)
        caches.assert_snapshot()

def test_two(caches):
    prices.get(1)
    caches.assert_snapshot()
    prices.get(2)
    caches.assert_snapshot()

class TestCase(CacheTestCase):
    def test(self):
        prices.get(1)
        self.assertCacheSnapshot()
"""

GUARDED = """
import pytest, redis
client = redis.Redis(port=1)
def test_outside():
    with pytest.raises(Exception, match="outside any test"):
        client.get("lamp")
@pytest.mark.caches("redis")
def test_inside(caches):
    assert client.get("lamp") is None
"""


class LoadingTests(PytestCase):
    def test_nothing_is_loaded(self):
        """Where no test has caches, no more of the package is loaded than the plugin."""
        self.check_passes(self.run_pytest("-q", *FIXED, files={"test_empty.py": EMPTY}), 1)


class MisuseTests(PytestCase):
    def test_old_release(self):
        """A pytest that is too old is told of where the plugin is used, and not where it is only there."""
        plugin = importlib.import_module("cachetest.pytest_plugin")
        with mock.patch("pytest.version_tuple", (8, 1, 2)):
            with self.assertRaisesRegex(pytest.UsageError, "need pytest 8.2 or later, and this is pytest"):
                plugin.pytest_collection_modifyitems(mock.Mock(), [mock.Mock(keywords=("caches",))])
            plugin.pytest_collection_modifyitems(mock.Mock(), [])

    @takes_a_while
    def test_misuses(self):
        """What is misused is an error, which says what there is, before any test is run."""
        for name, text in MISUSED.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        done = run_python("-c", ALL, cwd=self.folder)
        printed = re.split(r"code (\d)\n", done.stderr)
        for (name, _, expected), text, code in zip(MISUSES, printed[::2], printed[1::2], strict=False):
            with self.subTest(name):
                self.assertRegex(text, f"ERROR: .*{expected}")
                self.assertEqual(code, "4")
        self.assertEqual(len(printed), 2 * len(MISUSES) + 1, done.stderr)


class StatesTests(PytestCase):
    def test_states(self):
        """Each test that has caches is run in each state; in others than cold no count is compared."""
        done = self.run_pytest(
            *("-v", *FIXED, "--cachetest-states=cold,warm,off", "--cachetest-snapshots=update"),
            files={"test_states.py": STATES},
        )
        for name in ("test_function[lamp-warm]", "TestCase::test_method_off", "test_without"):
            self.assertIn(f"test_states.py::{name} PASSED", done.stdout)
        self.assertIn("test_fails_when_warm[warm] FAILED", done.stdout)
        # The call that warms is compared, as it is cold.
        for state, outcome in (("cold", "FAILED"), ("warm", "FAILED"), ("off", "PASSED")):
            self.assertIn(f"test_wrong[{state}] {outcome}", done.stdout)
        self.assertIn("3 failed, 10 passed", done.stdout)
        self.assertEqual(
            [each.name for each in self.folder.glob("snapshots/*")], ["test_states.test_function[lamp].txt"]
        )


class SnapshotTests(PytestCase):
    def test_snapshots(self):
        """A snapshot of a function is named after it; one that no test has any more is told."""
        folder = self.folder / "snapshots"
        done = self.run_pytest("-q", *FIXED, files={"test_shop.py": SNAPSHOT})
        self.assertIn("4 failed", done.stdout)
        done = self.run_pytest("-q", "--cachetest-snapshots=update")
        self.check_passes(done, 4)
        found = sorted(each.name for each in folder.iterdir())
        expected = ["TestCase.test", "TestOne.test_of_class[a_b-806c5cd3]", "TestOne.test_of_class[c]"]
        expected += ["test_two-2", "test_two"]
        self.assertEqual(found, [f"test_shop.{each}.txt" for each in expected])
        (folder / "test_shop.test_gone.txt").write_text("", encoding="utf-8")
        (folder / "test_shop.test_two-3.txt").write_text("", encoding="utf-8")
        (folder / "test_shop.TestOne.test_of_class[d].txt").write_text("", encoding="utf-8")
        # What did not come so far may have it still.
        failing = SNAPSHOT.replace("    prices.get(2)", "    assert len(caches) > 1")
        options = ("-q", "-o", "cachetest_snapshots=none")
        done = self.run_pytest(*options, files={"test_shop.py": failing})
        self.assertIn("1 failed, 3 passed, 2 warnings", done.stdout)
        for name in ("test_gone", "TestOne.test_of_class[d]"):
            self.assertIn(f"snapshots/test_shop.{name}.txt:1: CacheTestWarning", done.stdout)


@needs("fakeredis", "'cachetest[redis]'")
class GuardTests(PytestCase):
    def test_guard(self):
        """Outside any test no connection is made, and the summary says what was refused."""
        options = ("-o", "cachetest_guard=true")
        done = self.run_pytest("-q", *FIXED, *options, files={"test_guard.py": GUARDED})
        self.assertIn("2 passed", done.stdout)
        self.assertIn("cachetest: the guard refused: redis: ", done.stdout)

    @unittest.skipUnless(is_there("xdist"), "needs pytest-xdist: pip install pytest-xdist")
    @takes_long
    def test_guard_of_workers(self):
        """So it is where the tests are run by workers; the scope of what they run has no guard."""
        done = self.run_pytest("-q", "-n", "1", "--cachetest-guard", files={"test_guard.py": GUARDED})
        self.assertIn("2 passed", done.stdout)
        self.assertIn("cachetest: the guard refused: redis: ", done.stdout)


if __name__ == "__main__":
    unittest.main()

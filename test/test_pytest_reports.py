"""The reports that the plugin of pytest writes, and what it adds to those of pytest."""

import json
import unittest

from parameterized import parameterized

from .pytest_runs import COMMON, FIXED, PytestCase
from .support import EXHAUSTIVE, is_there, run_python
from .warm import run_runner

FAILING = f"""{COMMON}
def test_passes(caches):
    prices.put("lamp", 4)

def test_fails(caches):
    prices.get("lamp")
    assert caches.prices == Stats(0, 1, 0)

def test_error(caches):
    raise KeyError("a \\ud800 half of a pair")

@pytest.mark.skip(reason="not now")
def test_skipped(caches):
    pass

@pytest.mark.xfail
def test_expected(caches):
    assert caches.prices == Stats(1, 0, 0)

def test_without():
    pass

class TestCase(CacheTestCase):
    def test_fails(self):
        prices.get("\\ud800")
        self.assertCacheUnused()
    def test_passes(self):
        prices.put("lamp", 4)
"""

CASES = f"""{COMMON}
import unittest
from cachetest import PatchCaches
class Tests(CacheTestCase):
    @classmethod
    def setUpClass(cls):
        prices.put("lamp", 4)
    def test_passed(self):
        prices.get("lamp")
        with PatchCaches():
            prices.get("chair")
    def test_failed(self):
        prices.put(("lamp", 1), 4)
        self.assertCacheUnused()
    def test_error(self):
        raise KeyError
    @unittest.skip("not now")
    def test_skipped(self):
        pass
    @unittest.expectedFailure
    def test_expected(self):
        prices.get("table")
        self.assertCacheUnused()
    @unittest.expectedFailure
    def test_unexpected(self):
        prices.get("table")
    def test_subtests(self):
        for n in range(2):
            with self.subTest(n=n):
                prices.get(n)
                self.assertCacheStats("prices", misses=n)
class Plain(unittest.TestCase):
    def test(self):
        pass
"""


def without_times(found):
    """Return *found* without what differs from one run to another."""
    if isinstance(found, list):
        return [without_times(each) for each in found]
    if not isinstance(found, dict):
        return found
    return {
        name: without_times(each)
        for name, each in found.items()
        if name not in ("seconds", "cost", "at", "processes")
    }


class ReportTests(PytestCase):
    def outcomes(self, name):
        """Return the outcome of each test in the report called *name*, and the counts of each cache."""
        found = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return {each["label"]: each["outcome"] for each in found["tests"]}, {
            cache: (each["puts"], each["hits"], each["misses"]) for cache, each in found["totals"].items()
        }

    def test_report(self):
        """All tests with caches are in the report; of a failure its operations are shown."""
        options = ("-v", *FIXED, "--cachetest-report=a.json", "--cachetest-report=a.txt")
        done = self.run_pytest(*options, files={"test_shop.py": FAILING})
        expected = {
            "test_shop.py::test_passes": "passed",
            "test_shop.py::test_fails": "failed",
            "test_shop.py::test_error": "error",
            "test_shop.py::test_skipped": "skipped",
            "test_shop.py::test_expected": "expected failure",
            "test_shop.TestCase.test_fails": "failed",
            "test_shop.TestCase.test_passes": "passed",
        }
        self.assertEqual(self.outcomes("a.json"), (expected, {"prices": (2, 0, 2)}))
        self.assertIn("test_shop.py::test_fails: failed", (self.folder / "a.txt").read_text("utf-8"))
        self.assertIn("cachetest: report in a.json\n", done.stdout)
        sections = done.stdout.split("--- operations of caches ---")
        self.assertEqual(len(sections), 3, done.stdout)
        self.assertIn(r"miss  '\ud800'", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^prices +4 +2 +0 +2 +0$")

    @unittest.skipUnless(is_there("xdist"), "needs pytest-xdist: pip install pytest-xdist")
    def test_workers(self):
        """With several workers there is one report, and one summary, of all that they have run."""
        options = ("-n", "2", "--cachetest-report=a.json")
        done = self.run_pytest(*options, files={"test_shop.py": FAILING})
        outcomes, counts = self.outcomes("a.json")
        self.assertEqual(len(outcomes), 7)
        self.assertEqual(outcomes["test_shop.TestCase.test_fails"], "failed")
        self.assertEqual(counts, {"prices": (2, 0, 2)})
        self.assertIn("cachetest: 4 tests used 1 cache: 2 puts, 0 hits, 2 misses", done.stdout)

    def test_interrupted(self):
        """A test that is interrupted is in the report; and to look for tests alone writes none."""
        source = f"{COMMON}\ndef test_long(caches):\n    prices.get('lamp')\n    raise KeyboardInterrupt\n"
        options = ("-q", *FIXED, "--cachetest-report=a.json")
        self.run_pytest(*options, "--collect-only", files={"test_shop.py": source})
        self.assertFalse((self.folder / "a.json").exists())
        self.run_pytest(*options)
        self.assertEqual(
            self.outcomes("a.json"), ({"test_shop.py::test_long": "interrupted"}, {"prices": (0, 0, 1)})
        )

    def run_again(self, runner):
        """Run what is in the folder by another runner, which writes b.json."""
        if runner == "workers":
            # By class, so that each is set up once.
            return self.run_pytest("-q", "-n", "2", "--dist=loadscope", "--cachetest-report=b.json")
        if runner == "cachetest":
            return run_runner("-m", "cachetest", "--report", "b.json", "test_shop", cwd=self.folder)
        return run_python("-m", "unittest", "test_shop", cwd=self.folder, CACHETEST_REPORT="b.json")

    @parameterized.expand(["cachetest", "unittest", "workers"] if EXHAUSTIVE else ["cachetest", "unittest"])
    def test_other_runner(self, runner):
        """Of a suite of test cases each runner says the same, but for the time it took."""
        if runner == "workers" and not is_there("xdist"):
            self.skipTest("needs pytest-xdist: pip install pytest-xdist")
        self.run_pytest("-q", *FIXED, "--cachetest-report=a.json", files={"test_shop.py": CASES})
        done = self.run_again(runner)
        self.assertIn("cachetest: report in b.json\n", done.stdout + done.stderr)
        found = [json.loads((self.folder / name).read_text("utf-8")) for name in ("a.json", "b.json")]
        first, second = (sorted(each["tests"], key=lambda test: test["label"]) for each in found)
        self.assertEqual(without_times(found[0]["totals"]), without_times(found[1]["totals"]))
        self.assertEqual(len(first), 8)
        self.assertEqual(without_times(first), without_times(second))


if __name__ == "__main__":
    unittest.main()

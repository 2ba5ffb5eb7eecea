"""Two checkouts are compared in one process; what is measured is not looked at."""

import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

import cachetest

from .support import ROOT, load_script, needs, run_python

SCRIPT = ROOT / "bench" / "compare.py"
compare = load_script(SCRIPT)


class IntervalTests(unittest.TestCase):
    @parameterized.expand([(2, 1, 2), (5, 1, 5), (6, 1, 6), (9, 2, 8), (30, 10, 21), (100, 40, 61)])
    def test_ranks(self, count, lowest, highest):
        """The interval is between the values at the ranks that tables of the sign test have."""
        values = [count - n for n in range(count)]
        self.assertEqual(compare.interval(values), (lowest, highest))

    def test_slower(self):
        """A row is slower where the whole interval is above the limit."""
        self.assertTrue(compare.Comparison("row", 1.0, 1.1, [1.04] * 30).is_slower(1.03))
        self.assertFalse(compare.Comparison("row", 1.0, 1.1, [1.04] * 20 + [1.0] * 10).is_slower(1.03))


@needs("pyperf", "'cachetest[bench]'")
class TreeTests(unittest.TestCase):
    def setUp(self):
        # A checkout of what is tested, which may be installed elsewhere.
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        shutil.copytree(Path(cachetest.__file__).parent, self.root / "cachetest")
        shutil.copytree(ROOT / "bench", self.root / "bench")

    def test_beside_each_other(self):
        """Each checkout has a package of its own, also while it runs, and what was loaded before stays."""
        before = {name: module for name, module in sys.modules.items() if name.startswith("cachetest")}
        path = sys.path[:]
        trees = compare.Tree(self.root), compare.Tree(self.root)
        packages = []
        for tree in trees:
            with tree.loaded():
                packages.append(sys.modules["cachetest"])
        self.assertIsNot(*packages)
        self.assertNotIn(before["cachetest"], packages)
        for tree in trees:
            self.assertGreater(tree.run("hit, MockBackend", 10), 0)
        after = {name: module for name, module in sys.modules.items() if name.startswith("cachetest")}
        self.assertEqual((after, sys.path), (before, path))

    def test_no_checkout(self):
        """A folder without the package is an error that says so."""
        done = run_python(str(SCRIPT), "--old", str(Path(__file__).parent))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("has no package cachetest", done.stderr)

    def test_prints(self):
        """The script prints a line for each row that is asked for."""
        done = run_python(
            str(SCRIPT),
            *("--old", str(self.root), "--new", str(self.root)),
            *("--pairs", "1", "--rows", "hit, MockBackend, from", "--limit", "99"),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        head, line = done.stdout.splitlines()
        self.assertRegex(head, r"^row +old +new  ratio  95 % interval$")
        self.assertRegex(
            line,
            r"^hit, MockBackend, from frames of their own +\S+ µs +\S+ µs  \d\.\d{3}  \d\.\d{3} - \d\.\d{3}$",
        )


if __name__ == "__main__":
    unittest.main()

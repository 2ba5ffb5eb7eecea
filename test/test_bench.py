"""The benchmarks work, in their quick form; what they measure is not looked at."""

import ast
import importlib.util
import tempfile
import unittest
from pathlib import Path

from docutils.core import publish_doctree
from parameterized import parameterized

import cachetest

from .support import ROOT, needs, run_python

BENCH = ROOT / "bench"
HEAD = ["what", "ours", "original", "limit", "ratio", "budget"]

# The library that each script compares with where it is there; it takes seconds to import.
SCRIPTS = {
    "operations": "torch",
    "threads": "torch",
    "per_test": "torch",
    "growth": "torch",
    "reports": "torch",
    "import_time": None,
    "peers": None,
    "stores": None,
    "clients": None,
    "processes": None,
    "servers": None,
    "behaviours": None,
    "runner": None,
}

needs_pyperf = needs("pyperf", "'cachetest[bench]'")


def load(script):
    """Import a module of the benchmarks, which are no package."""
    spec = importlib.util.spec_from_file_location(f"bench_{script}", BENCH / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs_pyperf
class ScriptTests(unittest.TestCase):
    def run_quick(self, script):
        """Run *script* where no torch can be imported, neither by it nor by its workers."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "sitecustomize.py").write_text("import sys; sys.modules['torch'] = None\n")
            return run_python(str(BENCH / f"{script}.py"), "--quick", PYTHONPATH=folder)

    @parameterized.expand(SCRIPTS.items())
    def test_quick(self, script, library):
        """Each prints its table; without torch it says so, and measures what it can."""
        done = self.run_quick(script)
        self.assertEqual(done.returncode, 0, done.stderr)
        head, _, *lines = done.stdout.splitlines()
        self.assertEqual(head.split(), HEAD)
        self.assertGreater(len(lines), 0)
        if library is not None:
            self.assertRegex(done.stderr, rf"skipped: .*, original: needs {library}\n")

    def test_failing_worker(self):
        """A script whose worker fails says why, and fails."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "broken.py")
            script.write_text(
                f"import sys; sys.path.insert(0, {str(BENCH)!r})\n"
                "import measure\n"
                "measure.main([measure.Row('nothing', {'ours': lambda loops: 1 / 0})])\n"
            )
            done = run_python(str(script), "--quick")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ZeroDivisionError", done.stderr)
        self.assertIn("broken.py: a worker failed (1)", done.stderr)

    def test_all_are_run(self):
        """No script is left out of `run_all.py`, nor here."""
        found = {
            path.stem for path in BENCH.glob("*.py") if "measure.main(" in path.read_text(encoding="utf-8")
        }
        self.assertEqual(found, set(SCRIPTS))
        listed = run_python("-c", "import run_all; print(*run_all.SCRIPTS)", cwd=BENCH)
        self.assertEqual(set(listed.stdout.split()), found, listed.stderr)


@needs_pyperf
class TurnTests(unittest.TestCase):
    """What is compared is measured in turns."""

    def evaluate(self, expression):
        """Return what *expression* comes to, given rows whose every loop takes one second."""
        source = (
            "import measure\n"
            "done = []\n"
            "def column(name): return lambda loops: done.append((name, loops)) or float(loops)\n"
            "def row(what, names, **options):\n"
            "    return measure.Row(what, {name: column(f'{what} {name}') for name in names}, **options)\n"
            "few = row('few', ['ours', 'limit'], loops=7, rounds=3, against='limit')\n"
            "other = row('other', ['ours'], against=None)\n"
            "many = row('many', ['ours'], loops=2, rounds=2, against='few')\n"
            f"print(repr({expression}))"
        )
        done = run_python("-c", source, cwd=BENCH)
        self.assertEqual(done.returncode, 0, done.stderr)
        return ast.literal_eval(done.stdout)

    def test_compared(self):
        """A row goes with the one that its ratio is to."""
        found = self.evaluate(
            "[[row.what for row in each] for each in measure._compared([few, other, many])]"
        )
        self.assertEqual(found, [["few", "many"], ["other"]])

    def test_in_turns(self):
        """All loops of a value are done, a share in each round."""
        cells = "[(row, column) for row in (few, many) for column in row.columns]"
        found, order = self.evaluate(f"(measure._in_turns({cells}, 1, 2), done)")
        self.assertEqual(found, {("few", "ours"): [7, 7], ("few", "limit"): [7, 7], ("many", "ours"): [2, 2]})
        ours, limit, many = "few ours", "few limit", "many ours"
        rounds = [(ours, 2), (limit, 2), (many, 1), (ours, 2), (limit, 2), (many, 1), (ours, 3), (limit, 3)]
        self.assertEqual(order, rounds * 2)


@needs_pyperf
class TableTests(unittest.TestCase):
    def setUp(self):
        self.tables = load("tables")

    def suite(self, *benchmarks):
        """Return results: of each benchmark its row, its column, its values and what else it says."""
        import pyperf

        found = []
        for row, column, values, facts in benchmarks:
            metadata = {"name": f"{row}: {column}", "row": row, "column": column, **facts}
            found.append(pyperf.Benchmark([pyperf.Run(values, metadata=metadata, collect_metadata=False)]))
        return pyperf.BenchmarkSuite(found)

    def lines(self, *benchmarks):
        return [tuple(line) for line in self.tables.lines_of(self.suite(*benchmarks))]

    def test_ratio_of_medians(self):
        """The ratio is that of the medians, and is held against the budget."""
        facts = {"unit": "second", "against": "original", "budget": 0.6}
        found = self.lines(
            ("hit", "ours", (1e-6, 1e-6, 9e-6), facts),
            ("hit", "original", (2e-6, 2e-6, 2e-6), facts),
            ("hit", "limit", (1e-7, 1e-7, 1e-7), facts),
        )
        self.assertEqual(found, [("hit", "1 µs", "2 µs", "100 ns", "0.50 x original", "0.6, met")])

    def test_against_another_row(self):
        """A row may be compared with ours in another one."""
        few, many = {"unit": "second"}, {"unit": "second", "against": "few", "budget": 1.3}
        found = self.lines(("few", "ours", (1.0,), few), ("many", "ours", (1.5,), many))
        self.assertEqual(found[1], ("many", "1.5 s", "", "", "1.50 x few", "1.3, missed"))

    def test_absolute_budget(self):
        """A budget without anything to compare with is a quantity."""
        facts = {"unit": "byte", "budget": 5e6}
        found = self.lines(("report", "ours", (4.2e3,), facts))
        self.assertEqual(found, [("report", "4.2 kB", "", "", "", "5 MB, met")])

    def test_nothing_to_compare_with(self):
        """Where the original could not be measured there is neither ratio nor verdict."""
        facts = {"unit": "second", "against": "original", "budget": 0.6}
        found = self.lines(("hit", "ours", (1e-3,), facts))
        self.assertEqual(found, [("hit", "1 ms", "", "", "", "0.6")])

    def test_rst(self):
        """The table renders."""
        lines = self.tables.lines_of(self.suite(("few", "ours", (1.0,), {"unit": "second"})))
        tree = publish_doctree(self.tables.as_rst(lines), settings_overrides={"halt_level": 2})
        self.assertIn("few", tree.astext())
        self.assertIn(f"cachetest {cachetest.__version__}", tree.astext())


class ReadmeTests(unittest.TestCase):
    def test_readme(self):
        """It renders without a warning, and says of each script what it asks."""
        text = (BENCH / "README.rst").read_text(encoding="utf-8")
        publish_doctree(text, settings_overrides={"report_level": 2, "halt_level": 2})
        for script in SCRIPTS:
            self.assertIn(f"``{script}.py``", text)


if __name__ == "__main__":
    unittest.main()

"""What the pages for users of pytest show is what happens: the tutorial, and the workflow for CI."""

import os
import re
import subprocess
import sys
import textwrap
import unittest
from itertools import takewhile
from pathlib import Path

from .documents import DOCS, blocks
from .pytest_runs import FIXED, LOADED, PytestCase
from .support import ROOT, takes_long

TESTS = """
import os
from cachetest import MockBackend

prices = MockBackend("prices")

def test_price(caches):
    prices.put(os.environ.get("KEY", "price:lamp"), 4.0)
    prices.get("price:lamp")
"""


class TutorialTests(PytestCase):
    page = DOCS / "tutorial-pytest.rst"

    def test_failure(self):
        """The first test fails as is shown."""
        files = {"test_rates.py": blocks(self.page, "python")[0]}
        printed = self.run_pytest("-vv", *FIXED, files=files, COLUMNS="80").stdout
        # Some releases of Python mark the part of the line.
        printed = re.sub(r"(?m)^ +\^+\n", "", printed)
        (shown,) = blocks(self.page, "text")
        self.assertIn(f"{shown}\n", printed)

    def test_examples(self):
        """The others pass."""
        _, *others = blocks(self.page, "python")
        files = {f"test_{n}.py": block for n, block in enumerate(others)}
        self.check_passes(self.run_pytest("-q", *FIXED, files=files), 7)


def commands(workflow):
    """Return what the steps of *workflow* run, each as the shell is given it."""
    lines, found = workflow.splitlines(), []
    for n, line in enumerate(lines):
        start, mark, value = line.partition("run: ")
        if not mark or start.strip():
            continue
        at = len(start)
        inside = takewhile(lambda each, at=at: not each[: at + 2].strip(), lines[n + 1 :])
        block = textwrap.dedent("\n".join(inside))
        found.append({"|": block, ">-": " ".join(block.split())}.get(value, value))
    return found


@takes_long
@unittest.skipIf(sys.platform == "win32", "needs a shell")
class WorkflowTests(PytestCase):
    def run_steps(self, **environment):
        """Run the steps but the first, which installs; return how each ended, and what was printed."""
        (workflow,) = blocks(DOCS / "how-to" / "ci.rst", "yaml")
        _, *steps = commands(workflow)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        variables = {
            **os.environ,
            "PATH": path,
            "PYTHONPATH": str(ROOT),
            "PYTEST_ADDOPTS": " ".join((*LOADED, *FIXED, "-p", "no:cacheprovider")),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            **environment,
        }
        codes, printed = [], ""
        for step in steps:
            done = subprocess.run(
                ["bash", "-e", "-c", step],
                cwd=self.folder,
                env=variables,
                capture_output=True,
                text=True,
                check=False,
            )
            codes.append(done.returncode)
            printed += done.stdout + done.stderr
        return codes, printed

    def test_steps(self):
        """They pass at first, and where nothing has changed; a hit that is lost is an error."""
        (self.folder / "test_shop.py").write_text(TESTS)
        self.assertEqual(self.run_steps()[0], [0, 0, 0])
        self.assertTrue((self.folder / "before.json").is_file())
        self.assertIn("## Caches", (self.folder / "summary.md").read_text("utf-8"))
        codes, printed = self.run_steps(KEY="price:table")
        self.assertEqual(codes, [0, 1, 0], printed)
        self.assertIn("prices, hit then, missed now", printed)


if __name__ == "__main__":
    unittest.main()

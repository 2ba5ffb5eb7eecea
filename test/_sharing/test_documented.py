"""The page on processes shows what happens, and the package installs what it speaks of."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from docutils.nodes import literal
from parameterized import parameterized

import cachetest

from ..documents import DOCS, blocks, check_block, parse
from ..support import ROOT, needs, run_python, takes_a_while
from .children_support import SECONDS, failure_of, needs_fork

PAGE = DOCS / "processes.rst"
# The package may be installed, and not be beside the tests.
PACKAGE = Path(cachetest.__file__).parent


@needs_fork
class PageTests(unittest.TestCase):
    def test_failure(self):
        """The first example fails with the text below it."""
        block = blocks(PAGE, "python")[0]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_shop.py").write_text(f"{block}\n", encoding="utf-8")
            printed = run_python("-m", "unittest", cwd=folder).stderr
        (shown,) = blocks(PAGE, "text")
        self.assertIn(f"AssertionError: {shown}\n", printed)
        self.assertIn("FAILED (failures=1)", printed)

    @parameterized.expand(list(enumerate(blocks(PAGE, "python")[1:], 2)))
    def test_example(self, _, block):
        """The other examples run, and their tests pass."""
        check_block(self, block, PAGE)

    def test_each_guarantee_has_its_test(self):
        """The tests that the page names are there."""
        named = [each.astext() for each in parse(PAGE).findall(literal) if "::" in each.astext()]
        self.assertTrue(named)
        for name in named:
            path, _, test = name.partition("::")
            (found,) = [*ROOT.glob(f"test/**/{path}"), *PACKAGE.glob(f"contract/{path}")]
            source = found.read_text(encoding="utf-8")
            with self.subTest(name):
                # A class, and one of its tests.
                for word, each in zip(("class", "def"), test.split("."), strict=True):
                    self.assertIsNotNone(re.search(rf"(?m)^ *{word} {each}\b", source), each)


class PthTests(unittest.TestCase):
    @unittest.skipUnless((ROOT / "cachetest").is_dir(), "needs a checkout to build")
    @needs("setuptools", "setuptools")
    @takes_a_while
    def test_file_is_built(self):
        """The package is built with the file, by which a Python joins that has it among its packages."""
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [
                    sys.executable,
                    "setup.py",
                    "-q",
                    "build",
                    "--build-base",
                    folder,
                    "--build-lib",
                    f"{folder}/lib",
                ],
                cwd=ROOT,
                check=True,
                capture_output=True,
                timeout=SECONDS,
            )
            built = Path(folder, "lib")
            self.assertTrue((built / "cachetest" / "_sharing" / "site" / "sitecustomize.py").is_file())
            (line,) = (built / "cachetest.pth").read_text(encoding="utf-8").splitlines()
            self.assertTrue(line.startswith("import "), "site executes no other lines")

            def body(caches):
                # As site does for each folder of packages: the import comes after the file.
                script = (
                    f"import sys, site; sys.path.insert(0, {os.fspath(built)!r}); "
                    f"site.addsitedir({os.fspath(built)!r}); "
                    "from cachetest import MockBackend; MockBackend('prices').get('lamp')"
                )
                done = subprocess.run(
                    # Without an environment of ours but the token: PYTHONPATH is ignored.
                    [sys.executable, "-E", "-c", script],
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=SECONDS,
                )
                return done.stderr, caches.prices.counts()

            found, failure = failure_of(body)
        self.assertEqual((found, failure), (("", (0, 0, 1)), ""))


if __name__ == "__main__":
    unittest.main()

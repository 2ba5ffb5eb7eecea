"""The page on child processes shows what happens, and the package installs what it speaks of."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from ..documents import DOCS, blocks, check_block
from ..support import ROOT, needs, run_case
from .children_support import SECONDS, counted_in, needs_fork

PAGE = DOCS / "how-to" / "processes.rst"


def stable(text):
    """Leave out of *text* what differs from one run to another."""
    return re.sub(
        r"at \S*:\d+ in", "at test_worker.py:0 in", re.sub(r"process \d+", "process 1", text)
    ).strip()


@needs_fork
class PageTests(unittest.TestCase):
    def test_failure(self):
        """The first example fails with the text below it: at the assertion, and at its end."""
        names = {"__name__": "document"}
        exec(compile(blocks(PAGE, "python")[0], "test_worker.py", "exec"), names)
        result = run_case(names["WorkerTests"]("test_worker"))
        (shown,) = blocks(PAGE, "text")
        self.assertEqual(len(result.failures), 2)
        for _, told in result.failures:
            self.assertEqual(stable(told.partition("AssertionError: ")[2]), stable(shown))

    def test_own_scope(self):
        """The second passes."""
        check_block(self, blocks(PAGE, "python")[1], PAGE)


class PthTests(unittest.TestCase):
    @unittest.skipUnless((ROOT / "cachetest").is_dir(), "needs a checkout to build")
    @needs("setuptools", "setuptools")
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

            def body(_):
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
                return done.stderr

            told, counts, _ = counted_in(body)
        self.assertEqual((told, counts), ("", (0, 0, 1)))


if __name__ == "__main__":
    unittest.main()

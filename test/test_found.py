"""Each program of `examples/found` fails its test for the reason shown, and mended it passes."""

import importlib.metadata
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from .support import EXHAUSTIVE, ROOT, is_there
from .warm import run_unittest

FOLDER = ROOT / "examples" / "found"
FOUND = sorted(each.parent for each in FOLDER.glob("*/program.py"))
# Of those that several processes tell, which takes long, one is enough of a sample.
SEVERAL = {"id_in_key", "set_in_key"}
LIBRARIES = ("cachetools", "django", "pymemcache", "redis", "torch")
# The one that has the bug.
TORCH = "2.13."


def masked(text):
    """Return *text* without the keys that are others in each process, or on each machine."""
    text = re.sub(r"'pt2:[^'\n]*'", "<a key>", text)
    return re.sub(r"""(?:'[^'\n]*'|"[^"\n]*") in run""", "<a key> in run", text)


class FoundTests(unittest.TestCase):
    def run_test(self, folder, program):
        """Return what unittest prints of the test in *folder*, where the program is that in *program*."""
        with tempfile.TemporaryDirectory() as copied:
            shutil.copy(folder / "test_program.py", copied)
            shutil.copy(folder / program, Path(copied, "program.py"))
            return run_unittest(cwd=copied).stderr

    @parameterized.expand([(folder.name, folder) for folder in FOUND])
    def test_found(self, _, folder):
        """It fails by one assertion, which says why; the program without the bug passes."""
        if folder.name in SEVERAL and not EXHAUSTIVE:
            self.skipTest("takes long: CACHETEST_EXHAUSTIVE=1 runs it")
        source = (folder / "program.py").read_text(encoding="utf-8")
        for library in LIBRARIES:
            if re.search(rf"^(from|import) {library}\b", source, re.MULTILINE) and not is_there(library):
                self.skipTest(f"needs {library}")
        if "import torch" in source and not importlib.metadata.version("torch").startswith(TORCH):
            self.skipTest(f"needs torch {TORCH}0")
        printed = self.run_test(folder, "program.py")
        failure = (folder / "failure.txt").read_text(encoding="utf-8")
        self.assertIn(f"AssertionError: {masked(failure)}", masked(printed))
        self.assertIn("Ran 1 test", printed)
        self.assertIn("FAILED (failures=1)", printed)
        self.assertRegex(self.run_test(folder, "mended.py"), r"(?s)Ran 1 test.*\nOK\n")

    def test_all_are_told_of(self):
        """There are some, and the page has each."""
        page = (FOLDER / "README.rst").read_text(encoding="utf-8")
        self.assertGreater(len(FOUND), 2)
        for folder in FOUND:
            self.assertIn(f"\n``{folder.name}``\n", page)


if __name__ == "__main__":
    unittest.main()

"""What the page on time shows is what happens."""

import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from .documents import DOCS, blocks, check_block
from .support import is_there, needs
from .warm import run_unittest

PAGE = DOCS / "how-to" / "time.rst"
# Those that fail, which is what they are shown for.
FAILING = (0, 1)


def printed(code):
    """Return what unittest prints of a module shop with *code*."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "shop.py").write_text(f"{code}\n", encoding="utf-8")
        return run_unittest("shop", cwd=folder).stderr


class TimePageTests(unittest.TestCase):
    @needs("fakeredis", "'cachetest[redis]'")
    def test_forgotten_time(self):
        """The first example fails by the second test alone, as is shown."""
        found = printed(blocks(PAGE, "python")[0])
        self.assertIn(f"AssertionError: {blocks(PAGE, 'text')[0]}\n", found)
        self.assertIn("FAILED (failures=1)", found)

    def test_miss(self):
        """The second fails, and says how long ago the time of the entry was over."""
        self.assertIn(f"AssertionError: {blocks(PAGE, 'text')[1]}\n", printed(blocks(PAGE, "python")[1]))

    @parameterized.expand([(n, block) for n, block in enumerate(blocks(PAGE, "python")) if n not in FAILING])
    def test_example(self, _, block):
        """The other examples run, and their tests pass."""
        if "cachetools" in block and not is_there("cachetools"):
            self.skipTest("needs cachetools")
        check_block(self, block, PAGE)


if __name__ == "__main__":
    unittest.main()

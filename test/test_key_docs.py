"""The page on keys shows what happens: its failures, letter by letter, and its examples."""

import re
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from .documents import DOCS, blocks
from .support import needs, run_python

PAGE = DOCS / "how-to" / "keys.rst"
# The examples that fail, in their order, each with the number of its text.
FAILING = {0: 0, 1: 1, 3: 2, 4: 3}
EXAMPLES = blocks(PAGE, "python")


def masked(text):
    """Return *text* without the numbers that are others with each Python."""
    return re.sub(r"search:-?\d+", "search:<number>", text)


@needs("fakeredis", "'cachetest[redis]'")
class KeysPageTests(unittest.TestCase):
    def printed(self, code, *how):
        """Return what Python prints, run like that in the folder of a module shop with *code*."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "shop.py").write_text(f"{code}\n", encoding="utf-8")
            return run_python(*how, cwd=folder).stderr

    @parameterized.expand([(f"example_{n + 1}", n) for n in FAILING])
    def test_failure(self, _, n):
        """An example fails as is shown below it."""
        printed = self.printed(EXAMPLES[n], "-m", "unittest", "shop")
        shown = blocks(PAGE, "text")[FAILING[n]]
        self.assertIn(f"AssertionError: {masked(shown)}\n", masked(printed))
        self.assertIn("FAILED (failures=1)", printed)

    @parameterized.expand([(f"example_{n + 1}", n) for n in range(len(EXAMPLES)) if n not in FAILING])
    def test_example(self, _, n):
        """The other examples run, and their tests pass."""
        self.assertRegex(self.printed(EXAMPLES[n], "-m", "unittest", "shop"), r"(?s)Ran \d test.*\nOK\n")

    def test_by_its_own_name(self):
        """A test that is run as the main script has its functions in the fresh processes, too."""
        code = f"{EXAMPLES[3]}\n\n\nif __name__ == '__main__':\n    import unittest\n\n    unittest.main()"
        printed = self.printed(code, "shop.py")
        self.assertIn("looks like what hash() returns; it changes with the seed of hash()", printed)


if __name__ == "__main__":
    unittest.main()

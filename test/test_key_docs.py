"""The page on keys shows what happens: its failures, letter by letter, and its examples."""

import re
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from .documents import DOCS, blocks
from .support import EXHAUSTIVE, needs, run_python, takes_a_while
from .warm import run_unittest

PAGE = DOCS / "how-to" / "keys.rst"
# The examples that fail, in their order, each with the number of its text.
FAILING = {0: 0, 1: 1, 3: 2, 4: 3}
EXAMPLES = blocks(PAGE, "python")

# A script of its own, with a cache that takes no time to set up in each process.
MAIN = """\
import unittest

from cachetest import CacheTestCase, MockBackend

prices = MockBackend("prices")


def lamp():
    prices.get(f"search:{hash('red')}:en")


class SearchTests(CacheTestCase):
    patch_caches = ()

    def test_key(self):
        self.assertCacheKeyStable("prices", lamp, runs=2)


if __name__ == "__main__":
    unittest.main()
"""


def masked(text):
    """Return *text* without the numbers that are others with each Python."""
    return re.sub(r"search:-?\d+", "search:<number>", text)


@needs("fakeredis", "'cachetest[redis]'")
class KeysPageTests(unittest.TestCase):
    def printed(self, code, *how):
        """Return what unittest prints of a module shop with *code*, or Python that is run like that."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "shop.py").write_text(f"{code}\n", encoding="utf-8")
            return (run_python(*how, cwd=folder) if how else run_unittest("shop", cwd=folder)).stderr

    @parameterized.expand([(f"example_{n + 1}", n) for n in FAILING])
    def test_failure(self, _, n):
        """An example fails as is shown below it."""
        if "assertCacheKeyStable" in EXAMPLES[n] and not EXHAUSTIVE:
            self.skipTest("takes long: CACHETEST_EXHAUSTIVE=1 runs it")
        printed = self.printed(EXAMPLES[n])
        shown = blocks(PAGE, "text")[FAILING[n]]
        self.assertIn(f"AssertionError: {masked(shown)}\n", masked(printed))
        self.assertIn("FAILED (failures=1)", printed)

    @parameterized.expand([(f"example_{n + 1}", n) for n in range(len(EXAMPLES)) if n not in FAILING])
    def test_example(self, _, n):
        """The other examples run, and their tests pass."""
        self.assertRegex(self.printed(EXAMPLES[n]), r"(?s)Ran \d test.*\nOK\n")

    @takes_a_while
    def test_by_its_own_name(self):
        """A test that is run as the main script has its functions in the fresh processes, too."""
        printed = self.printed(MAIN, "shop.py")
        self.assertIn("looks like what hash() returns; it changes with the seed of hash()", printed)


if __name__ == "__main__":
    unittest.main()

"""The walks through torch are short."""

import re
import unittest

from .support import ROOT, load_script, needs_torch, run_python

walk = load_script(ROOT / "bench" / "walk.py")


@needs_torch
class TorchWalkTests(unittest.TestCase):
    def test_inductor(self):
        """A lookup by torch goes through five files at most, and returns to none of them."""
        found = walk.ROUTES["inductor"].walk()
        self.assertLessEqual(len(found.files), 5, found)
        self.assertFalse(found.repeated, found)

    def test_block(self):
        """A block that patches inductor changes from file to file 20 times at most."""
        # In a process of its own: what other tests have left running would be asked for on the way.
        done = run_python(str(ROOT / "bench" / "walk.py"), "PatchCaches")
        found = re.search(r"(\d+) changes of file", done.stdout)
        self.assertIsNotNone(found, done.stderr)
        self.assertLessEqual(int(found[1]), 20, done.stdout)


if __name__ == "__main__":
    unittest.main()

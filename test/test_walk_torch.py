"""The walks through torch are short."""

import unittest
from unittest import mock

from cachetest import MockCaches
from cachetest._caches import scope

from .support import ROOT, load_script, needs_torch

walk = load_script(ROOT / "bench" / "walk.py")


@needs_torch
class TorchWalkTests(unittest.TestCase):
    def test_inductor(self):
        """A lookup by torch goes through five files at most, and returns to none of them."""
        found = walk.ROUTES["inductor"].walk()
        self.assertLessEqual(len(found.files), 5, found)
        self.assertFalse(found.repeated, found)

    def test_block(self):
        """A block that patches inductor changes from file to file twenty times at most."""
        # What other tests did outside any scope would be reset on the way.
        with mock.patch.multiple(scope, unassigned=MockCaches(), _unassigned_by_name={}):
            found = walk.ROUTES["PatchCaches"].walk()
        self.assertLessEqual(found.changes, 20, f"{found.changes} changes:\n{found}")


if __name__ == "__main__":
    unittest.main()

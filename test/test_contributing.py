"""What the page for contributors shows is so."""

import re
import unittest
from pathlib import Path

import cachetest

from .documents import blocks
from .support import ROOT, is_there, load_script

PAGE = ROOT / "CONTRIBUTING.rst"
PACKAGE = Path(cachetest.__file__).parent

walk = load_script(ROOT / "bench" / "walk.py")


class ContributingTests(unittest.TestCase):
    def shown(self, title):
        """Return the files of the walk that the page shows under *title*, in their order."""
        (block,) = blocks(PAGE, "text")
        _, _, rest = block.partition(f"{title}: ")
        shown = rest.partition("\n\n")[2].partition("\n\n")[0]
        return re.findall(r"^ {2}[> ] (\S+\.py) ", shown, re.MULTILINE)

    def test_walk_by_hand(self):
        """The walk of a MockBackend goes through the files that the page shows."""
        found = [file for file, _ in walk.ROUTES["MockBackend"].walk().stays]
        self.assertEqual(found, self.shown("MockBackend.get"))

    def test_walk_of_redis(self):
        """The walk of redis goes through the files that the page shows."""
        if not is_there("fakeredis"):
            self.skipTest("needs fakeredis: pip install 'cachetest[redis]'")
        if is_there("hiredis"):
            self.skipTest("with hiredis redis-py reads in another way: pip uninstall hiredis")
        found = [file for file, _ in walk.ROUTES["redis"].walk().stays]
        self.assertEqual(found, self.shown("redis: Redis.get"))

    def test_rooms(self):
        """The map has every room of the package, and none that is gone."""
        text = PAGE.read_text(encoding="utf-8").partition("One traced get")[0]
        shown = {name.rstrip("/") for name in re.findall(r"^``([\w.]+/?)`` ", text, re.MULTILINE)}
        there = {path.name for path in PACKAGE.iterdir()} - {"__pycache__", "__init__.py", "py.typed"}
        # Told of in the line of case.py.
        self.assertEqual(shown | {"async_case.py"}, there)


if __name__ == "__main__":
    unittest.main()

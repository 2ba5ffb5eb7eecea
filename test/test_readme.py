"""What the README shows is what happens, and it leads to the rest."""

import unittest

from docutils.nodes import reference

from .documents import PAGES, blocks, check_failure, parse
from .support import ROOT

PATH = ROOT / "README.rst"


class ReadmeTests(unittest.TestCase):
    def test_failure(self):
        """The one example prints what is shown below it."""
        (block,), (shown,) = blocks(PATH, "python"), blocks(PATH, "text")
        check_failure(self, block, shown)

    def test_is_short(self):
        """It is read in three minutes."""
        self.assertLessEqual(len(PATH.read_text(encoding="utf-8").splitlines()), 200)

    def test_links(self):
        """It leads to every page but the index, whose place it takes."""
        linked = {ROOT / link["refuri"] for link in parse(PATH).findall(reference)}
        self.assertEqual(linked, {page for page in PAGES if page.stem != "index"})

    def test_two_commands(self):
        """Each of the two commands is one line that begins with making a virtual environment."""
        commands = blocks(PATH, "shell")
        self.assertEqual(len(commands), 2)
        for command in commands:
            self.assertTrue(command.startswith("python3 -m venv "))
            self.assertNotIn("\n", command)


if __name__ == "__main__":
    unittest.main()

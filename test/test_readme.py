"""What the README shows is what happens."""

import re
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

import cachetest

from .documents import blocks, check_block
from .support import ROOT, needs_torch, run_python

PATH = ROOT / "README.rst"
README = PATH.read_text(encoding="utf-8")


def named():
    """Return the Python blocks, each with a name for its test."""
    found = []
    for n, block in enumerate(blocks(PATH, "python")[1:], 1):
        title = re.search(r"class (\w+Tests|\w+Adapter)|import (\w+)", block)
        found.append((f"{n}_{title[1] or title[2]}", block))
    return found


class ReadmeTests(unittest.TestCase):
    @parameterized.expand([each for each in named() if "import torch" not in each[1]])
    def test_example(self, _, block):
        """Each example runs, and its tests pass."""
        check_block(self, block, PATH)

    @parameterized.expand([each for each in named() if "import torch" in each[1]])
    @needs_torch
    def test_torch_example(self, _, block):
        """So do those with PyTorch."""
        check_block(self, block, PATH)

    def test_failure(self):
        """The first test prints what is shown below it."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_greetings.py").write_text(blocks(PATH, "python")[0] + "\n")
            done = run_python("-m", "unittest", cwd=folder)
        self.assertEqual(self.stable(done.stderr), self.stable(blocks(PATH, "text")[0]))

    def test_failures_are_those_of_the_page(self):
        """The other texts are among those that the page on explanations has, and a test compares."""
        shown = blocks(PATH, "text")[1:]
        self.assertGreater(len(shown), 5)
        self.assertLessEqual(set(shown), set(blocks(ROOT / "docs" / "explanations.rst", "text")))

    def stable(self, text):
        """Leave out of *text* what differs from one Python, machine or run to another."""
        lines = [line for line in text.strip().splitlines() if line.strip(" ^~")]
        text = "\n".join(lines)
        text = re.sub(r'File ".*?([^/\\]+\.py)"', r'File "\1"', text)
        text = re.sub(r"(FAIL: \w+ )\(.*\)", r"\1", text)
        return re.sub(r"in \d+\.\d+s", "in a moment", text)

    def test_every_public_name_has_a_guide(self):
        """A name that can be imported is explained."""
        for name in cachetest.__all__:
            self.assertIn(f"``{name}``", README)

    def test_two_commands(self):
        """Each of the two commands is one line that begins with making a virtual environment."""
        commands = blocks(PATH, "shell")
        self.assertEqual(len(commands), 2)
        for command in commands:
            self.assertTrue(command.startswith("python3 -m venv "))
            self.assertNotIn("\n", command)


if __name__ == "__main__":
    unittest.main()

"""What the README shows is what happens."""

import functools
import re
import tempfile
import unittest
import warnings
from pathlib import Path

from docutils.core import publish_doctree
from docutils.nodes import literal_block
from parameterized import parameterized

import cachetest

from .support import ROOT, needs_torch, run_case, run_python

README = (ROOT / "README.rst").read_text(encoding="utf-8")


@functools.cache
def blocks(language):
    """Return the code blocks in *language*, in their order."""
    tree = publish_doctree(README, settings_overrides={"report_level": 2, "halt_level": 2})
    return [block.astext() for block in tree.findall(literal_block) if language in block["classes"]]


def named():
    """Return the Python blocks, each with a name for its test."""
    found = []
    for n, block in enumerate(blocks("python")[1:], 1):
        title = re.search(r"class (\w+Tests|\w+Adapter)|import (\w+)", block)
        found.append((f"{n}_{title[1] or title[2]}", block))
    return found


def run_block(block):
    """Run *block* as a module, and the tests that it defines."""
    names = {"__name__": "readme"}
    exec(compile(block, "README.rst", "exec"), names)
    cases = [
        each
        for each in names.values()
        if isinstance(each, type) and issubclass(each, unittest.TestCase) and each.__module__ == "readme"
    ]
    return run_case(
        unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in cases)
    )


class ReadmeTests(unittest.TestCase):
    def check(self, block):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            result = run_block(block)
        self.assertTrue(result.wasSuccessful(), result.failures + result.errors)
        if "def test_" in block:
            self.assertGreater(result.testsRun, 0)

    @parameterized.expand([each for each in named() if "import torch" not in each[1]])
    def test_example(self, _, block):
        """Each example runs, and its tests pass."""
        self.check(block)

    @parameterized.expand([each for each in named() if "import torch" in each[1]])
    @needs_torch
    def test_torch_example(self, _, block):
        """So do those with PyTorch."""
        self.check(block)

    def test_failure(self):
        """The first test prints what is shown below it."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_greetings.py").write_text(blocks("python")[0] + "\n")
            done = run_python("-m", "unittest", cwd=folder)
        self.assertEqual(self.stable(done.stderr), self.stable(blocks("text")[0]))

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
        commands = blocks("shell")
        self.assertEqual(len(commands), 2)
        for command in commands:
            self.assertTrue(command.startswith("python3 -m venv "))
            self.assertNotIn("\n", command)


if __name__ == "__main__":
    unittest.main()

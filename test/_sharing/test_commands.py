"""Which commands start a Python."""

import os
import sys
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from cachetest._sharing.commands import python_command

PYTHON = sys.executable


class PythonCommandTests(unittest.TestCase):
    @parameterized.expand(
        [
            ([PYTHON, "x.py"], None, False),
            (PYTHON, None, False),
            (["python3.11", "-m", "shop"], None, False),
            (["shop"], PYTHON, False),
            ([b"/usr/bin/python3", b"x.py"], None, False),
            ([Path("/usr/bin/python3"), "x.py"], None, False),
            (["env", "-i", "A=1", "python", "x.py"], None, False),
            (["timeout", "5", "python", "x.py"], None, False),
            (["bash", "-c", "cd /; python x.py"], None, False),
            ("python x.py", None, True),
            ("A=1 exec python3 x.py", None, True),
            ("true && pypy3 x.py", None, True),
            (["python -c pass"], None, True),
        ]
    )
    def test_python(self, args, executable, shell):
        """These do."""
        self.assertIsNotNone(python_command(args, executable, shell))

    @parameterized.expand(
        [
            (["git", "grep", "python"], None, False),
            (["ls", PYTHON], None, False),
            ("which python", None, True),
            ("echo 'a python b'", None, True),
            (["g++", "-I/usr/include/python3.11", "x.cpp"], None, False),
            ([PYTHON, "--version"], None, False),
            (["sh", "-c", "ls python"], None, False),
            ([], None, False),
            ([3], None, False),
            (["env"], None, False),
        ]
    )
    def test_no_python(self, args, executable, shell):
        """These don't."""
        self.assertIsNone(python_command(args, executable, shell))

    @parameterized.expand(
        [
            ("#!/usr/bin/env python3\n", True),
            (f"#!{PYTHON}\n", True),
            ("#!/bin/sh\n", False),
            ("no script", False),
        ]
    )
    def test_script(self, line, expected):
        """A script is what its first line names."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "shop")
            script.write_text(line, encoding="utf-8")
            script.chmod(0o700)
            self.assertIs(python_command([os.fspath(script)], None, shell=False) is not None, expected)

    def test_shown(self):
        """A long command is cut."""
        found = python_command([PYTHON, "-c", "x" * 1_000], None, shell=False)
        self.assertLess(len(found.shown), 130)
        self.assertTrue(found.is_this_python)

    def test_another_name(self):
        """By another name it may be of another environment, and have other packages."""
        self.assertFalse(python_command(["shop"], PYTHON, shell=False).is_this_python)


if __name__ == "__main__":
    unittest.main()

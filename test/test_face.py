"""The face of the package: its public names, loaded when they are used."""

import unittest
from pathlib import Path

import cachetest

from .support import run_python


class FaceTests(unittest.TestCase):
    def test_loads_nothing_it_tests(self):
        """`import cachetest` loads no library under test, no test runner, and nothing slow."""
        done = run_python(
            "-c",
            "import sys, cachetest\n"
            "slow = {'torch', 'triton', 'django', 'redis', 'numpy', 'pytest', 'hypothesis', 'asyncio',\n"
            "        'concurrent', 'unittest.mock', 'typing_extensions', 'parameterized'}\n"
            "print(sorted(slow & set(sys.modules)))",
        )
        self.assertEqual(done.stdout.strip(), "[]", done.stderr)

    def test_public_names(self):
        """__all__ is sorted, complete and importable, and names say where users get them."""
        self.assertEqual(cachetest.__all__, sorted(cachetest.__all__))
        for name in cachetest.__all__:
            self.assertIn(name, dir(cachetest))
            self.assertTrue(hasattr(cachetest, name), name)
        with self.assertRaisesRegex(AttributeError, "has no attribute 'nothing'"):
            cachetest.nothing  # noqa: B018

    def test_star_import(self):
        """`from cachetest import *` gives all of them."""
        names = {}
        exec("from cachetest import *", names)
        self.assertEqual(set(names) - {"__builtins__"}, set(cachetest.__all__))

    def test_ready_for_type_checkers(self):
        """The package says that it is typed."""
        self.assertTrue(Path(cachetest.__file__).with_name("py.typed").is_file())


if __name__ == "__main__":
    unittest.main()

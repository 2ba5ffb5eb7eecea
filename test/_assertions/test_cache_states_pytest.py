"""Tests of each state under pytest."""

import tempfile
import unittest
from pathlib import Path

from ..support import BY_PYTEST
from ..warm import run_runner


class PytestTests(unittest.TestCase):
    def test_pytest(self):
        """Pytest runs them, with a fixture that opens the scope before too."""
        code = (
            "import pytest\nfrom cachetest import CacheTestCase, MockBackend, cache_states\n"
            "prices = MockBackend('prices')\n"
            "class Tests(CacheTestCase):\n"
            "    @pytest.fixture(autouse=True)\n"
            "    def given(self):\n        self.value = 4\n"
            "    def setUp(self):\n        self.more = 1\n"
            "    def tearDown(self):\n        del self.more\n"
            "    @cache_states('cold', 'warm', 'off', 'failing')\n"
            "    def test_it(self):\n"
            "        try:\n            found = prices.get('lamp')\n"
            "        except ConnectionError:\n            found = 'down'\n"
            "        else:\n            prices.put('lamp', self.value + self.more)\n"
            "        print('found', found)\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "test_it.py").write_text(code, encoding="utf-8")
            done = run_runner(*BY_PYTEST, "-qs", "-p", "no:randomly", cwd=folder)
        self.assertIn("4 passed", done.stdout)
        found = [line.partition("found ")[2] for line in done.stdout.splitlines() if "found " in line]
        self.assertCountEqual(found, ["None", "None", "5", "None", "down"])


if __name__ == "__main__":
    unittest.main()

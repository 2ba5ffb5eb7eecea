"""The tests of the distribution in `third_party`: an adapter that comes from elsewhere, and its contract."""

from __future__ import annotations

import unittest
from pathlib import Path

FOLDER = str(Path(__file__).with_name("third_party"))


def load_tests(_loader: unittest.TestLoader, _tests: object, _pattern: object) -> unittest.TestSuite:
    # A loader of its own: the one that runs this is in the middle of another folder.
    return unittest.TestLoader().discover(FOLDER, top_level_dir=FOLDER)


if __name__ == "__main__":
    unittest.main()

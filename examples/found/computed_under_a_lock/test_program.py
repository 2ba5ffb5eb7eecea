"""Many callers at once compute a square once."""

import unittest

import program

from cachetest import CacheTestCase
from cachetest.adapters import Cachetools


class SquareTests(CacheTestCase):
    patch_caches = (Cachetools(squares="program:squares"),)

    def test_square(self):
        """Of three callers that find nothing, one computes."""
        self.assertCacheSingleFlight("squares", lambda: program.square(3), callers=3, load=program.square)


if __name__ == "__main__":
    unittest.main()

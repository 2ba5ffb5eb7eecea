"""What an update changes is not served from an old entry."""

import unittest

import program

from cachetest import CacheTestCase
from cachetest.adapters import Cachetools


class UpdateTests(CacheTestCase):
    patch_caches = (Cachetools(prices="program:prices"),)

    def test_total(self):
        """The total is that of the new prices."""
        self.assertCacheFresh(program.total, after=lambda: program.update("lamp", 5.0))


if __name__ == "__main__":
    unittest.main()

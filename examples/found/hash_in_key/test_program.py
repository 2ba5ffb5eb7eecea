"""What one process has searched for is found by the next."""

import unittest

import program

from cachetest import CacheTestCase
from cachetest.adapters import Cachetools


class KeyTests(CacheTestCase):
    patch_caches = (Cachetools(results="program:results"),)

    def test_key(self):
        """The key is the same in any process."""
        self.assertCacheKeyStable("results", program.red_lamps)


if __name__ == "__main__":
    unittest.main()

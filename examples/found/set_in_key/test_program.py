"""Articles that are kept by one process are found by the next."""

import unittest

import program

from cachetest import CacheTestCase
from cachetest.adapters import Cachetools


class KeyTests(CacheTestCase):
    patch_caches = (Cachetools(articles="program:articles"),)

    def test_key(self):
        """Tags have one order."""
        self.assertCacheKeyStable("articles", program.about_light)


if __name__ == "__main__":
    unittest.main()

"""A page is the same in any process, and so is its key."""

import unittest

import program

from cachetest import CacheTestCase
from cachetest.adapters import Cachetools


class KeyTests(CacheTestCase):
    patch_caches = (Cachetools(pages="program:pages"),)

    def test_key(self):
        """The key is that of the template, and not of where it is in memory."""
        self.assertCacheKeyStable("pages", program.front_page)


if __name__ == "__main__":
    unittest.main()

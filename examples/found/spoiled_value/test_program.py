"""A receipt is the same whenever it is asked for."""

import unittest

import program

from cachetest import CacheTestCase
from cachetest.adapters import Functools


class ReceiptTests(CacheTestCase):
    patch_caches = (Functools(lines="program:lines"),)

    def test_receipt(self):
        """It does not depend on who has asked before."""
        self.assertCacheTransparent(lambda: program.receipt("lamp", "chair"))


if __name__ == "__main__":
    unittest.main()

"""What is in the cache at the end is what is in the table."""

import unittest

import program

from cachetest import CacheTestCase
from cachetest.adapters import Cachetools


class SellTests(CacheTestCase):
    patch_caches = (Cachetools(stock="program:stock"),)

    def test_sell(self):
        """Two that sell at once leave what two leave one after the other."""
        self.assertCacheAtomic(
            "stock",
            lambda: program.sell("lamp"),
            load=program.load,
            reset=lambda: program.table.update(lamp=10),
            most=100,
        )


if __name__ == "__main__":
    unittest.main()

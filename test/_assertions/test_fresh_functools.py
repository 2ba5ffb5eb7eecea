"""The cold read of `assertCacheFresh` is cold for a memoised function too."""

import functools
import unittest

from cachetest import CacheTestCase
from cachetest.adapters import Functools

from ..support import run_method


class FunctoolsTests(unittest.TestCase):
    def test_memoised(self):
        table = {"lamp": 4.0}

        @functools.cache
        def price(item):
            return table[item]

        _, result = run_method(
            CacheTestCase,
            lambda case: case.assertCacheFresh(
                functools.partial(price, "lamp"), after=functools.partial(table.update, lamp=5.0)
            ),
            patch_caches=(Functools(prices=price),),
        )
        ((_, text),) = result.failures
        self.assertIn("after the write, read() still gives 4.0; a cold read gives 5.0", text)
        self.assertIn("  its operations are not known one by one: only the counts are", text)

    def test_memoised_and_cleared(self):
        table = {"lamp": 4.0}

        @functools.cache
        def price(item):
            return table[item]

        def write():
            table["lamp"] = 5.0
            price.cache_clear()

        _, result = run_method(
            CacheTestCase,
            lambda case: case.assertCacheFresh(lambda: price("lamp"), after=write),
            patch_caches=(Functools(prices=price),),
        )
        self.assertTrue(result.wasSuccessful(), result)


if __name__ == "__main__":
    unittest.main()

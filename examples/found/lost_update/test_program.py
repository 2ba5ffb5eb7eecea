"""No visit is lost."""

import unittest

import program

from cachetest import CacheTestCase


class VisitTests(CacheTestCase):
    patch_caches = ("redis",)

    def test_visit(self):
        """Two visits at once count as two, one after the other."""
        self.assertCacheAtomic("redis", program.visit)


if __name__ == "__main__":
    unittest.main()

"""Whoever is below the limit is let in."""

import unittest

import program

from cachetest import CacheTestCase, Gone


class LimitTests(CacheTestCase):
    patch_caches = ("django",)

    def test_is_allowed(self):
        """Also where the minute is over just then."""
        self.assertCacheSurvives(lambda: program.is_allowed("ada"), faults=[Gone()])


if __name__ == "__main__":
    unittest.main()

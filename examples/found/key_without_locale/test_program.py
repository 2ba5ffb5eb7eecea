"""The key of a greeting has all in it that the greeting depends on."""

import unittest

import program

from cachetest import CacheTestCase
from cachetest.adapters import Cachetools


class KeyTests(CacheTestCase):
    patch_caches = (Cachetools(greetings="program:greetings"),)

    def test_key(self):
        """Users and locales have keys of their own."""
        self.assertCacheKeyDependsOn(
            "greetings",
            program.greeting,
            {"user": "ada", "locale": "en"},
            {"user": ["bob"], "locale": ["de"]},
        )


if __name__ == "__main__":
    unittest.main()

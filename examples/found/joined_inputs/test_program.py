"""The attempts of one user are nobody else's."""

import unittest

import program

from cachetest import CacheTestCase
from cachetest.adapters import Cachetools


class KeyTests(CacheTestCase):
    patch_caches = (Cachetools(attempts="program:attempts"),)

    def test_key(self):
        """Users and addresses have keys of their own, however they are cut."""
        self.assertCacheKeyDependsOn(
            "attempts",
            program.failed,
            {"user": "bob1", "address": "1.2.3.4"},
            {"user": ["ada"], "address": ["1.2.3.5"]},
        )


if __name__ == "__main__":
    unittest.main()

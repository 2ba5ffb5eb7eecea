"""A model answers also while the cache of its profile is down."""

import unittest

import program
import torch

from cachetest import CacheTestCase, Fails


def doubled_anew():
    """Have it compiled for shapes of two sizes, as in a process that has just begun."""
    torch.compiler.reset()
    return [program.doubled(1, 2), program.doubled(1, 2, 3)]


class DoubledTests(CacheTestCase):
    enable_caches = ("automatic_dynamic_remote_pgo",)

    def test_down(self):
        """A put that fails costs no answer."""
        self.assertCacheSurvives(doubled_anew, caches=["dynamo_pgo"], faults=[Fails(ConnectionError("down"))])


if __name__ == "__main__":
    unittest.main()

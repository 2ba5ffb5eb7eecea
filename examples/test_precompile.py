"""What Dynamo has compiled of a function, kept for the next process: `cachetest` sees it saved and loaded.

Run it with ``python -m unittest test_precompile``. It needs PyTorch 2.10 or later.
"""

import unittest

try:
    import torch
except ImportError as error:
    raise unittest.SkipTest("needs PyTorch: pip install torch") from error

from cachetest import CacheTestCase


def scale(matrix):
    return matrix @ matrix


def has_precompile():
    return tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 10)


@unittest.skipUnless(has_precompile(), "PyTorch 2.10 and later")
class PrecompileTests(CacheTestCase):
    enable_caches = ("caching_precompile", "enable_autograd_cache", "fx_graph_cache")

    def start(self):
        """Compile as a process that begins here."""
        torch.compiler.reset()
        return torch.compile(scale)(torch.ones(3, 3))

    def test_second_process_finds_what_was_compiled(self):
        with self.assertCacheDelta("precompile", puts=1, hits=0, misses=1):
            self.start()
            torch.compiler.save_cache_artifacts()
        with self.assertCacheDelta("precompile", puts=0, hits=1, misses=0):
            self.start()


if __name__ == "__main__":
    unittest.main()

"""Torch's caches off, and what it compiles the same in every state."""

import unittest

from ...support import needs_compiler
from .torch_support import TorchCacheTestCase, compile_on_new_machine, new_machine, square


@needs_compiler
class StateTests(TorchCacheTestCase):
    enable_caches = ("fx_graph_remote_cache",)

    def test_off(self):
        """With the remote cache off, nothing is found that was put before: both machines compile."""
        with self.caches.in_state("off"):
            for _ in range(2):
                compile_on_new_machine()
        self.assertCacheStats("fx_graph", puts=2, hits=0, misses=2)
        self.assertEqual(len(self.caches.fx_graph.cache), 0)

    def test_transparent(self):
        """What is computed is the same cold, warm and off."""
        import torch

        def compute():
            with new_machine():
                return torch.compile(square)(torch.ones(3, 3))

        self.assertCacheTransparent(compute, caches=("fx_graph",), equal=torch.equal)


if __name__ == "__main__":
    unittest.main()

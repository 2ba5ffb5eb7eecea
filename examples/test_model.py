"""That a second compile of a model is warm, with real PyTorch."""

from __future__ import annotations

import unittest

from cachetest import CacheTestCase

try:
    import torch
    from torch._inductor.utils import fresh_inductor_cache
except ImportError:
    torch = None  # type: ignore[assignment]


@unittest.skipIf(torch is None, "needs PyTorch: pip install torch")
class ModelTests(CacheTestCase):
    enable_caches = ("fx_graph_remote_cache",)

    def compile_on_a_new_machine(self) -> None:
        """Compile and run a model in a process that knows nothing yet but the remote caches."""
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        with fresh_inductor_cache(), torch.no_grad():
            torch.compiler.reset()
            torch.compile(model)(torch.ones(1, 4))

    def test_second_machine_is_warm(self) -> None:
        self.compile_on_a_new_machine()
        self.assertCacheStats("fx_graph", puts=1, hits=0, misses=1)
        with self.assertCacheDelta("fx_graph", puts=0, hits=1, misses=0):
            self.compile_on_a_new_machine()


if __name__ == "__main__":
    unittest.main()

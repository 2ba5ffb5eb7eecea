"""That a model compiled before is warm: on this disk, and on another machine that is given the artifacts."""

from __future__ import annotations

import unittest

from cachetest import CacheTestCase

try:
    import torch
    from torch._inductor.utils import fresh_inductor_cache
except ImportError:
    torch = None  # type: ignore[assignment]


@unittest.skipIf(torch is None, "needs PyTorch: pip install torch")
class CompileCacheTests(CacheTestCase):
    enable_caches = ("fx_graph_cache", "enable_autograd_cache")

    def compile(self) -> None:
        """Compile and run a model, as a process does that has just begun."""
        torch.compiler.reset()
        torch.manual_seed(0)
        model = torch.nn.Linear(4, 2)
        with torch.no_grad():
            torch.compile(model)(torch.ones(1, 4))

    def test_warm_after_a_reset(self) -> None:
        self.compile()
        self.assertCacheStats("fx_graph_local", puts=1, hits=0, misses=1)
        with self.assertCacheDelta("fx_graph_local", puts=0, hits=1, misses=0):
            self.compile()

    @unittest.skipUnless(hasattr(getattr(torch, "compiler", None), "save_cache_artifacts"), "needs torch 2.7")
    def test_artifacts_warm_another_machine(self) -> None:
        self.compile()
        with self.assertCacheDelta("mega_cache", puts=2):
            saved = torch.compiler.save_cache_artifacts()
        assert saved is not None
        with fresh_inductor_cache():  # another machine: its disk is empty
            with self.assertCacheDelta("mega_cache", hits=2, misses=0):
                torch.compiler.load_cache_artifacts(saved[0])
            with self.assertCacheDelta("aot_autograd_local", puts=0, hits=1, misses=0):
                self.compile()


if __name__ == "__main__":
    unittest.main()

"""What the tests of a serving engine assert of its compile caches, on plain PyTorch."""

from __future__ import annotations

import unittest

from cachetest import CacheTestCase

try:
    import torch
    from torch._inductor.utils import fresh_inductor_cache
except ImportError:
    torch = None  # type: ignore[assignment]


def start_engine(layers: int = 1, sizes: tuple[int, ...] = (1,)) -> None:
    """Compile a model for each batch size, as on a machine whose own disk has nothing yet."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(*(torch.nn.Linear(4, 4) for _ in range(layers)))
    with fresh_inductor_cache(), torch.no_grad():
        torch.compiler.reset()
        compiled = torch.compile(model, dynamic=False)
        for size in sizes:
            compiled(torch.ones(size, 4))


@unittest.skipIf(torch is None, "needs PyTorch: pip install torch")
class ServingTests(CacheTestCase):
    enable_caches = ("fx_graph_remote_cache",)

    def test_cold_start(self) -> None:
        """A cold start looks up and stores an artifact for each batch size, and no two are the same."""
        start_engine(sizes=(2, 3))
        self.assertCacheStats("fx_graph", puts=2, hits=0, misses=2)
        self.assertEqual(len(self.caches.fx_graph.cache), 2)

    def test_warm_start(self) -> None:
        """A warm start stores nothing, and finds all that it looks up."""
        start_engine(sizes=(2, 3))
        with self.assertCacheDelta("fx_graph", puts=0, hits=2, misses=0):
            start_engine(sizes=(2, 3))

    def test_other_model(self) -> None:
        """Another model does not find the artifacts of the first one."""
        start_engine()
        with self.assertCacheDelta("fx_graph", puts=1, hits=0, misses=1):
            start_engine(layers=2)

    def test_new_batch_size(self) -> None:
        """One more batch size costs one compile."""
        start_engine(sizes=(2,))
        with self.assertCacheDelta("fx_graph", puts=1, hits=1, misses=1):
            start_engine(sizes=(2, 3))


if __name__ == "__main__":
    unittest.main()

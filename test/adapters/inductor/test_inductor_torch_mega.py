"""Artifacts that are saved and loaded (torch's mega-cache), with real torch."""

from __future__ import annotations

import unittest
from typing import Any

from cachetest import Fails

from .torch_support import TorchCacheTestCase, lacks, new_machine, ones, square


def compile_once() -> None:
    import torch

    torch.compile(square)(ones(3, 3))


class MegaCacheTests(TorchCacheTestCase):
    enable_caches = ("fx_graph_cache", "enable_autograd_cache")

    def setUp(self) -> None:
        super().setUp()
        import torch

        if not hasattr(torch.compiler, "save_cache_artifacts"):
            raise lacks("torch.compiler.save_cache_artifacts")

    def saved(self) -> Any:
        import torch

        with new_machine():
            compile_once()
            return torch.compiler.save_cache_artifacts()

    def test_another_machine(self) -> None:
        """What is saved is put, what is loaded is hit: as many as torch says; the other machine is warm."""
        import torch

        data, info = self.saved()
        names = [f"{kind}/{key}" for kind, keys in info.artifacts.items() for key in keys]
        self.assertEqual([each.key for each in self.caches.mega_cache.operations], names)
        with new_machine():
            with self.assertCacheDelta("mega_cache", puts=0, hits=len(names), misses=0):
                self.assertEqual(torch.compiler.load_cache_artifacts(data).artifacts, info.artifacts)
            with (
                self.assertCacheDelta("fx_graph_local", puts=0, hits=1, misses=0),
                self.assertCacheDelta("aot_autograd_local", puts=0, hits=1, misses=0),
            ):
                compile_once()

    def test_own_artifacts(self) -> None:
        """A test saves what it has compiled, and not what others have."""
        import torch

        self.assertIsNone(torch.compiler.save_cache_artifacts())
        _, info = self.saved()
        self.assertEqual(sum(map(len, info.artifacts.values())), 2)
        self.assertCacheStats("mega_cache", puts=2, hits=0, misses=0)

    def test_damaged(self) -> None:
        """Bytes that torch can't decode are found and refused."""
        import torch

        data, _ = self.saved()
        with self.assertCacheDelta("mega_cache", puts=0, hits=1, misses=0, refusals=1):
            self.assertIsNone(torch.compiler.load_cache_artifacts(data[: len(data) // 2]))
        self.assertIn("can't be decoded", str(self.caches.mega_cache.explain()))

    def test_unused(self) -> None:
        with self.assertRaisesRegex(AssertionError, "torch compiled nothing"):
            self.assertCacheStats("mega_cache", puts=1)

    def test_elsewhere(self) -> None:
        """An artifact that the test has not saved came from elsewhere, and no fault strikes it."""
        import torch

        data, _ = self.saved()
        self.caches.reset()
        torch.compiler.load_cache_artifacts(data)
        with self.assertRaisesRegex(AssertionError, "it comes from artifacts that were not saved in this"):
            self.assertCacheStats("mega_cache", hits=0)
        with self.assertRaisesRegex(TypeError, "the artifacts are bytes that the program has"):
            self.caches.mega_cache.inject(Fails())


class ReleaseWithoutTests(TorchCacheTestCase):
    def test_told(self) -> None:
        """Where the release has no such cache, that is why it was not used."""
        import torch

        if hasattr(torch.compiler, "save_cache_artifacts"):
            self.skipTest("this torch has it")
        with self.assertRaisesRegex(AssertionError, "has no such cache: it came with 2.7"):
            self.assertCacheStats("mega_cache", puts=1)


if __name__ == "__main__":
    unittest.main()

"""The local cache of Dynamo's profile with real torch: mocked in a test case, each test its own."""

from __future__ import annotations

import os
import unittest
from typing import Any

from parameterized import parameterized

from cachetest import Damaged, Fails, PatchCaches

from .torch_support import TorchCacheTestCase, config, new_machine, ones, square


def profile(function: Any = square) -> None:
    """Compile *function* twice, the second time for another size, as a process that begins there."""
    import torch

    torch._dynamo.reset()
    compiled = torch.compile(function, backend="eager")
    compiled(ones(3, 3))
    compiled(ones(4, 4))


class ProfileTests(TorchCacheTestCase):
    enable_caches = ("automatic_dynamic_local_pgo",)

    def setUp(self) -> None:
        super().setUp()
        for each in (new_machine(), config("torch.compiler.config", job_id="job")):
            each.__enter__()
            self.addCleanup(each.__exit__, None, None, None)

    def kinds(self) -> list[str]:
        return [each.kind for each in self.caches.dynamo_pgo_local.operations]

    @parameterized.expand([("first",), ("second",)])
    def test_cold_and_warm(self, _: str) -> None:
        """A test begins cold, whatever another has profiled; each new size is one put, until it is known."""
        profile()
        self.assertEqual(self.kinds(), ["miss", "put", "put"])
        with self.assertCacheDelta("dynamo_pgo_local", hits=1, misses=0, puts=0):
            profile()

    def test_no_file(self) -> None:
        """Nothing of it is on the disk."""
        from torch._inductor.runtime.runtime_utils import cache_dir

        profile()
        folder = os.path.join(cache_dir(), "dynamo")
        self.assertEqual(os.listdir(folder) if os.path.isdir(folder) else [], [])

    def test_another_job(self) -> None:
        profile()
        with config("torch.compiler.config", job_id="other"):
            profile()
        self.assertCacheStats("dynamo_pgo_local", hits=0, misses=2)
        self.assertIn("job_id: 'job' -> 'other'", str(self.caches.dynamo_pgo_local.explain()))

    def test_damaged(self) -> None:
        """A file that can't be decoded is a hit and a refusal, and torch profiles anew."""
        profile()
        with self.caches.dynamo_pgo_local.inject(Damaged(), on="get"), self.assertLogs("torch._dynamo.pgo"):
            profile()
        self.assertEqual(self.kinds()[3:], ["hit", "refusal", "put", "put"])
        self.assertIn("not used: it can't be decoded", str(self.caches.dynamo_pgo_local.explain()))

    def test_unreadable(self) -> None:
        """A file that can't be read is logged by torch, which goes on without it."""
        profile()
        with self.caches.dynamo_pgo_local.inject(Fails(), on="get"), self.assertLogs("torch._dynamo.pgo"):
            profile()
        self.assertEqual(self.kinds()[3:], ["failure", "put", "put"])

    def test_fresh_cache(self) -> None:
        profile()
        with new_machine():
            profile()
        self.assertCacheStats("dynamo_pgo_local", hits=0, misses=2)
        self.assertIn("1 -> 2", str(self.caches.dynamo_pgo_local.explain()))

    def test_no_job(self) -> None:
        with config("torch.compiler.config", job_id=None):
            profile()
        self.assertEqual(
            self.caches.dynamo_pgo_local.history().why_unused(),
            ["torch has no key for a profile: torch.compiler.config.job_id names no job"],
        )

    def test_switch_off(self) -> None:
        with config("torch._dynamo.config", automatic_dynamic_local_pgo=False):
            profile()
            lines = self.caches.dynamo_pgo_local.history().why_unused()
        self.assertEqual(
            lines[0], "the switch automatic_dynamic_local_pgo is off here: name it in enable_caches"
        )

    def test_drop_in(self) -> None:
        """The drop-in leaves the file to torch."""
        from cachetest import mock_cache

        with mock_cache.PatchCaches(), config("torch._dynamo.config", automatic_dynamic_local_pgo=True):
            profile()
            from torch._inductor.runtime.runtime_utils import cache_dir

            self.assertIn("code_state", " ".join(os.listdir(os.path.join(cache_dir(), "dynamo"))))
        self.assertCacheStats("dynamo_pgo_local", puts=0, hits=0, misses=0)

    def test_remote_is_asked_where_it_misses(self) -> None:
        enabled = ("automatic_dynamic_local_pgo", "automatic_dynamic_remote_pgo")
        with PatchCaches("inductor", enable=enabled) as patch:
            profile()
            self.assertEqual(patch.caches.dynamo_pgo.num_get_miss, 1)
            patch.caches.dynamo_pgo_local.cache.clear()
            profile()
            self.assertEqual(patch.caches.dynamo_pgo.num_get_hit, 1)


if __name__ == "__main__":
    unittest.main()

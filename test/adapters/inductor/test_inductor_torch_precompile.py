"""The local cache of precompile with real torch: mocked in a test case, each test its own."""

from __future__ import annotations

import importlib
import os
import unittest
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, Damaged, Fails

from ...support import run_method
from .torch_support import TorchCacheTestCase, config, cube, load_torch, new_machine, ones, square

PACKAGE = "torch._dynamo.package"


def compile_and_save(function: Any = square) -> None:
    """Compile *function* as a process that begins there, and have what was compiled written."""
    import torch
    from torch._C._dynamo.eval_frame import _reset_precompile_entries
    from torch._dynamo.precompile_context import PrecompileContext

    PrecompileContext.clear()
    # What was loaded before is on the function itself, and stays there when Dynamo is reset.
    _reset_precompile_entries(function.__code__)
    torch._dynamo.reset()
    torch.compile(function)(ones(3, 3))
    torch.compiler.save_cache_artifacts()


def has_counters() -> bool:
    from torch._dynamo import package

    return hasattr(package, "counters")


def _release() -> list[int]:
    """Return the release of torch that is installed. It is not imported for that."""
    try:
        return [int(part) for part in version("torch").split(".")[:2]]
    except PackageNotFoundError:
        return []


# Torch 2.9 has the cache, and writes it by no public function.
@unittest.skipIf(_release() and _release() < [2, 10], "torch saves what precompile has since 2.10")
class PrecompileTests(TorchCacheTestCase):
    enable_caches = ("caching_precompile", "enable_autograd_cache", "fx_graph_cache")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        importlib.import_module(PACKAGE)

    def setUp(self) -> None:
        super().setUp()
        from torch._dynamo.utils import counters

        counters.clear()
        machine = new_machine()
        machine.__enter__()
        self.addCleanup(machine.__exit__, None, None, None)

    def kinds(self) -> list[str]:
        return [each.kind for each in self.caches.precompile.operations]

    def assert_counted(self, **expected: int) -> None:
        """Torch's own counts, where it has some."""
        from torch._dynamo.utils import counters

        if has_counters():
            found = {name.removeprefix("dynamo_cache_"): n for name, n in counters["dynamo_cache"].items()}
            self.assertEqual(found, expected)

    @parameterized.expand([("first",), ("second",)])
    def test_cold_and_warm(self, _: str) -> None:
        """A test begins cold, whatever another has compiled; its counts are torch's own."""
        compile_and_save()
        self.assertEqual(self.kinds(), ["miss", "put"])
        with self.assertCacheDelta("precompile", hits=1, misses=0):
            compile_and_save()
        self.assert_counted(hit=1, miss=1)

    def test_no_file(self) -> None:
        """Nothing of it is on the disk, where torch's own entries are."""
        from torch._inductor.runtime.runtime_utils import cache_dir

        compile_and_save()
        folder = os.path.join(cache_dir(), "dynamo")
        self.assertEqual(os.listdir(folder) if os.path.isdir(folder) else [], [])

    def test_another_function(self) -> None:
        compile_and_save()
        compile_and_save(cube)
        self.assertCacheStats("precompile", hits=0, misses=2)
        self.assertIn("function: square -> cube", str(self.caches.precompile.explain()))

    def test_damaged(self) -> None:
        """A file that can't be decoded is a hit and a refusal; torch counts an error."""
        compile_and_save()
        with self.caches.precompile.inject(Damaged(), on="get"), self.assertLogs(PACKAGE):
            compile_and_save()
        self.assertEqual(self.kinds()[2:4], ["hit", "refusal"])
        self.assertIn("not used: it can't be decoded", str(self.caches.precompile.explain()))
        self.assert_counted(error=1, miss=1)

    def test_unreadable(self) -> None:
        compile_and_save()
        with self.caches.precompile.inject(Fails(), on="get"), self.assertLogs(PACKAGE):
            compile_and_save()
        self.assertEqual(self.kinds()[2], "failure")
        self.assert_counted(error=1, miss=1)

    def test_other_version(self) -> None:
        """An entry that torch loads, and does not take up, is refused: torch counts a hit."""
        from torch._dynamo import package

        compile_and_save()
        error = RuntimeError("made by another Python")
        with mock.patch.object(package._DynamoCacheEntry, "check_versions", side_effect=error):
            compile_and_save()
        self.assertEqual(self.kinds()[2:4], ["hit", "refusal"])
        self.assertIn("not used: RuntimeError: made by another Python", str(self.caches.precompile.explain()))
        self.assert_counted(hit=1, miss=1)

    def test_fresh_cache(self) -> None:
        compile_and_save()
        with new_machine():
            compile_and_save()
        self.assertCacheStats("precompile", hits=0, misses=2)
        self.assertIn("1 -> 2", str(self.caches.precompile.explain()))

    def test_read_and_clear(self) -> None:
        """What a program asks for by its key is counted too, and what it clears is deleted."""
        from torch._dynamo.package import DynamoCache

        compile_and_save()
        (key,) = self.caches.precompile.cache
        with self.assertCacheDelta("precompile", hits=1):
            DynamoCache.load_cache_entry(key)
        DynamoCache.clear()
        with self.assertRaises(RuntimeError):
            DynamoCache.load_cache_entry(key)
        self.assertEqual(self.kinds()[-3:], ["hit", "delete", "miss"])

    def test_switch_off(self) -> None:
        with config("torch._dynamo.config", caching_precompile=False):
            compile_and_save()
            lines = self.caches.precompile.history().why_unused()
        self.assertIn("the switch caching_precompile is off here: name it in enable_caches", lines)


class LackingTests(TorchCacheTestCase):
    def test_lacking(self) -> None:
        """A release that has no precompile says so at the call."""
        load_torch()
        if "caching_precompile" in importlib.import_module("torch._dynamo.config")._config:
            raise unittest.SkipTest("this torch has precompile")
        _, result = run_method(CacheTestCase, lambda case: None, enable_caches=["caching_precompile"])
        self.assertIn("SwitchError", result.errors[0][1])
        self.assertIn("caching_precompile", result.errors[0][1])


if __name__ == "__main__":
    unittest.main()

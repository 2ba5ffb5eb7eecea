"""The caches of torch's memoizers, and its file of autotuning, with real torch: each test its own."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from parameterized import parameterized

from cachetest import Damaged, Fails

from .torch_support import TorchCacheTestCase, config, lacks, new_machine

CACHING = "torch._inductor.runtime.caching"


class MemoizerTests(TorchCacheTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if importlib.util.find_spec(CACHING) is None:
            raise lacks(CACHING)

    def setUp(self) -> None:
        super().setUp()
        # Torch asks the environment once in a process.
        enabled = mock.patch(f"{CACHING}.config.IS_CACHING_MODULE_ENABLED", lambda: True)
        enabled.start()
        self.addCleanup(enabled.stop)
        self.calls: list[int] = []
        module = importlib.import_module(CACHING)
        self.memoizer = module.PersistentMemoizer(sub_dir=Path("of a test"))

        @self.memoizer.memoize()
        def double(number: int) -> int:
            self.calls.append(number)
            return 2 * number

        self.double = double

    @parameterized.expand([("first",), ("second",)])
    def test_cold_and_warm(self, _: str) -> None:
        """Torch looks in memory first, and then on the disk; nothing is on the real one."""
        self.assertEqual([self.double(1), self.double(1)], [2, 2])
        self.assertEqual(self.calls, [1])
        # Torch reads from memory what it writes to the disk.
        self.assertCacheStats("memoizer_memory", puts=1, hits=2, misses=1)
        self.assertCacheStats("memoizer_disk", puts=1, hits=0, misses=1)
        self.assertFalse(self.memoizer._disk_cache._cache_dir.exists())

    def test_warm_from_disk(self) -> None:
        self.double(1)
        self.caches.memoizer_memory.cache.clear()
        with self.assertCacheDelta("memoizer_disk", hits=1):
            self.assertEqual(self.double(1), 2)
        self.assertEqual(self.calls, [1])

    def test_other_arguments(self) -> None:
        self.double(1)
        self.double(2)
        self.assertCacheStats("memoizer_disk", puts=2, hits=0, misses=2)
        self.assertIn("arguments: ", str(self.caches.memoizer_memory.explain()))

    def test_another_memoizer(self) -> None:
        """It has entries of its own, for the same arguments."""
        other = importlib.import_module(CACHING).Memoizer()
        self.double(1)
        self.assertEqual(other.memoize()(lambda number: number)(1), 1)
        self.assertIn("memoizer: 1 -> 2", str(self.caches.memoizer_memory.explain()))

    def test_damaged(self) -> None:
        self.double(1)
        self.caches.memoizer_memory.cache.clear()
        with self.caches.memoizer_disk.inject(Damaged(), on="get"):
            with self.assertRaises(pickle.UnpicklingError):
                self.double(1)
        self.assertIn("not used: it can't be decoded", str(self.caches.memoizer_disk.explain()))

    def test_another_format(self) -> None:
        """Torch removes a file whose header is another, and writes it anew."""
        self.double(1)
        self.caches.memoizer_memory.cache.clear()
        (key,) = self.caches.memoizer_disk.cache
        self.caches.memoizer_disk.cache[key] = b"????" + self.caches.memoizer_disk.cache[key][4:]
        self.double(1)
        kinds = [each.kind for each in self.caches.memoizer_disk.operations]
        self.assertEqual(kinds, ["miss", "put", "hit", "refusal", "delete", "put"])

    def test_unreadable(self) -> None:
        with self.caches.memoizer_disk.inject(Fails(), on="get"), self.assertRaises(OSError):
            self.double(1)

    def test_fresh_cache(self) -> None:
        """It empties both, and leaves the real disk alone."""
        folder = self.memoizer._disk_cache._cache_dir
        folder.mkdir(parents=True)
        self.addCleanup(folder.rmdir)
        self.double(1)
        with new_machine():
            self.double(1)
        self.assertCacheStats("memoizer_memory", misses=2)
        self.assertCacheStats("memoizer_disk", misses=2)
        self.assertTrue(folder.exists())

    def test_off(self) -> None:
        with mock.patch(f"{CACHING}.config.IS_CACHING_MODULE_ENABLED", lambda: False):
            lines = self.caches.memoizer_disk.history().why_unused()
        self.assertIn("TORCHINDUCTOR_ENABLE_CACHING_MODULE is not 1 in the environment", lines[-1])


class Choice:
    """One choice for an operation, as far as torch's cache asks it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def hash_key(self) -> str:
        return self.name


class AutotuneFileTests(TorchCacheTestCase):
    enable_caches = ("autotune_local_cache",)

    def setUp(self) -> None:
        super().setUp()
        machine = new_machine()
        machine.__enter__()
        self.addCleanup(machine.__exit__, None, None, None)
        # Torch 2.6 looks at it only then.
        tuning = config("torch._inductor.config", max_autotune=True)
        tuning.__enter__()
        self.addCleanup(tuning.__exit__, None, None, None)
        self.measured: list[Any] = []

    def look_up(self, *names: str, op: str = "mm", inputs: str = "3x3") -> dict[str, float]:
        """Look up what was measured of the choices called *names*, as torch does."""
        from torch._inductor.codecache import PersistentCache

        def benchmark(choices: Any) -> dict[Any, float]:
            self.measured.append(choices)
            return {each: float(number) for number, each in enumerate(choices)}

        chosen: Any = [Choice(name) for name in names]
        found = PersistentCache().lookup(chosen, op, inputs, benchmark)
        return {each.hash_key(): seconds for each, seconds in found.items()}

    @parameterized.expand([("first",), ("second",)])
    def test_cold_and_warm(self, _: str) -> None:
        self.assertEqual(self.look_up("a", "b"), {"a": 0.0, "b": 1.0})
        with self.assertCacheDelta("autotune_file", hits=1, misses=0, puts=0):
            self.assertEqual(self.look_up("a", "b"), {"a": 0.0, "b": 1.0})
        self.assertEqual(len(self.measured), 1)
        from torch._inductor.codecache import PersistentCache

        self.assertFalse(PersistentCache.get_local_cache_path().exists())

    def test_other_inputs(self) -> None:
        self.look_up("a")
        self.look_up("a", inputs="4x4")
        self.assertCacheStats("autotune_file", puts=2, hits=0, misses=2)
        self.assertIn("inputs: 3x3 -> 4x4", str(self.caches.autotune_file.explain()))

    def test_another_choice(self) -> None:
        """Torch measures all anew where it has no time of one."""
        self.look_up("a")
        self.look_up("a", "b")
        self.assertCacheStats("autotune_file", puts=2, hits=1, misses=1, refusals=1)
        self.assertIn("not used: it has no time of b", str(self.caches.autotune_file.explain()))

    def test_damaged(self) -> None:
        """Torch does not expect it: the compile fails, as it does where the file is damaged."""
        self.look_up("a")
        with self.caches.autotune_file.inject(Damaged(), on="get"), self.assertRaises(ValueError):
            self.look_up("a")
        self.assertIn("not used: it can't be decoded", str(self.caches.autotune_file.explain()))

    def test_unreadable(self) -> None:
        with self.caches.autotune_file.inject(Fails(), on="get"), self.assertRaises(OSError):
            self.look_up("a")

    def test_fresh_cache(self) -> None:
        self.look_up("a")
        with new_machine():
            self.look_up("a")
        self.assertCacheStats("autotune_file", puts=2, hits=0, misses=2)

    def test_values(self) -> None:
        """What is kept by keys of the caller's own, as the decisions to pad are in some releases."""
        from torch._inductor.codecache import LocalCache

        self.assertIsNone(LocalCache().lookup("pad"))
        LocalCache().set_value("pad", value=True)
        self.assertIs(LocalCache().lookup("pad"), True)
        self.assertCacheStats("autotune_file", puts=1, hits=1, misses=1)

    def test_switch_off(self) -> None:
        with config("torch._inductor.config", autotune_local_cache=False):
            lines = self.caches.autotune_file.history().why_unused()
        self.assertIn("the switch autotune_local_cache is off here: name it in enable_caches", lines)


if __name__ == "__main__":
    unittest.main()

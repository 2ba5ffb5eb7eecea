"""The local caches of graphs and of AOTAutograd with real torch: mocked in a test case, each test its own."""

from __future__ import annotations

import shutil
import sys
import unittest
from typing import Any

from parameterized import parameterized

from cachetest import Damaged, Fails, Gone, PatchCaches, Slow
from cachetest._telling.failures import stats_differ

from ...support import needs_torch
from .torch_support import TorchCacheTestCase, config, cube, lacks, load_torch, new_machine, ones, square

SWITCHES = ("fx_graph_cache", "enable_autograd_cache")
CACHES = ("fx_graph_local", "aot_autograd_local")


def compile_again(function: Any = square, size: int = 3, **options: Any) -> None:
    """Compile *function* anew, on the same disk, as a process that begins there."""
    import torch

    torch._dynamo.reset()
    torch.compile(function, **options)(ones(size, size))


def torch_counts() -> tuple[tuple[int, int], tuple[int, int, int]]:
    """Return torch's own counts: hits and misses of graphs; puts, hits and misses of AOTAutograd."""
    from torch._dynamo.utils import counters

    graphs, entries = counters["inductor"], counters["aot_autograd"]
    return (
        (graphs["fxgraph_cache_hit"], graphs["fxgraph_cache_miss"]),
        tuple(entries[f"autograd_cache_{kind}"] for kind in ("saved", "hit", "miss")),
    )


def keys_of(cache: Any) -> list[str]:
    return list(cache.cache)


class LocalCacheTests(TorchCacheTestCase):
    enable_caches = SWITCHES

    def setUp(self) -> None:
        super().setUp()
        from torch._dynamo.utils import counters

        counters.clear()
        # A directory that no other test has used.
        machine = new_machine()
        machine.__enter__()
        self.addCleanup(machine.__exit__, None, None, None)

    @parameterized.expand([("first",), ("second",)])
    def test_cold_and_warm(self, _: str) -> None:
        """A test begins cold, whatever another has compiled; its counts are torch's own."""
        compile_again()
        for name in CACHES:
            self.assertCacheStats(name, puts=1, hits=0, misses=1)
        self.assertEqual(torch_counts(), ((0, 1), (1, 0, 1)))
        # Warm by AOTAutograd, whose entry names a graph: both are looked up.
        compile_again()
        for name in CACHES:
            self.assertCacheStats(name, puts=1, hits=1, misses=1)
        self.assertEqual(torch_counts(), ((1, 1), (1, 1, 1)))

    def test_graphs_alone(self) -> None:
        with config("torch._functorch.config", enable_autograd_cache=False):
            compile_again()
            compile_again()
        self.assertCacheStats("fx_graph_local", puts=1, hits=1, misses=1)
        self.assertCacheStats("aot_autograd_local", puts=0, hits=0, misses=0)

    @parameterized.expand([(name,) for name in CACHES])
    def test_changed_key(self, name: str) -> None:
        """A miss names the part of the key that differs, and a function that is another."""
        compile_again()
        compile_again(size=4)
        self.assertIn("example_inputs[0] shape: [3, 3] -> [4, 4]", str(self.caches[name].explain()))
        with config("torch._inductor.config", max_autotune=True):
            compile_again()
        self.assertIn("inductor config max_autotune: False -> True", str(self.caches[name].explain()))
        compile_again(cube)
        self.assertIn("differs in", str(self.caches[name].explain()))
        self.assertCacheStats(name, puts=4, hits=0, misses=4)

    @parameterized.expand([(name,) for name in CACHES])
    def test_damaged_entry(self, name: str) -> None:
        """An entry that can't be decoded is found and refused, and made anew."""
        compile_again()
        entries = self.caches[name].cache
        for key in entries:
            entries[key] = b""
        compile_again()
        told = str(self.caches[name].explain())
        self.assertIn("and not used: it can't be decoded: EOFError", told)
        self.assertGreaterEqual(self.caches[name].num_refusal, 1)
        compile_again()
        self.assertEqual([each.kind for each in self.caches[name].operations][-1], "hit")

    def test_lost_graph(self) -> None:
        """An entry of AOTAutograd is refused whose graph is gone: both caches that may have it are named."""
        compile_again()
        self.caches.fx_graph_local.cache.clear()
        with self.assertCacheDelta("aot_autograd_local", hits=1, misses=0, refusals=1):
            compile_again()
        self.assertRegex(
            str(self.caches.aot_autograd_local.explain()),
            r"can't be had from fx_graph_local, and fx_graph_re",
        )

    def test_fresh_cache(self) -> None:
        """A new directory is cold; the miss says so, and what was before is there again afterwards."""
        compile_again()
        with new_machine():
            compile_again()
            for name in CACHES:
                self.assertIn("cache directory (fresh_cache()", str(self.caches[name].explain()))
                self.assertTrue(keys_of(self.caches[name])[-1].startswith("directory 2/"))
        compile_again()
        for name in CACHES:
            self.assertCacheStats(name, puts=2, hits=1, misses=2)

    def test_removed_directory(self) -> None:
        """What was in a directory that the program removes is gone, as the files would be."""
        from torch._inductor.runtime.runtime_utils import cache_dir

        compile_again()
        shutil.rmtree(cache_dir())
        sys.modules["torch._inductor.codecache"].PyCodeCache.cache_clear()
        compile_again()
        self.assertIn("put, then deleted by operation", str(self.caches.fx_graph_local.explain()))
        for name in CACHES:
            self.assertCacheStats(name, puts=2, hits=0, misses=2)

    @parameterized.expand([(name,) for name in CACHES])
    def test_several_guards(self, name: str) -> None:
        """Files of one key, each with guards of its own, are one entry; where all fail, that is a refusal."""
        if name == "aot_autograd_local":
            load_torch()
            owner = sys.modules["torch._functorch._aot_autograd.autograd_cache"].AOTAutogradCache
        else:
            owner = sys.modules["torch._inductor.codecache"].FxGraphCache
        if not hasattr(owner, "find_guarded_entry"):
            raise lacks("find_guarded_entry")
        for least in (4, 10):
            owner._write_to_local_cache("key", _pickled(least))
        self.assertEqual(self.caches[name].cache["key"], (_pickled(4), _pickled(10)))
        found = [owner.find_guarded_entry("key", True, None, _holds, [hint]) for hint in (3, 5, 12)]
        self.assertEqual([bool(each[0]) for each in found], [False, True, True])
        self.assertCacheStats(name, puts=2, hits=3, misses=0, refusals=1)
        self.assertIn("guards failed", str(self.caches[name].explain()))

    @parameterized.expand([(name,) for name in CACHES])
    def test_faults(self, name: str) -> None:
        """A disk that can't be read is a failure, one that is slow passes time, and what is gone misses."""
        compile_again()
        cache = self.caches[name]
        with cache.inject(Fails(), on="get", times=1):
            compile_again()
        self.assertEqual(cache.operations[2].kind, "failure")
        self.assertIn("OSError", cache.operations[2].error or "")
        with cache.inject(Slow(2), on="get", times=1):
            compile_again()
        # What is damaged stays so: a graph is looked up again where AOTAutograd could not load it.
        with cache.inject(Damaged(), on="get", times=1):
            compile_again()
        self.assertEqual(cache.num_refusal, 2 if name == "fx_graph_local" else 1)
        with cache.inject(Gone(), on="get", times=1):
            compile_again()
        self.assertEqual(cache.operations[-1].kind, "put")

    def test_remote_after_local(self) -> None:
        """The local one is asked first, the remote one where that misses, and both are put to."""
        with PatchCaches("inductor", enable=("fx_graph_cache", "fx_graph_remote_cache")) as patch:
            with config("torch._functorch.config", enable_autograd_cache=False):
                compile_again()
                compile_again()
                with new_machine():
                    compile_again()
        self.assertEqual(patch.caches.fx_graph_local.counts(), (1, 1, 2))
        self.assertEqual(patch.caches.fx_graph.counts(), (1, 1, 1))

    def test_unused(self) -> None:
        """What is off is named, and so is that nothing was compiled."""
        with config("torch._inductor.config", fx_graph_cache=False):
            with self.assertRaisesRegex(AssertionError, "the switch fx_graph_cache is off here: name it in"):
                self.assertCacheStats("fx_graph_local", hits=1)
        with self.assertRaisesRegex(AssertionError, "torch compiled nothing"):
            self.assertCacheStats("aot_autograd_local", hits=1)
        with config("torch._inductor.config", fx_graph_cache=False):
            compile_again()
            cache = self.caches.fx_graph_local
            text = stats_differ("fx_graph_local", {"hits": 1}, cache.stats, cache.history)
        self.assertIn("the switch fx_graph_cache is off here", text)

    def test_bypass(self) -> None:
        """What can't be cached is a bypass, with torch's reason."""
        with config("torch._functorch.config", enable_autograd_cache=False):
            with config("torch._inductor.config", post_grad_custom_pre_pass=lambda graph: None):
                compile_again()
        self.assertEqual([each.kind for each in self.caches.fx_graph_local.operations], ["bypass"])
        self.assertIn("custom pass", str(self.caches.fx_graph_local.operations[0].key))


class _Candidate:
    """An entry, as far as a guarded lookup reads it."""

    def __init__(self, least: int) -> None:
        self.guards_expr = f"L['s0'] >= {least}"


def _pickled(least: int) -> bytes:
    import pickle

    return pickle.dumps(_Candidate(least))


def _holds(guards: str, hints: Any) -> bool:
    return bool(hints[0] >= int(guards.rpartition(" ")[2]))


class SetUpForAllTests(TorchCacheTestCase):
    """What the class has compiled is warm in each of its tests."""

    enable_caches = SWITCHES

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.machine = new_machine()
        cls.machine.__enter__()
        cls.addClassCleanup(cls.machine.__exit__, None, None, None)
        compile_again()

    @parameterized.expand([("first",), ("second",)])
    def test_warm(self, _: str) -> None:
        compile_again()
        compile_again(cube)
        for name in CACHES:
            self.assertCacheStats(name, puts=1, hits=1, misses=1)


@needs_torch
class OtherScopeTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        load_torch()

    def test_drop_in(self) -> None:
        """The drop-in leaves the disk's caches alone: in a block of its own, and in one inside a test's."""
        from cachetest import mock_cache

        with new_machine():
            with PatchCaches("inductor", enable=SWITCHES) as around, mock_cache.PatchCaches() as inside:
                compile_again()
                self.assertNotIn("fx_graph_local", inside.caches)
                from torch._inductor.codecache import FxGraphCache

                self.assertTrue(list_of_files(FxGraphCache._get_tmp_dir()))
            for name in CACHES:
                self.assertEqual(around.caches[name].counts(), (0, 0, 0))

    def test_nothing_on_disk(self) -> None:
        """What a test compiles is not on the disk, and what is there is not seen."""
        from torch._dynamo.utils import counters
        from torch._inductor.codecache import FxGraphCache

        with new_machine():
            compile_again()
            there = list_of_files(FxGraphCache._get_tmp_dir())
            with PatchCaches("inductor", enable=SWITCHES) as patch:
                compile_again()
                compile_again(cube)
            self.assertEqual(patch.caches.fx_graph_local.counts(), (2, 0, 2))
            self.assertEqual(list_of_files(FxGraphCache._get_tmp_dir()), there)
            counters.clear()
            compile_again()
            self.assertEqual(counters["inductor"]["fxgraph_cache_hit"], 1)


def list_of_files(folder: str) -> list[str]:
    import os

    return [name for _, _, names in os.walk(folder) for name in names]


if __name__ == "__main__":
    unittest.main()

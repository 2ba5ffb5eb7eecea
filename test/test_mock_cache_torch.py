"""The drop-in for `torch._inductor.mock_cache` with real torch, used as PyTorch's own tests use that."""

from __future__ import annotations

import contextlib
import io
import pickle
import unittest
from typing import TYPE_CHECKING, Any

from parameterized import parameterized

from .adapters.inductor.torch_support import (
    cache_class,
    compile_on_new_machine,
    config_texts,
    load_torch,
    run_in_new_context,
    run_one,
    square,
    switch_values,
)
from .support import needs_torch

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGINAL_SWITCHES = (
    "fx_graph_cache",
    "fx_graph_remote_cache",
    "autotune_local_cache",
    "autotune_remote_cache",
    "bundled_autotune_remote_cache",
)
CACHES = (
    "autotune_local",
    "autotune_remote",
    "bundled_autotune",
    "fx_graph",
    "triton",
    "aot_autograd",
    "dynamo_pgo",
)


@needs_torch
class MockCacheTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        load_torch()
        from torch._inductor.test_case import TestCase

        from cachetest import mock_cache

        cls.mock_cache = mock_cache
        cls.torch_case = TestCase

        class PatchedTestCase(TestCase):
            """What a PyTorch test class with patched caches looks like."""

            def setUp(self) -> None:
                super().setUp()
                mock_cache.PatchCaches.setUp()

            def tearDown(self) -> None:
                super().tearDown()
                mock_cache.PatchCaches.tearDown()

        cls.patched_case = PatchedTestCase

    def run_inner(self, test: Callable[[Any], None]) -> None:
        """Run *test* as the only one of a PyTorch test class with patched caches."""
        run_one(type("Inner", (self.patched_case,), {"test": test}))

    def test_counts_in_the_block_and_after(self):
        """The counts are there in the block and stay after it, until the next block begins at zero."""
        from torch._inductor import config

        global_stats, Stats = self.mock_cache.global_stats, self.mock_cache.Stats

        def test(case: Any) -> None:
            with config.patch(fx_graph_remote_cache=True), self.mock_cache.PatchCaches():
                compile_on_new_machine()
                case.assertEqual(global_stats.fx_graph, Stats(1, 0, 1))
                compile_on_new_machine()
                case.assertEqual(global_stats.fx_graph, Stats(1, 1, 1))
                case.assertEqual(Stats(1, 1, 1), global_stats.fx_graph)
            case.assertEqual(global_stats.fx_graph, Stats(1, 1, 1))
            case.assertEqual(Stats(1, 1, 1), global_stats.fx_graph)
            case.assertNotEqual(global_stats.fx_graph, Stats(1, 1, 2))
            with self.mock_cache.PatchCaches():
                case.assertEqual(global_stats.fx_graph, Stats())

        self.run_inner(test)

    def test_autograd_cache(self):
        """The remote cache of AOTAutograd is counted beside that of the graphs, each on its own."""
        from torch._functorch import config as functorch_config
        from torch._inductor import config

        global_stats, Stats = self.mock_cache.global_stats, self.mock_cache.Stats

        def test(case: Any) -> None:
            with (
                config.patch(fx_graph_remote_cache=True),
                functorch_config.patch(enable_remote_autograd_cache=True),
                self.mock_cache.PatchCaches(),
            ):
                compile_on_new_machine()
                compile_on_new_machine()
            for name in ("fx_graph", "aot_autograd"):
                case.assertEqual(global_stats.get_stat(name), Stats(1, 1, 1))

        self.run_inner(test)

    def test_switches(self):
        """After setUp the five switches are off; others stay, whatever torch's own setUp had turned on."""

        def test(_case: Any) -> None:
            values.append({name: value for name, (value, _) in switch_values().items()})

        values: list[dict[str, object]] = []
        run_one(type("Inner", (self.torch_case,), {"test": test}))
        self.run_inner(test)
        self.assertIs(values[0]["fx_graph_cache"], True)
        self.assertIs(values[0]["enable_autograd_cache"], True)
        self.assertEqual(values[1], values[0] | dict.fromkeys(ORIGINAL_SWITCHES, False))

    def test_entries_after_exit(self):
        """The keys stay readable after exit, as torch composed them."""
        global_stats = self.mock_cache.global_stats

        def test(case: Any) -> None:
            with self.mock_cache.PatchCaches():
                cache_class("RemoteAutotuneCache")("the id").put("the key", {"XBLOCK": 1})
            case.assertEqual(list(global_stats.autotune_remote.cache.keys()), ["pt2:the id::the key:c1"])
            case.assertEqual(list(global_stats.autotune_local.cache.keys()), [])

        self.run_inner(test)

    def test_reset_midway(self):
        """A reset forgets counts and entries, so that the next compile is cold."""
        from torch._inductor import config

        global_stats, Stats = self.mock_cache.global_stats, self.mock_cache.Stats

        def test(case: Any) -> None:
            with config.patch(fx_graph_remote_cache=True), self.mock_cache.PatchCaches():
                for _ in range(2):
                    compile_on_new_machine()
                global_stats.reset()
                case.assertEqual(global_stats.fx_graph, Stats())
                case.assertEqual(global_stats.fx_graph.cache, {})
                compile_on_new_machine()
            case.assertEqual(global_stats.fx_graph, Stats(1, 0, 1))

        self.run_inner(test)

    def test_report(self):
        """The report goes to standard error, and names all seven caches and the entries."""
        global_stats = self.mock_cache.global_stats
        out, err = io.StringIO(), io.StringIO()

        def test(case: Any) -> None:
            with self.mock_cache.PatchCaches():
                cache_class("RemoteDynamoPGOCache")("the id").put("the key", 1)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                case.assertIsNone(global_stats.report())

        self.run_inner(test)
        self.assertEqual(out.getvalue(), "")
        for name in CACHES:
            self.assertRegex(err.getvalue(), rf"(?m)^ *{name}: ")
        self.assertIn("dynamo_pgo: puts: 1, misses: 0, hits: 0", err.getvalue())
        self.assertIn("'pt2:the id::the key:c1': b'1'", err.getvalue())

    def test_mock_backend(self):
        """The backend is one of torch's kind, and shares the cache of the name with those patched in."""
        from torch._inductor.remote_cache import RemoteCacheBackend

        global_stats, Stats = self.mock_cache.global_stats, self.mock_cache.Stats

        def test(case: Any) -> None:
            with self.mock_cache.PatchCaches():
                backend = self.mock_cache.MockBackend.with_name("fx_graph")()
                case.assertIsInstance(backend, RemoteCacheBackend)
                case.assertIsNone(backend.get("pt2:id::key:c1"))
                backend.put("pt2:id::key:c1", b"[1]")
                case.assertEqual(cache_class("RemoteFxGraphCache")("id").get("key"), [1])
            case.assertEqual(global_stats.fx_graph, Stats(1, 1, 1))

        self.run_inner(test)

    def test_subclass_of_the_backend(self):
        """A subclass has factories of its own: it stands in for nothing in a later test."""
        from torch._inductor.remote_cache import RemoteFxGraphCache

        class Broken(self.mock_cache.MockBackend):
            def _get(self, key):
                raise ConnectionError("down")

        self.assertIs(type(Broken.with_name("fx_graph")()), Broken)
        with self.mock_cache.PatchCaches():
            self.assertIsNone(RemoteFxGraphCache("id").get("key"))
            self.assertEqual(self.mock_cache.global_stats.fx_graph.num_get_miss, 1)

    def test_pickled(self):
        """A backend can be sent to another process, as the original's can."""
        made = pickle.loads(pickle.dumps(self.mock_cache.MockBackend("fx_graph")))
        self.assertIs(type(made), self.mock_cache.MockBackend)
        self.assertEqual(made.name, "fx_graph")

    def test_equal_to_the_originals_counts(self):
        """Counts of the original are equal to ours."""
        import torch._inductor.mock_cache as original

        self.assertEqual(self.mock_cache.Stats(1, 2, 3), original.Stats(1, 2, 3))
        self.assertNotEqual(self.mock_cache.Stats(1, 2, 3), original.Stats(1, 2, 4))

    @parameterized.expand([(None, None), ("fx_graph_cache", True), ("fx_graph_cache", False)])
    def test_nothing_stays(self, name, value):
        """After tearDown torch's configs read as before, with a value set by hand or without."""
        from torch._inductor import config

        def check():
            if name is not None:
                setattr(config, name, value)
            before = config_texts()
            self.mock_cache.PatchCaches.setUp()
            with self.mock_cache.PatchCaches():
                cache_class("RemoteFxGraphCache")("id").get("key")
            self.mock_cache.PatchCaches.tearDown()
            self.assertEqual(config_texts(), before)

        run_in_new_context(check)
        self.assertNotIn("backend_override_cls", vars(cache_class("RemoteFxGraphCache")))

    def test_as_the_original(self):
        """Torch's own mock_cache counts the same for the same compiles, and each sees only its own."""
        from torch._inductor import config
        from torch._inductor import mock_cache as original

        counts = []

        def test(_case: Any) -> None:
            for module in (original, self.mock_cache):
                with config.patch(fx_graph_remote_cache=True), module.PatchCaches():
                    compile_on_new_machine(square, 3, 4)
                    compile_on_new_machine(square, 3)
                counts.append([str(module.global_stats.get_stat(name)).rstrip(", ") for name in CACHES])

        self.run_inner(test)
        self.assertEqual(counts[0], counts[1])
        self.assertIn("puts: 2, misses: 2, hits: 1", counts[0])

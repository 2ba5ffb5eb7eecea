"""Why a compile misses, with real torch: the change is named in the text of the failure, on one line."""

from __future__ import annotations

import unittest
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from parameterized import parameterized

from cachetest import PatchCaches, global_stats

from .torch_support import (
    TorchCacheTestCase,
    config,
    cube,
    lacks,
    new_machine,
    ones,
    source_of,
    square,
    tag,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


def _max_autotune() -> AbstractContextManager[Any]:
    return config("torch._inductor.config", max_autotune=True)


def _functorch_flag() -> AbstractContextManager[Any]:
    return config("torch._functorch.config", cse=False)


@contextmanager
def _one_thread() -> Iterator[None]:
    import torch

    found = torch.get_num_threads()
    torch.set_num_threads(found + 1)
    try:
        yield
    finally:
        torch.set_num_threads(found)


@contextmanager
def _deterministic() -> Iterator[None]:
    import torch

    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(False)


def _no_grad() -> AbstractContextManager[Any]:
    import torch

    return torch.no_grad()


def weighed(x: Any, weight: Any) -> Any:
    return x @ weight


def sized(x: Any) -> Any:
    """Its size decides nothing, and guards on it all the same."""
    if x.shape[0] > 5:
        return x @ x
    return torch_mm(x)


def torch_mm(x: Any) -> Any:
    return x @ x


def compile_new(
    function: Callable[..., Any] = square,
    *,
    sizes: tuple[int, ...] = (3, 3),
    dtype: str = "float32",
    grad: bool = False,
    around: Callable[[], AbstractContextManager[Any]] = nullcontext,
    **options: Any,
) -> None:
    """Compile *function* on a new machine, and call it on a tensor."""
    import torch

    with new_machine(), around():
        x = ones(*sizes, dtype=getattr(torch, dtype))
        inputs = (x, ones(sizes[1], sizes[1], requires_grad=True)) if grad else (x,)
        torch.compile(function, **options)(*inputs)


CHANGES = [
    ("max_autotune", {}, {"around": _max_autotune}, "inductor config max_autotune: False -> True"),
    ("dtype", {}, {"dtype": "float64"}, "example_inputs[0] dtype: torch.float32 -> torch.float64"),
    ("shape", {}, {"sizes": (4, 4)}, "example_inputs[0] shape: [3, 3] -> [4, 4]"),
    ("tag", {}, {"around": tag}, "cache_key_tag: '' -> 'test'"),
    ("threads", {}, {"around": _one_thread}, r"number of threads (torch.set_num_threads): "),
    (
        "deterministic",
        {},
        {"around": _deterministic},
        "deterministic mode (torch.use_deterministic_algorithms): ",
    ),
    ("dynamic", {}, {"dynamic": True}, "sizes that are not fixed (dynamic shapes): none -> s"),
]


GRAPH_CHANGES = [
    ("source", {}, {"function": cube}, "graph: - "),
    (
        "no_grad",
        {"function": weighed, "grad": True},
        {"function": weighed, "grad": True, "around": _no_grad},
        "compile option is_inference: False -> True",
    ),
]


AUTOGRAD_CHANGES = [
    ("functorch", {}, {"around": _functorch_flag}, "functorch config cse: True -> False"),
    ("source", {}, {"function": cube}, "graph: - "),
    (
        "no_grad",
        {"function": weighed, "grad": True},
        {"function": weighed, "grad": True, "around": _no_grad},
        "grad mode (torch.no_grad, torch.enable_grad): True -> False",
    ),
]


class ExplainTestCase(TorchCacheTestCase):
    cache = ""

    def failure(self, first: dict[str, Any], then: dict[str, Any], **counts: int) -> str:
        """Return the failure of a warm compile that is taken for a hit though something has changed."""
        compile_new(**first)
        compile_new(**first)
        with self.assertRaises(AssertionError) as caught:
            with self.assertCacheDelta(self.cache, **(counts or {"hits": 1, "misses": 0})):
                compile_new(**then)
        return str(caught.exception)

    def check(self, first: dict[str, Any], then: dict[str, Any], line: str) -> None:
        if "number of threads" in line and "thread_count" not in source_of("torch._inductor.codecache"):
            raise lacks("number of threads in its keys")
        text = self.failure(first, then)
        self.assertTrue(any(line in each for each in text.splitlines()), text)
        self.assertLessEqual(len(text.splitlines()), 40)


class GraphTests(ExplainTestCase):
    enable_caches = ("fx_graph_remote_cache",)
    cache = "fx_graph"

    @parameterized.expand(CHANGES + GRAPH_CHANGES)
    def test_change(self, _, first, then, line):
        """A change that makes another key of a graph is named."""
        self.check(first, then, line)


class AutogradTests(ExplainTestCase):
    enable_caches = ("fx_graph_remote_cache", "enable_remote_autograd_cache")
    cache = "aot_autograd"

    @parameterized.expand(CHANGES + AUTOGRAD_CHANGES)
    def test_change(self, _, first, then, line):
        """So is one that makes another key of an autograd entry, functorch's config part by part."""
        self.check(first, then, line)


class OutcomeTests(ExplainTestCase):
    enable_caches = ("fx_graph_remote_cache", "enable_remote_autograd_cache")

    def test_guards(self):
        """A key that is there and whose guards fail is a hit of the cache and no use to torch: it says so."""
        self.cache = "fx_graph"
        options = {"function": sized, "dynamic": True}
        with config("torch._functorch.config", enable_remote_autograd_cache=False):
            text = self.failure(
                {**options, "sizes": (8, 8)}, {**options, "sizes": (4, 4)}, puts=0, hits=1, misses=0
            )
        if "guard_miss" not in source_of("torch._inductor.codecache"):
            raise lacks("word of guards that failed")
        self.assertRegex(text, r"\n +the key was present, its guards failed: .*\b[56]\b.*\n")
        self.assertEqual(self.caches.fx_graph.explain().reason, "guards failed")

    @parameterized.expand([("fx_graph",), ("aot_autograd",)])
    def test_bypass(self, cache):
        """A bypass is told apart from a miss, with torch's reason, and is none of the counts."""
        self.cache = cache
        text = self.failure(
            {},
            {
                "around": lambda: config(
                    "torch._inductor.config", **{"aot_inductor.use_runtime_constant_folding": True}
                )
            },
        )
        self.assertIn("got:      puts=0   hits=0 misses=0", text)
        self.assertIn("bypass  at ", text)
        self.assertIn("did not take part: Runtime constant folding can introduce constants", text)

    def test_bypass_without_a_reason(self):
        """Where torch gives none, as 2.6 and 2.7 do, it is that of what it had caught."""
        from torch._functorch._aot_autograd import autograd_cache

        for cause in (ValueError("too large"), None):
            try:
                raise RuntimeError from cause
            except RuntimeError:
                autograd_cache.log_cache_bypass("bypass_aot_autograd", "")
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("aot_autograd", hits=1)
        for reason in ("too large", "torch does not say why"):
            self.assertIn(f"did not take part: {reason}", str(caught.exception))

    def test_a_bypass_is_no_use(self):
        """A cache that torch passed over was not used."""
        with config("torch._inductor.config", **{"aot_inductor.use_runtime_constant_folding": True}):
            compile_new()
        self.assertEqual([each.kind for each in self.caches.fx_graph.operations], ["bypass"])
        self.assertCacheUnused("fx_graph", "aot_autograd")

    def test_kept_once(self):
        """Parts that keys have in common are kept once, and a warm lookup keeps nothing more."""
        compile_new()
        texts = self.caches.fx_graph.adapter_state("key part texts", dict)
        before = len(texts)
        compile_new()
        self.assertEqual(len(texts), before)
        compile_new(around=tag)
        self.assertEqual(len(texts), before + 1)

    def test_after_the_scope(self):
        """The parts that a scope knew can be asked for until the next one begins."""
        with PatchCaches(enable=self.enable_caches) as patch:
            compile_new()
            compile_new(around=tag)
        self.assertIn("cache_key_tag: '' -> 'test'", str(patch.caches.fx_graph.explain()))
        self.assertNotIn("key parts", global_stats.fx_graph._adapter_state)


class OffTests(ExplainTestCase):
    enable_caches = ("fx_graph_remote_cache",)
    explain_misses = False
    cache = "fx_graph"

    def test_hashes_only(self):
        """With the hooks off nothing is kept, bypasses are not logged, and keys are hashes."""
        text = self.failure({}, {"around": tag})
        self.assertIn("a hash, and what went into it can't be told from it", text)
        self.assertNotIn("cache_key_tag", text)
        self.assertEqual(self.caches.fx_graph._adapter_state.keys() & {"key parts", "key part texts"}, set())

    def test_inner_block(self):
        """A block may have them on for itself."""
        with PatchCaches(enable=self.enable_caches) as patch:
            compile_new()
            compile_new(around=tag)
        self.assertIn("cache_key_tag", str(patch.caches.fx_graph.explain()))
        with PatchCaches(enable=self.enable_caches, explain_misses=False) as patch:
            compile_new()
            compile_new(around=tag)
        self.assertNotIn("cache_key_tag", str(patch.caches.fx_graph.explain()))


if __name__ == "__main__":
    unittest.main()

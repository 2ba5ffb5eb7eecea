"""The inductor adapter with real torch: the graph, autograd and profile caches, compile by compile."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from parameterized import parameterized

from ...support import needs_compiler
from .torch_support import (
    TorchCacheTestCase,
    compile_on_new_machine,
    cube,
    linear,
    new_machine,
    ones,
    square,
    wave,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def _another_tag() -> AbstractContextManager[Any]:
    import torch

    return torch.compiler.config.patch(cache_key_tag="another")


def _another_config() -> AbstractContextManager[Any]:
    from torch._inductor import config

    return config.patch(shape_padding=not config.shape_padding)


def _job(name: str | None) -> AbstractContextManager[Any]:
    import torch

    return torch.compiler.config.patch(job_id=name)


class FxGraphTests(TorchCacheTestCase):
    enable_caches = ("fx_graph_remote_cache",)

    def test_cold_compile(self):
        """The first compile misses and puts its graph."""
        compile_on_new_machine()
        self.assertCacheStats("fx_graph", puts=1, hits=0, misses=1)

    def test_warm_machines(self):
        """Each further machine hits, and puts nothing."""
        compile_on_new_machine()
        with self.assertCacheDelta("fx_graph", puts=0, hits=1, misses=0):
            compile_on_new_machine()
        with self.assertCacheDelta("fx_graph", puts=0, hits=1, misses=0):
            compile_on_new_machine()
        self.assertCacheStats("fx_graph", puts=1, hits=2, misses=1)

    def test_no_other_cache_is_used(self):
        """With one switch on, the caches of the other switches see nothing."""
        compile_on_new_machine()
        self.assertCacheUnused(*(name for name in self.caches if name != "fx_graph"))

    def test_call_of_a_compiled_function(self):
        """A function that this process has compiled is not looked up again."""
        import torch

        with new_machine():
            compiled = torch.compile(square)
            compiled(ones(3, 3))
            with self.assertCacheDelta("fx_graph", puts=0, hits=0, misses=0):
                compiled(ones(3, 3))

    @parameterized.expand(
        [
            ("tag", _another_tag, square),
            ("config", _another_config, square),
            ("source", nullcontext, cube),
        ]
    )
    def test_changed(self, _name, change, function):
        """A change of a part of the key is cold once, and leaves the entry from before it warm."""
        compile_on_new_machine()
        with change():
            with self.assertCacheDelta("fx_graph", puts=1, hits=0, misses=1):
                compile_on_new_machine(function)
            with self.assertCacheDelta("fx_graph", puts=0, hits=1, misses=0):
                compile_on_new_machine(function)
        with self.assertCacheDelta("fx_graph", puts=0, hits=1, misses=0):
            compile_on_new_machine()
        self.assertEqual(len(self.caches.fx_graph.cache), 2)

    def test_failure_after_a_changed_tag(self):
        """The failure names the key that missed, the one that was there, and the line that compiled."""
        compile_on_new_machine()
        with _another_tag():
            compile_on_new_machine()
        before, after = self.caches.fx_graph.cache
        with self.assertRaises(self.failureException) as caught:
            self.assertCacheStats("fx_graph", puts=1, hits=1, misses=1)
        text = str(caught.exception)
        self.assertIn("expected puts=1, got 2, expected hits=1, got 0, expected misses=1, got 2", text)
        # Their middle is left out.
        self.assertRegex(text, rf"miss +'{after[:27]}\.\.\.{after[-27:]}' +at \S*torch_support\.py:\d+")
        self.assertIn(f"nearest key, '{before[:27]}...{before[-27:]}'", text)

    def test_sizes_one_by_one(self):
        """With dynamic shapes off, every size has an entry of its own."""
        compile_on_new_machine(square, 3, 4, 5, dynamic=False)
        self.assertCacheStats("fx_graph", puts=3, hits=0, misses=3)
        with self.assertCacheDelta("fx_graph", puts=0, hits=2, misses=0):
            compile_on_new_machine(square, 4, 5, dynamic=False)

    def test_sizes_as_they_come(self):
        """By default the second size makes the graph dynamic, and the third needs no lookup."""
        compile_on_new_machine(square, 3, 4, 5)
        self.assertCacheStats("fx_graph", puts=2, hits=0, misses=2)

    def test_dynamic(self):
        """One dynamic entry serves every size, whichever a new machine begins with."""
        compile_on_new_machine(square, 3, 4, dynamic=True)
        self.assertCacheStats("fx_graph", puts=1, hits=0, misses=1)
        with self.assertCacheDelta("fx_graph", puts=0, hits=1, misses=0):
            compile_on_new_machine(square, 7, 3, dynamic=True)

    @parameterized.expand([(3,), (7,)])
    def test_mark_dynamic(self, second):
        """A tensor with dimensions marked as dynamic gives an entry that serves every size."""
        import torch

        for size, expected in ((3, (1, 0, 1)), (second, (0, 1, 0))):
            puts, hits, misses = expected
            with new_machine(), self.assertCacheDelta("fx_graph", puts=puts, hits=hits, misses=misses):
                compiled = torch.compile(square)
                marked = ones(size, size)
                torch._dynamo.mark_dynamic(marked, (0, 1))
                compiled(marked)
                compiled(ones(size + 1, size + 1))

    def test_training(self):
        """Forward and backward are an entry each; the backward one is looked up when it first runs."""
        for puts, hits, misses in ((1, 0, 1), (0, 1, 0)):
            with new_machine():
                with self.assertCacheDelta("fx_graph", puts=puts, hits=hits, misses=misses):
                    backward = _forward()
                with self.assertCacheDelta("fx_graph", puts=puts, hits=hits, misses=misses):
                    backward()
        # Also of the backward, which torch calls from code that it has generated.
        for operation in self.caches.fx_graph.operations:
            self.assertEqual(operation.where.filename, __file__)


class EverythingOffTests(TorchCacheTestCase):
    def test_compile(self):
        """Without a switch turned on, a compile uses no cache."""
        compile_on_new_machine()
        self.assertCacheUnused()


class AOTAutogradTests(TorchCacheTestCase):
    enable_caches = ("fx_graph_remote_cache", "enable_autograd_cache", "enable_remote_autograd_cache")

    def test_inference(self):
        """A warm machine hits in both caches, once each."""
        compile_on_new_machine()
        self.assertCacheStats("aot_autograd", puts=1, hits=0, misses=1)
        self.assertCacheStats("fx_graph", puts=1, hits=0, misses=1)
        compile_on_new_machine()
        self.assertCacheStats("aot_autograd", puts=1, hits=1, misses=1)
        self.assertCacheStats("fx_graph", puts=1, hits=1, misses=1)

    def test_training(self):
        """The entry is put with the backward graph; a warm machine gets both graphs before its forward."""
        with new_machine():
            backward = _forward()
            self.assertCacheStats("aot_autograd", puts=0, hits=0, misses=1)
            self.assertCacheStats("fx_graph", puts=1, hits=0, misses=1)
            backward()
            self.assertCacheStats("aot_autograd", puts=1, hits=0, misses=1)
            self.assertCacheStats("fx_graph", puts=2, hits=0, misses=2)
        with new_machine():
            backward = _forward()
            self.assertCacheStats("aot_autograd", puts=1, hits=1, misses=1)
            self.assertCacheStats("fx_graph", puts=2, hits=2, misses=2)
            backward()
        self.assertCacheStats("aot_autograd", puts=1, hits=1, misses=1)
        self.assertCacheStats("fx_graph", puts=2, hits=2, misses=2)

    def test_graph_is_gone(self):
        """An autograd entry whose graph is gone is a hit of no use: both are put anew."""
        compile_on_new_machine()
        self.caches.fx_graph.cache.clear()
        with self.assertCacheDelta("aot_autograd", puts=1, hits=1, misses=0, refusals=1):
            with self.assertCacheDelta("fx_graph", puts=1, hits=0, misses=2):
                compile_on_new_machine()


class DynamoPGOTests(TorchCacheTestCase):
    enable_caches = ("automatic_dynamic_remote_pgo",)

    def test_first_job_puts(self):
        """A job looks its profile up once, and puts it whenever a compile has changed it."""
        with _job("train"):
            compile_on_new_machine(square, 3, 4, 5, backend="eager")
        self.assertCacheStats("dynamo_pgo", puts=2, hits=0, misses=1)

    def test_second_attempt_of_a_job(self):
        """The same job on a new machine hits, and knows from the start which sizes vary."""
        with _job("train"):
            compile_on_new_machine(square, 3, 4, 5, backend="eager")
            with self.assertCacheDelta("dynamo_pgo", puts=0, hits=1, misses=0):
                compile_on_new_machine(square, 3, 4, 5, backend="eager")

    def test_another_job(self):
        """A job with another id misses, and puts a profile of its own."""
        with _job("train"):
            compile_on_new_machine(square, 3, 4, backend="eager")
        with _job("serve"), self.assertCacheDelta("dynamo_pgo", puts=2, hits=0, misses=1):
            compile_on_new_machine(square, 3, 4, backend="eager")
        self.assertEqual(
            list(self.caches.dynamo_pgo.cache),
            ["pt2:dynamo-pgo::train:None::c1", "pt2:dynamo-pgo::serve:None::c1"],
        )

    def test_no_job(self):
        """Without a job id there is no profile to share."""
        with _job(None):
            compile_on_new_machine(square, 3, 4, backend="eager")
        self.assertCacheUnused()


class AllAtOnceTests(TorchCacheTestCase):
    # Not the bundled cache, which without triton makes a compile fail: torch has no backend hash then.
    enable_caches = (
        "fx_graph_cache",
        "fx_graph_remote_cache",
        "enable_autograd_cache",
        "enable_remote_autograd_cache",
        "automatic_dynamic_local_pgo",
        "automatic_dynamic_remote_pgo",
        "autotune_local_cache",
        "autotune_remote_cache",
    )

    def test_second_machine(self):
        """On a second machine everything is warm, and the profile saves it the static graph."""
        with _job("train"):
            compile_on_new_machine(square, 3, 4, 5)
            self.assertCacheStats("dynamo_pgo", puts=2, hits=0, misses=1)
            for name in ("fx_graph", "aot_autograd"):
                self.assertCacheStats(name, puts=2, hits=0, misses=2)
            # It begins with the size that made the graph dynamic: since torch 2.14 that is part of a key.
            compile_on_new_machine(square, 4, 3, 5)
        self.assertCacheStats("dynamo_pgo", puts=2, hits=1, misses=1)
        for name in ("fx_graph", "aot_autograd"):
            self.assertCacheStats(name, puts=2, hits=1, misses=2)
        self.assertCacheUnused("autotune_local", "autotune_remote", "bundled_autotune", "triton")

    def test_same_machine(self):
        """A new process on the same machine finds all in the local caches, and asks no remote one."""
        import torch

        names = "fx_graph", "aot_autograd", "dynamo_pgo"
        with _job("train"), new_machine():
            torch.compile(square)(ones(3, 3))
            torch._dynamo.reset()
            before = [self.caches[name].stats for name in names]
            torch.compile(square)(ones(3, 3))
        self.assertEqual([self.caches[name].stats for name in names], before)

    @needs_compiler
    def test_kernel_that_is_built(self):
        """A warm machine hits also where it has to build the kernels of the graph itself."""
        from torch._inductor import config

        # Both only cost time here: trying out vector instructions, and precompiling headers, which 2.6 can't.
        off = {"cpp.vec_isa_ok", "cpp_cache_precompile_headers"} & config._config.keys()
        with config.patch(dict.fromkeys(off, False)):
            compile_on_new_machine(wave)
            for name in ("fx_graph", "aot_autograd"):
                self.assertCacheStats(name, puts=1, hits=0, misses=1)
            compile_on_new_machine(wave)
        for name in ("fx_graph", "aot_autograd"):
            self.assertCacheStats(name, puts=1, hits=1, misses=1)


def _forward() -> Any:
    """Run the forward of a compiled training step; return what runs its backward."""
    import torch

    weight = ones(4, 5, requires_grad=True)
    result = torch.compile(linear)(ones(3, 4), weight)

    def backward() -> None:
        result.backward(torch.ones_like(result))
        torch.testing.assert_close(weight.grad, torch.full_like(weight, 3.0))

    return backward

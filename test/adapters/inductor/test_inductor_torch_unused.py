"""Why a cache of torch was not asked, with real torch: what was seen, and nothing that was not."""

from __future__ import annotations

import contextvars
import unittest
from threading import Thread
from typing import TYPE_CHECKING, Any

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches

from ..._sharing.children_support import needs_fork, run_forked, use_neither
from .torch_support import (
    TorchCacheTestCase,
    compile_on_new_machine,
    config,
    lacks,
    new_machine,
    ones,
    square,
)

if TYPE_CHECKING:
    from collections.abc import Callable

REMOTE = ("fx_graph_remote_cache", "enable_remote_autograd_cache", "automatic_dynamic_remote_pgo")


def compiled(function: Callable[..., Any] = square, **options: Any) -> Any:
    import torch

    return torch.compile(function, **options)


def breaks_all(x: Any) -> Any:
    """Nothing of it is left for a graph."""
    import torch

    torch._dynamo.graph_break()
    return x


def raises(x: Any) -> Any:
    """The program's own error, as Dynamo runs it."""
    raise ZeroDivisionError


class WhyTestCase(TorchCacheTestCase):
    def why(self, name: str, function: Callable[[], object], **counts: int) -> list[str]:
        """Return the lines below "no operations" after *function*, as a block and as a test tell them."""
        told = []
        for make in (self.of_block, self.of_test):
            with self.assertRaises(AssertionError) as caught:
                make(name, function, counts or {"hits": 1})
            _, found, lines = str(caught.exception).partition("\n  no operations")
            self.assertTrue(found, caught.exception)
            told.append([line.strip() for line in lines.splitlines() if line.strip()])
        self.assertEqual(*told)
        return told[0]

    def of_block(self, name: str, function: Callable[[], object], counts: dict[str, int]) -> None:
        with self.assertCacheDelta(name, **counts):
            function()

    def of_test(self, name: str, function: Callable[[], object], counts: dict[str, int]) -> None:
        class Inner(CacheTestCase):
            patch_caches = ("inductor",)
            enable_caches = self.enable_caches

            def runTest(self) -> None:
                function()
                self.assertCacheStats(name, **counts)

        Inner().debug()


class NothingCompiledTests(WhyTestCase):
    enable_caches = REMOTE

    @parameterized.expand([("fx_graph",), ("aot_autograd",), ("dynamo_pgo",)])
    def test_not_again(self, name: str) -> None:
        """A second call compiles nothing without a reset, which it says, in a block and in a test."""
        with new_machine():
            run = compiled(backend="eager" if name == "dynamo_pgo" else "inductor")
            with PatchCaches("inductor"):
                run(ones(3, 3))
            (line,) = self.why(name, lambda: run(ones(3, 3)))
        self.assertIn("torch compiled nothing: what was compiled before is not compiled again until", line)

    def test_nothing_was_done(self) -> None:
        """So it says where nothing was done at all."""
        (line,) = self.why("fx_graph", lambda: None)
        self.assertIn("torch compiled nothing", line)

    @needs_fork
    def test_children(self) -> None:
        """Where there were children, it is said of this process: what they have compiled is not known."""
        (line,) = self.why("fx_graph", lambda: run_forked(use_neither))
        self.assertIn("torch compiled nothing in this process: ", line)

    def test_stance(self) -> None:
        """A stance by which all runs eagerly is named."""
        import torch

        with torch.compiler.set_stance("force_eager"):
            (line,) = self.why("fx_graph", lambda: compiled()(ones(3, 3)))
        self.assertEqual(
            line, "torch compiled nothing: the stance is 'force_eager' (torch.compiler.set_stance)"
        )

    @parameterized.expand([("eager",), ("aot_eager",)])
    def test_backend(self, backend: str) -> None:
        """Another backend, which does not use the cache, is named."""
        (line,) = self.why("fx_graph", lambda: compile_on_new_machine(backend=backend))
        self.assertEqual(
            line, f"what was compiled was given to the backend {backend!r}, which does not use it"
        )

    def test_own_backend(self) -> None:
        """So is a backend of the program's own, by the name of its function."""

        def mine(graph: Any, inputs: object) -> Any:
            return graph.forward

        (line,) = self.why("aot_autograd", lambda: compile_on_new_machine(backend=mine))
        self.assertIn("the backend 'mine', which", line)

    def test_no_graph(self) -> None:
        """A function that graph breaks leave nothing of ran eagerly."""

        def run() -> None:
            with new_machine():
                compiled(breaks_all)(ones(3, 3))

        (line,) = self.why("fx_graph", run)
        self.assertRegex(
            line, r"Dynamo compiled \d+ frames? and found no graph to give to a backend: all ran"
        )
        self.assertIn("; the newest graph break that torch counted: ", line)

    def test_graph_break_of_another_test(self) -> None:
        """Those that torch has counted before, which it does for the whole process, are not told."""

        def run() -> None:
            with new_machine(), self.assertRaises(ZeroDivisionError):
                compiled(raises)(ones(3, 3))

        with new_machine():
            compiled(breaks_all)(ones(3, 3))
        (line,) = self.why("fx_graph", run)
        self.assertIn("found no graph", line)
        self.assertNotIn("graph break", line)

    def test_backward_alone(self) -> None:
        """A backward pass that is compiled when it is first run is not called a frame, nor nothing."""
        with new_machine():
            loss = compiled()(ones(3, 3, requires_grad=True)).sum()
            # It asks for the graph, and for the function not once more.
            with self.assertRaises(AssertionError) as caught:
                with self.assertCacheDelta("dynamo_pgo", hits=1):
                    loss.backward()
        text = str(caught.exception)
        self.assertNotIn("frame", text)

    def test_of_another_test(self) -> None:
        """A compile in another scope is none of this one."""
        with self.assertRaises(AssertionError) as caught:
            with self.assertCacheDelta("fx_graph", hits=1):
                with PatchCaches("inductor"):
                    compile_on_new_machine()
        self.assertIn("torch compiled nothing", str(caught.exception))

    def test_before_the_block(self) -> None:
        """A compile before a block is none of the block."""
        compile_on_new_machine()
        with self.assertRaises(AssertionError) as caught:
            with self.assertCacheDelta("fx_graph", hits=1):
                pass
        self.assertIn("torch compiled nothing", str(caught.exception))


class SwitchTests(WhyTestCase):
    @parameterized.expand(
        [
            ("fx_graph", "fx_graph_remote_cache"),
            ("aot_autograd", "enable_remote_autograd_cache"),
            ("dynamo_pgo", "automatic_dynamic_remote_pgo"),
            ("autotune_local", "autotune_local_cache"),
            ("autotune_remote", "autotune_remote_cache"),
            ("bundled_autotune", "bundled_autotune_remote_cache"),
        ]
    )
    def test_off(self, name: str, switch: str) -> None:
        """A switch that is off is named."""
        lines = self.why(name, compile_on_new_machine)
        self.assertEqual(lines[0], f"the switch {switch} is off here: name it in enable_caches")

    def test_turned_off_by_the_program(self) -> None:
        """So is one that was off while torch compiled, and is on now."""
        with PatchCaches("inductor", enable=("fx_graph_remote_cache",)) as patch:
            with config("torch._inductor.config", fx_graph_remote_cache=False):
                compile_on_new_machine()
            why = patch.caches.fx_graph.history().why_unused()
        self.assertEqual(
            why, ["the switch fx_graph_remote_cache was off while torch compiled, and is on now"]
        )

    def test_turned_off_altogether(self) -> None:
        """Where the program turns all caches off while torch compiles, it says so."""
        with PatchCaches("inductor", enable=("fx_graph_remote_cache",)) as patch:
            with config("torch._inductor.config", force_disable_caches=True):
                compile_on_new_machine()
                within = patch.caches.fx_graph.history().why_unused()
            after = patch.caches.fx_graph.history().why_unused()
        self.assertEqual(len(within), 1)
        self.assertRegex(within[0], r"\Atorch uses no cache: force_disable_caches is on; turn it off")
        self.assertEqual(after, ["force_disable_caches was on while torch compiled"])

    def test_thread(self) -> None:
        """On a thread that has not the test's context, the switch is off where torch keeps it per context."""
        from cachetest.adapters.inductor.switches import current_switches

        if not next(each for each in current_switches() if each.name == "fx_graph_remote_cache").per_context:
            raise lacks("config of its own for each thread")
        with PatchCaches("inductor", enable=("fx_graph_remote_cache",)) as patch:
            worker = Thread(target=compile_on_new_machine, name="worker")
            worker.start()
            worker.join()
            (why,) = patch.caches.fx_graph.history().why_unused()
            self.assertIn("the switch fx_graph_remote_cache was off on the thread 'worker'", why)
            self.assertIn("contextvars.copy_context()", why)
            worker = Thread(target=contextvars.copy_context().run, args=(compile_on_new_machine,))
            worker.start()
            worker.join()
            self.assertEqual(patch.caches.fx_graph.num_put, 1)

    def test_no_job(self) -> None:
        """A profile has a key where a job is named, and only there."""
        with PatchCaches("inductor", enable=("automatic_dynamic_remote_pgo",)) as patch:
            compile_on_new_machine(backend="eager")
            (why,) = patch.caches.dynamo_pgo.history().why_unused()
        self.assertIn("torch has no key for a profile: torch.compiler.config.job_id", why)

    def test_no_kernel(self) -> None:
        """The caches of autotuning are asked for Triton kernels alone."""
        with PatchCaches("inductor", enable=("autotune_remote_cache",)) as patch:
            compile_on_new_machine()
            (why,) = patch.caches.autotune_remote.history().why_unused()
        self.assertIn("torch asks it for Triton kernels that have several configs", why)

    def test_half_a_pair(self) -> None:
        """The bundle needs the local cache too."""
        with PatchCaches("inductor", enable=("bundled_autotune_remote_cache",)) as patch:
            why = patch.caches.bundled_autotune.history().why_unused()
        self.assertIn("it is asked only where autotune_local_cache is on too", why)

    def test_nothing_explained(self) -> None:
        """Why a cache was not used is told as well where misses are not explained."""
        with PatchCaches("inductor", explain_misses=False) as patch:
            (first, *_) = patch.caches.fx_graph.history().why_unused()
        self.assertIn("fx_graph_remote_cache is off", first)


if __name__ == "__main__":
    unittest.main()

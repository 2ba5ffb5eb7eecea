"""The inductor adapter with real torch: behind torch's own TestCase, in coroutines, and on threads."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import unittest
from typing import TYPE_CHECKING, Any

from parameterized import parameterized

from cachetest import AsyncCacheTestCase, CacheTestMixin

from ...support import needs_torch
from .torch_support import (
    CACHE_CLASSES,
    SWITCHES,
    TorchCacheTestCase,
    cache_class,
    compile_on_new_machine,
    is_per_context,
    linear,
    load_torch,
    new_machine,
    ones,
    run_in_new_context,
    run_one,
    switch_values,
)

if TYPE_CHECKING:
    from collections.abc import Callable

GRAPHS = ("fx_graph_remote_cache", "enable_autograd_cache", "enable_remote_autograd_cache")
ONLY_GRAPHS_ON = {name: (name in GRAPHS) for _, name in SWITCHES}


def _values() -> dict[str, object]:
    return {name: value for name, (value, _) in switch_values().items()}


def _on_a_thread(function: Callable[[], object]) -> None:
    """Call *function* on a thread, and wait for it."""
    raised: list[BaseException] = []

    def call() -> None:
        try:
            function()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=call, name="worker")
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def _on_a_thread_with_context(function: Callable[[], object]) -> None:
    """Call *function* on a thread that has the caller's context: torch keeps config overrides there."""
    context = contextvars.copy_context()
    _on_a_thread(lambda: context.run(function))


@needs_torch
class TorchTestCaseTests(unittest.TestCase):
    """The mixin in front of torch's own TestCase, whose setUp turns two of the caches on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        load_torch()
        from torch._inductor.test_case import TestCase

        cls.torch_case = TestCase

    def run_inner(self, test: Callable[[Any], None], *bases: type, **attributes: object) -> None:
        """Run *test* as the only one of a class with *bases* in front of torch's."""
        case = type("Inner", (*bases, self.torch_case), {"test": test, **attributes})
        run_one(case)

    @parameterized.expand([((),), (("fx_graph_remote_cache", "automatic_dynamic_remote_pgo"),)])
    def test_switches(self, on):
        """Only the named switches are on in the test, although torch's setUp turns others on."""
        with_torch: dict[str, object] = {}
        with_mixin: dict[str, object] = {}

        def check():
            self.run_inner(lambda _: with_torch.update(_values()))
            self.run_inner(lambda _: with_mixin.update(_values()), CacheTestMixin, enable_caches=on)

        run_in_new_context(check)
        self.assertIs(with_torch["fx_graph_cache"], True)
        self.assertIs(with_torch["enable_autograd_cache"], True)
        self.assertEqual(with_mixin, {name: name in on for name in with_mixin})

    def test_counts(self):
        """A cold and a warm compile are counted as behind any other TestCase."""

        def test(case: Any):
            compile_on_new_machine()
            case.assertCacheStats("fx_graph", puts=1, hits=0, misses=1)
            with case.assertCacheDelta("fx_graph", puts=0, hits=1, misses=0):
                compile_on_new_machine()
            case.assertCacheUnused("aot_autograd")

        self.run_inner(test, CacheTestMixin, enable_caches=("fx_graph_remote_cache",))

    def test_local_cache_on(self):
        """With the local cache on beside it, the remote one is asked once on one machine."""
        import torch

        def test(case: Any):
            with new_machine():
                for _ in range(2):
                    torch._dynamo.reset()
                    torch.compile(linear)(ones(3, 4), ones(4, 5))
            case.assertCacheStats("fx_graph", puts=1, hits=0, misses=1)

        self.run_inner(test, CacheTestMixin, enable_caches=("fx_graph_cache", "fx_graph_remote_cache"))

    @parameterized.expand([("passes",), ("fails",)])
    def test_restored(self, how):
        """However the test ends, what was never set is at its default after it, and nothing is patched."""

        def test(case: Any):
            if how == "fails":
                case.assertCacheStats("fx_graph", hits=1)

        def check():
            before = switch_values()
            try:
                self.run_inner(test, CacheTestMixin, enable_caches=GRAPHS)
            except AssertionError as failure:
                self.assertIn("expected hits=1, got 0", str(failure))
                self.assertEqual(how, "fails")
            self.assertEqual(switch_values(), before)
            self.assertTrue(all(at_default for _, at_default in before.values()))

        run_in_new_context(check)
        for name, _ in CACHE_CLASSES:
            self.assertNotIn("backend_override_cls", vars(cache_class(name)))

    @parameterized.expand([(True,), (False,)])
    def test_set_by_hand(self, value):
        """A value set by hand before comes back, as an override, where torch itself had set it too."""

        def check():
            from torch._inductor import config

            config.fx_graph_cache = value
            before = switch_values()
            self.run_inner(lambda _: None, CacheTestMixin)
            self.assertEqual(switch_values(), before)
            self.assertEqual(before["fx_graph_cache"], (value, False))

        run_in_new_context(check)


@needs_torch
class AsyncTests(AsyncCacheTestCase):
    """Torch 2.12 and later keep an override in a ContextVar, and asyncio runs tests in a copied context."""

    enable_caches = GRAPHS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        load_torch()

    async def asyncSetUp(self):
        # A compile in a coroutine holds the loop up, which asyncio's debug mode would tell of.
        asyncio.get_running_loop().slow_callback_duration = 600

    async def test_switches(self):
        """The switches have their values in the coroutine, in a task, and in a thread that it starts."""

        async def task() -> dict[str, object]:
            return _values()

        self.assertEqual(_values(), ONLY_GRAPHS_ON)
        self.assertEqual(await asyncio.create_task(task()), ONLY_GRAPHS_ON)
        self.assertEqual(await asyncio.to_thread(_values), ONLY_GRAPHS_ON)

    async def test_compile(self):
        """A compile in a coroutine is counted, and so is one in a thread, which finds it warm."""
        compile_on_new_machine()
        for name in ("fx_graph", "aot_autograd"):
            self.assertCacheStats(name, puts=1, hits=0, misses=1)
        await asyncio.to_thread(compile_on_new_machine)
        for name in ("fx_graph", "aot_autograd"):
            self.assertCacheStats(name, puts=1, hits=1, misses=1)
        miss, _, hit = self.caches.fx_graph.operations
        self.assertEqual(miss.thread, threading.current_thread().name)
        self.assertNotEqual(hit.thread, miss.thread)

    async def test_compile_in_a_thread_first(self):
        """The coroutine finds an entry that a thread has put."""
        await asyncio.to_thread(compile_on_new_machine)
        with self.assertCacheDelta("fx_graph", puts=0, hits=1, misses=0):
            compile_on_new_machine()


@needs_torch
class AsyncRestoredTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        load_torch()

    def test_restored(self):
        """After an async test the caller's switches are what they were, its own override included."""

        class Inner(AsyncCacheTestCase):
            async def test(self):
                self.assertEqual(set(_values().values()), {False})

        def check():
            from torch._functorch import config

            config.enable_autograd_cache = True
            before = switch_values()
            run_one(Inner)
            self.assertEqual(switch_values(), before)

        run_in_new_context(check)
        for name, _ in CACHE_CLASSES:
            self.assertNotIn("backend_override_cls", vars(cache_class(name)))


class ThreadTests(TorchCacheTestCase):
    enable_caches = GRAPHS

    def test_thread_then_here(self):
        """An entry that a thread has put is warm for the test itself."""
        _on_a_thread_with_context(compile_on_new_machine)
        for name in ("fx_graph", "aot_autograd"):
            self.assertCacheStats(name, puts=1, hits=0, misses=1)
            self.assertEqual({operation.thread for operation in self.caches[name].operations}, {"worker"})
        compile_on_new_machine()
        for name in ("fx_graph", "aot_autograd"):
            self.assertCacheStats(name, puts=1, hits=1, misses=1)

    def test_here_then_thread(self):
        """An entry that the test has put is warm for a thread."""
        compile_on_new_machine()
        for name in ("fx_graph", "aot_autograd"):
            with self.assertCacheDelta(name, puts=0, hits=1, misses=0):
                _on_a_thread_with_context(compile_on_new_machine)

    def test_backward_on_a_thread(self):
        """A backward that another thread runs compiles there, and is counted in the test."""
        import torch

        with new_machine():
            result = torch.compile(linear)(ones(3, 4), ones(4, 5, requires_grad=True))
            with self.assertCacheDelta("fx_graph", puts=1, hits=0, misses=1):
                with self.assertCacheDelta("aot_autograd", puts=1, hits=0, misses=0):
                    _on_a_thread_with_context(lambda: result.backward(torch.ones_like(result)))
        self.assertEqual(
            [(operation.kind, operation.thread) for operation in self.caches.fx_graph.operations],
            [("miss", "MainThread"), ("put", "MainThread"), ("miss", "worker"), ("put", "worker")],
        )

    def test_thread_without_the_context(self):
        """A thread that turns a cache on by itself is counted, though the test's switches are not its own."""

        def compile_there():
            from torch._inductor import config

            # Before torch 2.12 a switch is the same on all threads.
            self.assertIs(config.fx_graph_remote_cache is True, not is_per_context())
            with config.patch(fx_graph_remote_cache=True, fx_graph_cache=False):
                compile_on_new_machine()

        _on_a_thread(compile_there)
        self.assertCacheStats("fx_graph", puts=1, hits=0, misses=1)

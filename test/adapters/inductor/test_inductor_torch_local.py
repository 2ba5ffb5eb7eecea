"""Local caches that answer in place of the remote one, and switches that have no effect, with real torch."""

from __future__ import annotations

import unittest
from typing import Any

from parameterized import parameterized

from cachetest import PatchCaches, SwitchError
from cachetest._telling.failures import stats_differ

from ...support import needs_torch, run_python
from .torch_support import (
    TorchCacheTestCase,
    config,
    lacks,
    load_torch,
    new_machine,
    ones,
    square,
    switch_values,
)


def compiled() -> Any:
    import torch

    return torch.compile(square)


class LocalTests(TorchCacheTestCase):
    """As PyTorch's own tests of the graph cache: two compiles, and a hit that is asserted."""

    enable_caches = ("fx_graph_remote_cache", "enable_remote_autograd_cache")

    def twice(self) -> None:
        import torch

        with new_machine():
            for _ in range(2):
                torch._dynamo.reset()
                compiled()(ones(3, 3))

    @parameterized.expand([("fx_graph", "fx_graph_cache"), ("aot_autograd", "enable_autograd_cache")])
    def test_local_alone(self, name: str, switch: str) -> None:
        """With the local switch alone, the hit is a local one, and is counted there: it says so."""
        self.enable_caches = ("fx_graph_cache", switch)  # type: ignore[misc]
        with PatchCaches("inductor", enable=set(self.enable_caches)) as patch:
            with config("torch._inductor.config", fx_graph_remote_cache=False):
                with config("torch._functorch.config", enable_remote_autograd_cache=False):
                    self.twice()
                    lines = patch.caches[name].history().why_unused()
        self.assertIn("remote_", lines[0])
        self.assertIn("is off here: name it in enable_caches", lines[0])
        self.assertIn(
            f"torch's local cache ({switch}) answered 1 lookup, counted in '{name}_local'", lines[1]
        )

    def test_local_hits_with_a_remote_switch(self) -> None:
        """A local hit is asserted while only a remote switch is on: which one is off is told."""
        with self.assertRaises(AssertionError) as caught:
            self.twice()
            self.assertCacheStats("autotune_local", hits=1)
        self.assertIn("the switch autotune_local_cache is off here", str(caught.exception))

    def test_both(self) -> None:
        """With both on, the local cache answers the second compile, and the failure says so."""
        with PatchCaches("inductor", enable=("fx_graph_cache", "fx_graph_remote_cache")) as patch:
            self.twice()
            cache = patch.caches.fx_graph
            text = stats_differ("fx_graph", {"puts": 1, "hits": 1, "misses": 1}, cache.stats, cache.history)
        self.assertIn("hits=1, got 0", text)
        self.assertTrue(
            text.splitlines()[-1].startswith("  torch's local cache (fx_graph_cache) answered 1 lookup")
        )

    def test_as_expected(self) -> None:
        """Where no lookup is missing, nothing of it is said."""
        with PatchCaches("inductor", enable=("fx_graph_cache", "fx_graph_remote_cache")) as patch:
            self.twice()
            cache = patch.caches.fx_graph
            text = stats_differ("fx_graph", {"puts": 2}, cache.stats, cache.history)
        self.assertNotIn("answered", text)

    def test_loaded_artifacts(self) -> None:
        """What `load_cache_artifacts` has brought is in the local caches, which answer."""
        import torch

        if not hasattr(torch.compiler, "load_cache_artifacts"):
            raise lacks("torch.compiler.load_cache_artifacts")
        from torch.compiler._cache import CacheArtifactManager

        # What other tests have compiled would be saved as well.
        CacheArtifactManager.clear()
        with PatchCaches("inductor", enable=("fx_graph_cache", "enable_autograd_cache")) as patch:
            with new_machine():
                compiled()(ones(3, 3))
                saved = torch.compiler.save_cache_artifacts()
            with new_machine():
                torch.compiler.load_cache_artifacts(saved[0])
                compiled()(ones(3, 3))
            lines = patch.caches.aot_autograd.history().why_unused()
        self.assertIn("torch's local cache (enable_autograd_cache) answered 1 lookup", lines[-1])


_CHILD = """
import unittest, warnings
warnings.simplefilter("ignore")
import torch._inductor.compile_fx
from cachetest import CacheTestCase

class Child(CacheTestCase):
    enable_caches = {switches}

    def test(self):
        self.assertCacheStats("fx_graph", puts=0)

unittest.main()
"""


@needs_torch
class NoEffectTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        load_torch()

    @parameterized.expand(
        [
            (
                "caches",
                "torch._inductor.config",
                "force_disable_caches",
                "torch uses no cache: force_disable",
            ),
            (
                "compiles",
                "torch._dynamo.config",
                "disable",
                "torch compiles nothing: torch._dynamo.config.dis",
            ),
        ]
    )
    def test_config(self, _: str, module: str, flag: str, text: str) -> None:
        """A switch that is turned on where torch uses no cache is an error, and nothing stays patched."""
        found = switch_values()
        with config(module, **{flag: True}):
            with self.assertRaisesRegex(
                SwitchError, rf"the switch 'fx_graph_remote_cache' is on and has no effect: {text}"
            ):
                PatchCaches("inductor", enable=("fx_graph_remote_cache",)).__enter__()
            # None is on here, so nothing is expected of them.
            with PatchCaches("inductor"):
                pass
        self.assertEqual(switch_values(), found)
        with PatchCaches("inductor", enable=("fx_graph_remote_cache",)):
            pass

    @parameterized.expand(
        [
            ("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1", "uses no cache"),
            ("TORCH_COMPILE_DISABLE", "1", "compiles nothing"),
            ("TORCHDYNAMO_DISABLE", "1", "compiles nothing"),
            ("TORCHINDUCTOR_FX_GRAPH_REMOTE_CACHE", "0", ""),
        ]
    )
    def test_environment(self, variable: str, value: str, text: str) -> None:
        """An environment variable that does so is named, and a default that the switch overrides is not."""
        source = _CHILD.format(switches=("fx_graph_remote_cache",))
        done = run_python("-c", source, **{variable: value})
        if text:
            self.assertIn(
                "SwitchError: the switch 'fx_graph_remote_cache' is on and has no effect", done.stderr
            )
            self.assertIn(text, done.stderr)
            self.assertIn(f"({variable}={value} in the environment)", done.stderr)
        else:
            self.assertIn("\nOK", done.stderr)


if __name__ == "__main__":
    unittest.main()

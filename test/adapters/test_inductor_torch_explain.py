"""Why a compile misses, with real torch: the change is named in the text of the failure, on one line."""

from __future__ import annotations

import io
import unittest
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from parameterized import parameterized

from cachetest import PatchCaches

from ..support import run_method
from .torch_support import (
    TorchCacheTestCase,
    compile_on_new_machine,
    cube,
    new_machine,
    ones,
    square,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


def _config(module: str, **values: object) -> AbstractContextManager[Any]:
    import importlib

    return importlib.import_module(module).patch(**values)


def _tag() -> AbstractContextManager[Any]:
    return _config("torch.compiler.config", cache_key_tag="test")


def _max_autotune() -> AbstractContextManager[Any]:
    return _config("torch._inductor.config", max_autotune=True)


def _functorch_flag() -> AbstractContextManager[Any]:
    return _config("torch._functorch.config", cse=False)


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
    return x @ x if x.shape[0] > 5 else x @ x


def sine(x: Any) -> Any:
    return x.mm(x)


def cosine(x: Any) -> Any:
    return x.mm(x).mm(x)


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
    ("tag", {}, {"around": _tag}, "cache_key_tag: '' -> 'test'"),
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
        text = self.failure(first, then)
        self.assertTrue(any(line in each for each in text.splitlines()), text)
        self.assertLessEqual(len(text.splitlines()), 40)


class GraphTests(ExplainTestCase):
    enable_caches = ("fx_graph_remote_cache",)
    cache = "fx_graph"

    @parameterized.expand(CHANGES + GRAPH_CHANGES)
    def test_change(self, _, first, then, line):
        """Whatever makes the key of a graph another is named."""
        self.check(first, then, line)


class AutogradTests(ExplainTestCase):
    enable_caches = ("fx_graph_remote_cache", "enable_remote_autograd_cache")
    cache = "aot_autograd"

    @parameterized.expand(CHANGES + AUTOGRAD_CHANGES)
    def test_change(self, _, first, then, line):
        """Whatever makes the key of an autograd entry another is named, functorch's config part by part."""
        self.check(first, then, line)


if __name__ == "__main__":
    unittest.main()

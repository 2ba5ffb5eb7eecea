"""Functions and a case that the tests with real torch share. Importing this imports no torch."""

from __future__ import annotations

import contextvars
import importlib
import inspect
import unittest
import warnings
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

from cachetest import CacheTestCase

from ...support import needs_torch, run_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

# The classes of torch that are given our backend, with the cache that each serves.
CACHE_CLASSES = (
    ("LocalAutotuneCache", "autotune_local"),
    ("RemoteAutotuneCache", "autotune_remote"),
    ("RemoteBundledAutotuneCache", "bundled_autotune"),
    ("RemoteFxGraphCache", "fx_graph"),
    ("RemoteAOTAutogradCache", "aot_autograd"),
    ("RemoteDynamoPGOCache", "dynamo_pgo"),
)

SWITCHES = (
    ("torch._inductor.config", "fx_graph_cache"),
    ("torch._inductor.config", "fx_graph_remote_cache"),
    ("torch._inductor.config", "autotune_local_cache"),
    ("torch._inductor.config", "autotune_remote_cache"),
    ("torch._inductor.config", "bundled_autotune_remote_cache"),
    ("torch._functorch.config", "enable_autograd_cache"),
    ("torch._functorch.config", "enable_remote_autograd_cache"),
    ("torch._dynamo.config", "automatic_dynamic_local_pgo"),
    ("torch._dynamo.config", "automatic_dynamic_remote_pgo"),
)
CONFIG_MODULES = tuple(dict.fromkeys(module for module, _ in SWITCHES))


def load_torch() -> None:
    """Import torch, with all that a compile loads on the way: in places torch relies on that itself."""
    with warnings.catch_warnings():
        # Torch trips over its own deprecations while it loads.
        warnings.simplefilter("ignore", DeprecationWarning)
        importlib.import_module("torch._inductor.compile_fx")


@needs_torch
class TorchCacheTestCase(CacheTestCase):
    """A `CacheTestCase` that names no adapter: torch is imported by the time that it asks which to use."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        load_torch()


# Matrix products alone: inductor calls a ready kernel for them, so a compile needs no C++ compiler and
# takes some 50 ms.
def square(x: Any) -> Any:
    return x @ x


def cube(x: Any) -> Any:
    return x @ x @ x


def linear(x: Any, weight: Any) -> Any:
    return x @ weight


def wave(x: Any) -> Any:
    """Unlike the others, this needs a kernel of its own, built by the C++ compiler."""
    return x.sin() + 1


def ones(*size: int, **options: Any) -> Any:
    import torch

    return torch.ones(*size, **options)


@contextmanager
def new_machine() -> Iterator[None]:
    """Run the block as a process on a machine that has not compiled anything yet."""
    import torch
    from torch._inductor import utils

    # Called fresh_inductor_cache before 2.8.
    fresh_cache = getattr(utils, "fresh_cache", None) or utils.fresh_inductor_cache
    torch._dynamo.reset()
    try:
        with fresh_cache():
            yield
    finally:
        torch._dynamo.reset()


def compile_on_new_machine(function: Callable[[Any], Any] = square, *sizes: int, **options: Any) -> None:
    """Compile *function* on a new machine and call it with a square tensor of each of *sizes*."""
    import torch

    with new_machine():
        compiled = torch.compile(function, **options)
        for size in sizes or (3,):
            torch.testing.assert_close(compiled(torch.ones(size, size)), function(torch.ones(size, size)))


def cache_class(name: str) -> Any:
    """Return the cache class of torch that is called *name*."""
    load_torch()
    remote_cache = importlib.import_module("torch._inductor.remote_cache")
    # The local one was beside its user before 2.13.
    beside = importlib.import_module("torch._inductor.runtime.autotune_cache")
    return getattr(remote_cache, name, None) or getattr(beside, name)


def make_cache(name: str, cache_id: str = "id") -> Any:
    """Make a cache object of torch as torch does: before 2.13 the local one is not told its id."""
    owner = cache_class(name)
    return owner(*([cache_id] if inspect.signature(owner).parameters else []))


def source_of(*path: str) -> str:
    """Return the source of a module of torch, or of what it has by that name, to see what a release has."""
    module, *names = path
    found: Any = importlib.import_module(module)
    for name in names:
        found = getattr(found, name)
    return inspect.getsource(found)


def lacks(what: str) -> unittest.SkipTest:
    """Return the skip of a test of what this release of torch lacks."""
    return unittest.SkipTest(f"torch {importlib.import_module('torch').__version__} has no {what}")


def config(module: str, **values: object) -> AbstractContextManager[Any]:
    """Return a context manager in which flags of a config *module* of torch have other *values*."""
    return importlib.import_module(module).patch(**values)


def tag() -> AbstractContextManager[Any]:
    """Return one in which all keys are tagged."""
    return config("torch.compiler.config", cache_key_tag="test")


def config_texts() -> dict[str, str]:
    """Return how torch itself writes down its three configs: every override, equal to the default or not."""
    return {name: importlib.import_module(name).codegen_config() for name in CONFIG_MODULES}


def switch_values() -> dict[str, tuple[object, bool]]:
    """Return the value of every switch, and whether it is at its default, neither set nor overridden."""
    configs = {module: importlib.import_module(module) for module in CONFIG_MODULES}
    return {
        name: (getattr(configs[module], name), configs[module]._is_default(name)) for module, name in SWITCHES
    }


def is_per_context() -> bool:
    """Return whether this torch keeps what a flag was set to in a ContextVar, as 2.12 and later do."""
    config = importlib.import_module(CONFIG_MODULES[0])
    return isinstance(config._config["fx_graph_cache"].user_override, contextvars.ContextVar)


def run_in_new_context(function: Callable[[], None]) -> None:
    """Call *function* where no config of torch has been overridden, whatever tests ran before."""
    with ExitStack() as stack:
        if not is_per_context():
            for module in CONFIG_MODULES:
                stack.enter_context(_nothing_overridden(importlib.import_module(module)))
        contextvars.Context().run(function)


@contextmanager
def _nothing_overridden(config: Any) -> Iterator[None]:
    """Run the block without the overrides of *config*, which are the whole process's."""
    unset = importlib.import_module("torch.utils._config_module")._UNSET_SENTINEL
    with ExitStack() as stack:
        for entry in config._config.values():
            stack.enter_context(mock.patch.object(entry, "user_override", unset))
        config._is_dirty = True
        yield
    config._is_dirty = True


def run_one(case: type[unittest.TestCase], method: str = "test") -> None:
    """Run one test of *case*, class fixtures included; raise if it did not run and pass."""
    result = run_case(unittest.TestSuite([case(method)]))
    problems = [text for _, text in (*result.errors, *result.failures)]
    if result.testsRun != 1 or problems or result.skipped:
        raise AssertionError("\n".join(problems) or f"the inner test did not run: {result}")

"""The inductor adapter with real torch: the three autotune caches, through torch's own interface.

Nothing is tuned here, which would take a GPU: a tuning result is saved by hand, as triton's heuristics do.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from parameterized import parameterized

from .torch_support import TorchCacheTestCase, new_machine

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW, FAST = (
    # Stands for triton's Config, which is a bare `object` to torch where triton is not installed.
    SimpleNamespace(kwargs={"XBLOCK": block}, num_warps=4, num_stages=1)
    for block in (64, 128)
)


def _meta(**changes: object) -> dict[str, object]:
    """Return what torch's codegen tells a kernel, with the backend hash that triton would give."""
    from torch._inductor.runtime.autotune_cache import inductor_meta_from_config

    return {**inductor_meta_from_config(), "backend_hash": "a backend", **changes}


def _kernel_file(name: str = "kernel.py") -> str:
    """Return the path of a kernel on this machine."""
    from torch._inductor.codecache import get_path
    from torch._inductor.runtime.autotune_cache import AutotuneCache

    # In the folder where torch unpacks the result of a bundle to. That of a real kernel is named after
    # another hash, and torch 2.13 does not find there what it has unpacked.
    _, result = AutotuneCache.create(_meta(autotune_local_cache=True), name, "").local_cache
    _, folder, _ = get_path(os.path.splitext(os.path.basename(result))[0], "best_config")
    return os.path.join(folder, name)


def _cache(configs_hash: str = "configs", **changes: object) -> Any:
    from torch._inductor.runtime.autotune_cache import AutotuneCache

    return AutotuneCache.create(_meta(**changes), _kernel_file(), configs_hash)


def _tune(**changes: object) -> object:
    """Do what a kernel does at its first launch: read the best config, and else find and save it."""
    cache = _cache(**changes)
    found = cache.read_best(_meta(), [SLOW, FAST])
    if found is None:
        cache.save(FAST, time_taken_ns=1_000_000)
    return found


@contextmanager
def _compile_of(code: str) -> Iterator[None]:
    """Run the block as part of the compile of *code*, which bundles the results of its kernels."""
    from torch._guards import CompileContext, CompileId, compile_context
    from torch._inductor.runtime.autotune_cache import AutotuneCacheBundler

    with compile_context(CompileContext(CompileId(frame_id=0, frame_compile_id=0))):
        AutotuneCacheBundler.begin_compile(_meta(), code=code)
        try:
            yield
        finally:
            # Also where a test fails: torch asserts that no compile begins before another has ended.
            AutotuneCacheBundler.end_compile()


class LocalTests(TorchCacheTestCase):
    enable_caches = ("autotune_local_cache",)

    def test_cold_and_warm(self):
        """A kernel is tuned once on a machine."""
        with new_machine():
            self.assertIsNone(_tune())
            self.assertCacheStats("autotune_local", puts=1, hits=0, misses=1)
            self.assertIs(_tune(), FAST)
        self.assertCacheStats("autotune_local", puts=1, hits=1, misses=1)
        self.assertCacheUnused("autotune_remote", "bundled_autotune")

    def test_new_machine(self):
        """A new machine, whose folder is another one, is cold."""
        for _ in range(2):
            with new_machine(), self.assertCacheDelta("autotune_local", puts=1, hits=0, misses=1):
                self.assertIsNone(_tune())
        self.assertEqual(len(self.caches.autotune_local.cache), 2)

    def test_key_and_value(self):
        """The key is the path of the result beside the kernel, the value is the JSON that torch wrote."""
        with new_machine():
            _tune()
            (key, value), *others = self.caches.autotune_local.cache.items()
            self.assertEqual(os.path.dirname(key), os.path.dirname(_kernel_file()))
        self.assertEqual(others, [])
        self.assertIsInstance(value, bytes)
        self.assertIn(b'"XBLOCK": 128', value)
        self.assertCached("autotune_local", key, value)

    def test_other_configs(self):
        """A result for another set of configs is a hit, though one of no use to the kernel."""
        with new_machine():
            _tune()
            with self.assertCacheDelta("autotune_local", puts=0, hits=1, misses=0, refusals=1):
                self.assertIsNone(_cache("other configs").read_best(_meta(), [SLOW, FAST]))


class RemoteTests(TorchCacheTestCase):
    enable_caches = ("autotune_remote_cache",)

    def test_warm_machines(self):
        """Every machine finds what another one has tuned."""
        with new_machine():
            self.assertIsNone(_tune())
        self.assertCacheStats("autotune_remote", puts=1, hits=0, misses=1)
        for _ in range(2):
            with new_machine(), self.assertCacheDelta("autotune_remote", puts=0, hits=1, misses=0):
                self.assertIs(_tune(), FAST)
        self.assertCacheUnused("autotune_local", "bundled_autotune")

    @parameterized.expand([({"configs_hash": "other configs"},), ({"backend_hash": "another backend"},)])
    def test_changed(self, change):
        """Another set of configs, and another backend, is cold."""
        _tune()
        with self.assertCacheDelta("autotune_remote", puts=1, hits=0, misses=1):
            self.assertIsNone(_tune(**change))

    def test_changed_tag(self):
        """Another tag is cold."""
        import torch

        _tune()
        with torch.compiler.config.patch(cache_key_tag="another"):
            with self.assertCacheDelta("autotune_remote", puts=1, hits=0, misses=1):
                self.assertIsNone(_tune())

    def test_no_backend(self):
        """Without a backend hash there is no key, and so no cache."""
        self.assertIsNone(_cache(backend_hash=None))
        self.assertCacheUnused()


class LocalAndRemoteTests(TorchCacheTestCase):
    enable_caches = ("autotune_local_cache", "autotune_remote_cache")

    def test_remote_is_asked_second(self):
        """The remote cache is asked only for what the local one lacks."""
        with new_machine():
            self.assertIsNone(_tune())
            self.assertIs(_tune(), FAST)
        self.assertCacheStats("autotune_local", puts=1, hits=1, misses=1)
        self.assertCacheStats("autotune_remote", puts=1, hits=0, misses=1)
        with new_machine():
            self.assertIs(_tune(), FAST)
        self.assertCacheStats("autotune_local", puts=1, hits=1, misses=2)
        self.assertCacheStats("autotune_remote", puts=1, hits=1, misses=1)


class SwitchedOffTests(TorchCacheTestCase):
    def test_no_cache(self):
        """With the switches off torch makes no autotune cache, and no bundle."""
        with new_machine(), _compile_of("two kernels"):
            self.assertIsNone(_cache())
        self.assertCacheUnused()


class BundledTests(TorchCacheTestCase):
    enable_caches = ("autotune_local_cache", "bundled_autotune_remote_cache")

    def test_cold_compile(self):
        """The bundle is looked up when a compile begins, and put when it ends."""
        with new_machine(), _compile_of("two kernels"):
            self.assertCacheStats("bundled_autotune", puts=0, hits=0, misses=1)
            self.assertIsNone(_tune())
            self.assertCacheStats("bundled_autotune", puts=0, hits=0, misses=1)
        self.assertCacheStats("bundled_autotune", puts=1, hits=0, misses=1)
        self.assertCacheStats("autotune_local", puts=1, hits=0, misses=1)
        self.assertCacheUnused("autotune_remote")

    def test_new_machine(self):
        """On a new machine the bundle hits, fills the local cache, and leaves nothing to tune."""
        with new_machine(), _compile_of("two kernels"):
            _tune()
        with new_machine(), self.assertCacheDelta("bundled_autotune", puts=0, hits=1, misses=0):
            with self.assertCacheDelta("autotune_local", puts=1, hits=1, misses=0):
                with _compile_of("two kernels"):
                    self.assertIs(_tune(), FAST)

    def test_other_code(self):
        """The bundle belongs to the code, comments aside."""
        with new_machine(), _compile_of("two kernels  # on one machine"):
            _tune()
        with new_machine():
            with self.assertCacheDelta("bundled_autotune", puts=0, hits=0, misses=1):
                with _compile_of("three kernels"):
                    pass
            with self.assertCacheDelta("bundled_autotune", puts=0, hits=1, misses=0):
                with _compile_of("two kernels  # on another machine"):
                    pass

    def test_nothing_tuned(self):
        """A compile that has tuned nothing puts no bundle."""
        with new_machine(), _compile_of("no kernel"):
            pass
        self.assertCacheStats("bundled_autotune", puts=0, hits=0, misses=1)

    def test_outside_a_compile(self):
        """A kernel that runs outside a compile uses the local cache only."""
        with new_machine():
            _tune()
        self.assertCacheStats("autotune_local", puts=1, hits=0, misses=1)
        self.assertCacheUnused("bundled_autotune")

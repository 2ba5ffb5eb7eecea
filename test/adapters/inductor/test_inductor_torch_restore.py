"""The inductor adapter with real torch: what is put in for a test, and that nothing of it stays."""

from __future__ import annotations

import functools
import importlib
import logging
import unittest
from typing import Any
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, NotPatchedError, PatchCaches
from cachetest.adapters.registry import get_adapter

from ...support import needs_torch
from .torch_support import (
    CACHE_CLASSES,
    SWITCHES,
    TorchCacheTestCase,
    cache_class,
    compile_on_new_machine,
    config_texts,
    load_torch,
    make_cache,
    run_in_new_context,
    run_one,
)

_OVERRIDE = "backend_override_cls"


def _config(module: str) -> Any:
    return importlib.import_module(module)


class BackendTests(TorchCacheTestCase):
    @parameterized.expand(CACHE_CLASSES)
    def test_backend(self, name, cache):
        """The backend that a cache class is given is one of torch's own kind, and set up as such."""
        from torch._inductor.remote_cache import RemoteCacheBackend

        backend = make_cache(name).backend
        self.assertIsInstance(backend, RemoteCacheBackend)
        self.assertEqual(backend._name, cache)
        self.assertEqual(backend.name, cache)

    @parameterized.expand(CACHE_CLASSES)
    def test_operations(self, name, cache):
        """A value put through one cache object is a hit through another, after torch's own serialiser."""
        found = make_cache(name).get("key")
        make_cache(name).put("key", {"best": [1, 2]})
        again = make_cache(name).get("key")
        self.assertEqual((found, again), (None, {"best": [1, 2]}))
        self.assertCacheStats(cache, puts=1, hits=1, misses=1)
        self.assertEqual(list(self.caches[cache].cache.values()), [b'{"best": [1, 2]}'])
        self.assertCacheUnused(*(other for other in self.caches if other != cache))

    def test_counters_of_torch(self):
        """Torch goes on counting under the names that it gives the cache and the backend."""
        from torch._inductor import remote_cache

        with mock.patch.object(remote_cache, "cache_stats", remote_cache._CacheStats()) as counters:
            cache = cache_class("RemoteFxGraphCache")("id")
            cache.get("key")
            cache.put("key", 1)
            cache.get("key")
            for name in ("RemoteFxGraphCache", cache.backend._name):
                self.assertEqual(str(counters._stats[name]), "{hit: 1, miss: 1, put: 1, exception: 0}")

    def test_cache_id(self):
        """Cache objects with different ids share the cache, not the entries."""
        cache_class("RemoteFxGraphCache")("one").put("key", 1)
        self.assertIsNone(cache_class("RemoteFxGraphCache")("other").get("key"))
        self.assertCached("fx_graph", "pt2:one::key:c1", b"1")
        self.assertCacheStats("fx_graph", puts=1, hits=0, misses=1)


@needs_torch
class ClassAttributeTests(unittest.TestCase):
    @parameterized.expand(CACHE_CLASSES)
    def test_none_before(self, name, _cache):
        """A class that had no override of its own has one in a test, and none after it."""
        owner = cache_class(name)
        self.assertNotIn(_OVERRIDE, vars(owner))

        class Inner(CacheTestCase):
            def test(self):
                self.assertIn(_OVERRIDE, vars(owner))

        run_one(Inner)
        self.assertNotIn(_OVERRIDE, vars(owner))
        self.assertIsNone(owner.backend_override_cls)

    @parameterized.expand(CACHE_CLASSES)
    def test_one_before(self, name, _cache):
        """An override that somebody had put in is not used in a test, and back after it."""
        owner = cache_class(name)
        theirs = mock.Mock()
        with mock.patch.object(owner, _OVERRIDE, theirs):

            class Inner(CacheTestCase):
                def test(self):
                    make_cache(name).get("key")

            run_one(Inner)
            self.assertIs(vars(owner)[_OVERRIDE], theirs)
        theirs.assert_not_called()


@needs_torch
class MemoisedTests(unittest.TestCase):
    """`AOTAutogradCache.get_remote_cache` is called once in the life of a process, and memoised."""

    def setUp(self):
        load_torch()
        from torch._functorch._aot_autograd.autograd_cache import AOTAutogradCache

        self.owner = AOTAutogradCache
        # Where redis is not installed, torch warns that it can't make the real cache.
        log = logging.getLogger("torch._inductor.remote_cache")
        self.addCleanup(setattr, log, "disabled", log.disabled)
        log.disabled = True
        self.get_cache = AOTAutogradCache.get_remote_cache
        self.get_cache.cache_clear()
        self.addCleanup(self.get_cache.cache_clear)

    def test_made_before(self):
        """A cache that was made before the test is not used in it: the mock sees the operations."""
        theirs = mock.Mock()
        with mock.patch.object(cache_class("RemoteAOTAutogradCache"), _OVERRIDE, theirs):
            self.assertIs(self.get_cache().backend, theirs())

            class Inner(CacheTestCase):
                enable_caches = (
                    "fx_graph_remote_cache",
                    "enable_autograd_cache",
                    "enable_remote_autograd_cache",
                )

                def test(self):
                    for _ in range(2):
                        compile_on_new_machine()
                    self.assertCacheStats("aot_autograd", puts=1, hits=1, misses=1)

            run_one(Inner)
            self.assertEqual(theirs().method_calls, [])
            self.assertIs(self.get_cache().backend, theirs())

    def test_made_inside(self):
        """A cache that was made in the test is not used after it."""
        from cachetest.adapters.inductor.adapter import backend_class

        with PatchCaches():
            inside = self.get_cache()
            self.assertIsInstance(inside.backend, backend_class())
        outside = self.get_cache()
        self.assertIsNot(outside, inside)
        self.assertNotIsInstance(getattr(outside, "backend", None), backend_class())

    def test_made_once_inside(self):
        """In a test it is memoised as ever, and the next test gets another."""
        with PatchCaches():
            first = self.get_cache()
            self.assertIs(self.get_cache(), first)
        with PatchCaches():
            self.assertIsNot(self.get_cache(), first)

    def test_maker_put_back_inside(self):
        """A maker that comes into its place while a test runs has forgotten after it what that made."""
        from cachetest.adapters.inductor.adapter import backend_class

        replaced = mock.patch.object(self.owner, "get_remote_cache", lambda: None)
        replaced.start()
        with PatchCaches():
            replaced.stop()
            self.assertIsInstance(self.get_cache().backend, backend_class())
        self.assertNotIsInstance(getattr(self.get_cache(), "backend", None), backend_class())

    def test_maker_replaced_in_between(self):
        """A cache object that somebody has put in since the last test is told to forget as well."""
        with PatchCaches():
            pass
        made = functools.cache(object)
        with mock.patch.object(self.owner, "get_remote_cache", made):
            before = made()
            with PatchCaches():
                self.assertIsNot(made(), before)


@needs_torch
class SwitchTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        load_torch()

    def test_names(self):
        """The switches are those that this file knows of, and that of a cache that came with torch 2.9."""
        names = [switch.name for switch in get_adapter("inductor").switches]
        self.assertEqual(sorted(names), sorted(["caching_precompile", *(name for _, name in SWITCHES)]))

    def test_texts(self):
        """After setUp and tearDown all three configs read as before, in torch's own words."""

        def check():
            before = config_texts()
            PatchCaches.setUp()
            try:
                self.assertNotEqual(config_texts(), before)
            finally:
                PatchCaches.tearDown()
            self.assertEqual(config_texts(), before)

        run_in_new_context(check)

    @parameterized.expand(SWITCHES)
    def test_default(self, module, name):
        """A switch is off in between; one that was at its default is at its default again."""

        def check():
            config = _config(module)
            found = getattr(config, name)
            self.assertTrue(config._is_default(name))
            PatchCaches.setUp()
            try:
                self.assertIs(getattr(config, name), False)
            finally:
                PatchCaches.tearDown()
            self.assertTrue(config._is_default(name))
            self.assertIs(getattr(config, name), found)

        run_in_new_context(check)

    @parameterized.expand((*switch, value) for switch in SWITCHES for value in (True, False, None))
    def test_set_by_hand(self, module, name, value):
        """A value that was set by hand is back, and still an override, also if it equals the default."""

        def check():
            config = _config(module)
            setattr(config, name, value)
            before = config_texts()
            PatchCaches.setUp()
            try:
                self.assertIs(getattr(config, name), False)
            finally:
                PatchCaches.tearDown()
            self.assertIs(getattr(config, name), value)
            self.assertFalse(config._is_default(name))
            self.assertEqual(config_texts(), before)

        run_in_new_context(check)

    def test_hash(self):
        """The hash of the inductor config, a part of every key, is another one inside and the same after."""

        def check():
            config = _config("torch._inductor.config")
            before = config.get_hash()
            PatchCaches.setUp()
            inside = config.get_hash()
            PatchCaches.tearDown()
            self.assertEqual(config.get_hash(), before)
            self.assertNotEqual(inside, before)

        run_in_new_context(check)

    def test_tear_down_alone(self):
        """A tearDown without a setUp is an error, and changes nothing."""

        def check():
            before = config_texts()
            with self.assertRaises(NotPatchedError):
                PatchCaches.tearDown()
            self.assertEqual(config_texts(), before)

        run_in_new_context(check)

    @parameterized.expand([((),), (("fx_graph_cache", "automatic_dynamic_remote_pgo"),)])
    def test_test_case(self, on):
        """In a test the named switches are on and all others off; after it the configs read as before."""
        found: dict[str, object] = {}

        class Inner(CacheTestCase):
            enable_caches = on

            def test(self):
                found.update({name: getattr(_config(module), name) for module, name in SWITCHES})

        def check():
            before = config_texts()
            run_one(Inner)
            self.assertEqual(config_texts(), before)

        run_in_new_context(check)
        self.assertEqual(found, {name: name in on for _, name in SWITCHES})

"""A release of torch that `torch_tree` has written out, as the checks of it use it."""

import importlib
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from cachetest import PatchCaches, Stats
from cachetest._patching.undo import ABSENT, own_attribute
from cachetest.adapters.inductor.hooks import LOCAL_CACHES

from . import torch_tree

RELEASES, REMOTE_CACHE, CONFIG = torch_tree.RELEASES, torch_tree.REMOTE_CACHE, torch_tree.CONFIG
FORCED_BY = torch_tree.FORCED_BY

CACHES = {
    "LocalAutotuneCache": "autotune_local",
    "RemoteAutotuneCache": "autotune_remote",
    "RemoteBundledAutotuneCache": "bundled_autotune",
    "RemoteFxGraphCache": "fx_graph",
    "RemoteAOTAutogradCache": "aot_autograd",
    "RemoteDynamoPGOCache": "dynamo_pgo",
}
FB_CACHES = {f"Fb{name}": cache for name, cache in CACHES.items() if name.startswith("Remote")}
FB_CACHES["FbMemcacheRemoteKernelCache"] = "triton"
MAKERS = {
    ("torch._functorch._aot_autograd.autograd_cache", "AOTAutogradCache.get_remote_cache"): "aot_autograd",
    ("torch._inductor.codecache", "FxGraphCache.get_remote_cache"): "fx_graph",
    ("torch._dynamo.pgo", "get_remote_cache"): "dynamo_pgo",
}
ORIGINAL_SWITCHES = (
    "fx_graph_cache",
    "fx_graph_remote_cache",
    "autotune_local_cache",
    "autotune_remote_cache",
    "bundled_autotune_remote_cache",
)
SWITCHES = dict.fromkeys(ORIGINAL_SWITCHES, CONFIG) | {
    "enable_autograd_cache": "torch._functorch.config",
    "enable_remote_autograd_cache": "torch._functorch.config",
    "automatic_dynamic_local_pgo": "torch._dynamo.config",
    "automatic_dynamic_remote_pgo": "torch._dynamo.config",
}


class ReleaseCase:
    """One release, planted for each check, and the ways to ask it."""

    version = ""

    def setUp(self):
        self.plant()

    def plant(self, **variant):
        """Write the release anew, and make it the torch that is imported."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        torch_tree.write_tree(Path(folder.name), self.version, **variant)
        for name in [*sys.modules]:
            if name.partition(".")[0] in ("torch", "triton") or name == "cachetest.mock_cache":
                del sys.modules[name]
        path = mock.patch.object(sys, "path", [folder.name, *sys.path])
        path.start()
        self.addCleanup(path.stop)
        self.assertTrue(importlib.import_module("torch").__file__.startswith(folder.name))
        self.config = importlib.import_module(CONFIG)

    def drop_in(self):
        return importlib.import_module("cachetest.mock_cache")

    def classes(self):
        """Return the cache classes, by name, each from where the release has it."""
        names = [*CACHES, *(FB_CACHES if self.config.is_fbcode() else ())]
        found = {name: importlib.import_module(torch_tree.module_of(name, self.version)) for name in names}
        return {name: getattr(module, name) for name, module in found.items() if hasattr(module, name)}

    def make(self, name):
        """Make a cache object as the release does: before 2.13 the local one was not told its id."""
        takes_id = name != "LocalAutotuneCache" or torch_tree.module_of(name, self.version) == REMOTE_CACHE
        return self.classes()[name](*(["id"] if takes_id else []))

    def overrides(self):
        """Return what each cache class holds itself; `ABSENT`, as a rule."""
        classes = self.classes()
        return {name: own_attribute(classes[name], "backend_override_cls") for name in classes}

    def state(self):
        """Return all that tells one state of the three configs from another."""
        configs = {each: importlib.import_module(each) for each in (CONFIG, *torch_tree.OTHER_FLAGS)}
        return {
            module: {
                "text": config.codegen_config(),
                "hash": config.get_hash(),
                "values": {name: getattr(config, name, "hidden") for name in config._config},
                "defaults": [name for name in config._config if config._is_default(name)],
            }
            for module, config in configs.items()
        }

    def on(self):
        """Return the names of the switches that are not off; those that there are not are neither."""
        state = self.state()
        values = {name: state[module]["values"].get(name, False) for name, module in SWITCHES.items()}
        return {name for name, value in values.items() if value is not False}

    def override(self, **values):
        for name, value in values.items():
            setattr(importlib.import_module(SWITCHES.get(name, CONFIG)), name, value)

    def override_some(self):
        """Override some: with other values, one that is no switch among them, and with their defaults."""
        self.override(fx_graph_remote_cache=True, automatic_dynamic_remote_pgo=False)
        self.override(autotune_local_cache=True, autotune_remote_cache=None, enable_autograd_cache=True)
        self.override(search_autotune_cache=True)

    @contextmanager
    def unchanged(self):
        """Fail unless the block leaves the configs as they were, and nothing patched."""
        before = self.state()
        yield before
        self.assertEqual(self.state(), before)
        self.assertEqual(set(self.overrides().values()), {ABSENT})

    def assertCounting(self, names):
        """Use a cache object of each class as torch does, and look where it was counted."""
        remote_cache = importlib.import_module(REMOTE_CACHE)
        for name, counted_on in names.items():
            with self.subTest(name), self.unchanged(), PatchCaches("inductor") as patch:
                self.assertEqual(set(patch.caches), {*CACHES.values(), *FB_CACHES.values(), *LOCAL_CACHES})
                cache = self.make(name)
                self.assertIsInstance(cache.backend, remote_cache.RemoteCacheBackend)
                remote_cache.cache_stats.clear()
                self.assertIsNone(cache.get("key"))
                cache.put("key", {"of": name})
                self.assertEqual(cache.get("key"), {"of": name})
                counted = {each.name: each.stats for each in patch.caches.values() if each.operations}
                self.assertEqual(counted, {counted_on: Stats(1, 1, 1)})
                self.assertEqual(patch.caches[counted_on].operations[0].where.function, "assertCounting")
                counted = {(cache.backend._name, kind): 1 for kind in ("miss", "put", "hit")}
                self.assertEqual(remote_cache.cache_stats, counted)
        self.assertEqual(remote_cache._stored, {})

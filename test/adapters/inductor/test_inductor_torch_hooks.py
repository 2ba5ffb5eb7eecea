"""The hooks in real torch: where they are, what they keep, and what holds without one."""

from __future__ import annotations

import unittest
from contextlib import nullcontext

from cachetest import PatchCaches

from ...support import run_python
from .torch_support import (
    TorchCacheTestCase,
    config,
    lacks,
    new_machine,
    tag,
)


class HookTests(TorchCacheTestCase):
    def test_loaded_late(self):
        """A compiler that the first compile of a test loads is hooked as it is loaded, and freed after."""
        done = run_python(
            "-c",
            "import sys, torch\n"
            "from cachetest import PatchCaches\n"
            "from cachetest.adapters.inductor import hooks, observers\n"
            "with PatchCaches(enable=['fx_graph_remote_cache']) as patch:\n"
            "    print('torch._inductor.codecache' in sys.modules)\n"
            "    torch.compile(lambda x: x @ x)(torch.ones(3, 3))\n"
            "    assert patch.caches.fx_graph.adapter_state('key parts', dict)\n"
            "module = sys.modules['torch._inductor.codecache']\n"
            "for found in (module.FxGraphCache.load_with_key, module.log_cache_bypass):\n"
            "    assert found.__code__.co_filename != observers.__file__\n"
            "assert type(module.__loader__).__module__ != hooks.__name__\n"
            "assert not [f for f in sys.meta_path if type(f).__module__ == hooks.__name__]\n",
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        if done.stdout != "False\n":
            alone = run_python(
                "-c",
                "import sys, torch._dynamo.config; print('torch._inductor.codecache' in sys.modules)",
            )
            self.assertEqual(alone.stdout, done.stdout)
            raise lacks("config that is loaded without its compiler")

    def test_loaded_by_the_patch(self):
        """What the patch loads itself, as with torch before 2.13, is hooked once: nothing is displaced."""
        module = "torch._inductor.runtime.autotune_cache"
        done = run_python(
            "-c",
            "import sys, torch, torch._inductor.remote_cache\n"
            "from cachetest import PatchCaches\n"
            "from cachetest.adapters.inductor import adapter, observers\n"
            f"sys.modules.pop({module!r}, None)\n"
            "adapter.CACHE_CLASSES = tuple(\n"
            f"    each._replace(modules=({module!r},)) if each.cache == 'autotune_local' else each\n"
            "    for each in adapter.CACHE_CLASSES\n"
            ")\n"
            "for _ in range(2):\n"
            "    with PatchCaches('inductor'):\n"
            f"        create = vars(sys.modules[{module!r}].AutotuneCache)['create'].__func__\n"
            "        assert create.__code__.co_filename == observers.__file__\n"
            "        assert create.__wrapped__.__code__.co_filename != observers.__file__\n",
        )
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_in_place(self):
        """A static method is hooked by one; a hook that somebody displaces is reported as any patch is."""
        from torch._inductor.codecache import FxGraphCache

        inside = vars(FxGraphCache)["load_with_key"]
        self.assertIsInstance(inside, staticmethod)
        self.assertIn("observers", inside.__func__.__code__.co_filename)
        self.addCleanup(setattr, FxGraphCache, "load_with_key", inside)
        with self.assertRaisesRegex(AssertionError, "FxGraphCache.load_with_key was displaced"):
            with PatchCaches():
                FxGraphCache.load_with_key = staticmethod(len)

    def test_autotune(self):
        """The parts of an autotune key are those it was hashed from."""
        from .test_inductor_torch_autotune import _cache

        with PatchCaches() as patch, config("torch._inductor.config", autotune_local_cache=True):
            with new_machine():
                for around in (nullcontext, tag):
                    with around():
                        cache, key = _cache().local_cache
                        cache.get(key)
                        if around is nullcontext:
                            cache.put(key, {"a": 1})
                text = str(patch.caches.autotune_local.explain())
        self.assertIn("cache_key_tag: '' -> 'test'", text)

    def test_autotune_remote(self):
        """So are those of a remote one, which has the id of its cache in it."""
        from .test_inductor_torch_autotune import _cache

        with PatchCaches() as patch, config("torch._inductor.config", autotune_remote_cache=True):
            for configs in ("some", "others"):
                cache, key = _cache(configs).remote_cache
                cache.get(key)
                cache.put(key, {"a": 1})
            text = str(patch.caches.autotune_remote.explain())
        self.assertIn("configs hash: some -> others", text)

    def test_profile(self):
        """The key of a profile is legible."""
        cache = self.caches.dynamo_pgo
        cache.put("pt2:dynamo-pgo::mast:job:1:None::c1", 1)
        cache.get("pt2:dynamo-pgo::mast:job:1:None:test:c1")
        self.assertIn("cache_key_tag: '' -> 'test'", str(cache.explain()))

    def test_no_hook(self):
        """A release that lacks a hook is counted all the same, and the explanation says what it lacks."""
        from torch._inductor import codecache

        load = vars(codecache.FxGraphCache)["load_with_key"]
        del codecache.FxGraphCache.load_with_key
        self.addCleanup(setattr, codecache.FxGraphCache, "load_with_key", load)
        cache = self.caches.fx_graph
        cache.put("pt2:fx-graph-v1::one:c1", 1)
        cache.get("pt2:fx-graph-v1::two:c1")
        text = str(cache.explain())
        self.assertIn("this release of torch has no FxGraphCache.load_with_key to ask", text)
        self.assertIn("part 1: 'one' -> 'two'", text)


if __name__ == "__main__":
    unittest.main()

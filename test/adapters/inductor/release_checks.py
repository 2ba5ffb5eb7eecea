"""The checks of the inductor adapter on a release of torch that `torch_tree` has written out.

Run by `test_inductor_releases` in a child process for each release: the parent may have imported a torch.
"""

import contextvars
import importlib
import json
import operator
import os
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from cachetest import CacheTestCase, NotPatchedError, PatchCaches, Stats, SwitchError
from cachetest._patching.undo import ABSENT

from ...support import run_method
from . import torch_tree
from .release_case import (
    CACHES,
    CONFIG,
    FB_CACHES,
    FORCED_BY,
    MAKERS,
    ORIGINAL_SWITCHES,
    RELEASES,
    REMOTE_CACHE,
    SWITCHES,
    ReleaseCase,
)


class Checks(ReleaseCase):
    """The facts of each release: a TestCase in the child only, so that nothing runs it in the parent."""

    def test_tree_is_the_release(self):
        """The torch that is imported has the classes and the flags of the release, where they were."""
        self.assertEqual(importlib.import_module("torch").__version__, self.version)
        self.assertEqual(set(self.config._config), set(RELEASES[self.version]["config"]))
        for name, expected in RELEASES[self.version]["classes"].items():
            module = importlib.import_module(name)
            own = [each for each in vars(module).values() if getattr(each, "__module__", None) == name]
            classes = {each.__name__ for each in own if isinstance(each, type)}
            self.assertEqual({each for each in classes if not each.startswith("_")}, set(expected))
        kept = getattr(importlib.import_module(torch_tree.AUTOTUNE_CACHE), "LocalAutotuneCache", None)
        is_kept = torch_tree.numbers(self.version) < (2, 14)
        self.assertIs(kept, self.classes()["LocalAutotuneCache"] if is_kept else None)

    def test_each_class_counts_on_its_own_cache(self):
        """Calls of a cache object of torch are counted on the one right name, and stored nowhere."""
        self.assertCounting(CACHES)

    def test_fbcode(self):
        """A torch built for fbcode has twelve classes, and all seven names are used."""
        self.plant(fbcode=True)
        self.assertEqual(len(self.classes()), 12)
        self.assertCounting({**CACHES, **FB_CACHES})

    def test_override_of_somebody_else_comes_back(self):
        """A class has after the block exactly what it had itself before, None included."""
        theirs = {"RemoteFxGraphCache": lambda: None, "RemoteAutotuneCache": None}
        for name, override in theirs.items():
            self.classes()[name].backend_override_cls = override
        with PatchCaches("inductor"):
            with PatchCaches("inductor"):
                pass
            self.assertFalse({ABSENT, *theirs.values()} & set(self.overrides().values()))
        self.assertEqual(self.overrides(), dict.fromkeys(CACHES, ABSENT) | theirs)

    def test_memoised_cache_objects_are_made_anew(self):
        """A cache object that torch made before is not used inside the block, nor one from inside after."""
        for (module, path), name in MAKERS.items():
            with self.subTest(path):
                make = operator.attrgetter(path)(importlib.import_module(module))
                self.assertEqual(make() is make(), name == "aot_autograd")
                make().put("key", 1)
                with PatchCaches("inductor") as patch:
                    self.assertIsNone(make().get("key"))
                self.assertEqual(make().get("key"), 1)
                self.assertEqual(patch.caches[name], Stats(0, 0, 1))

    def test_patching_does_not_import_the_compiler(self):
        """The modules that hand out cache objects are not imported for the sake of patching."""
        with PatchCaches("inductor"):
            self.assertFalse({module for module, _ in MAKERS} & set(sys.modules))

    def test_hooked_once(self):
        """In the first scope of a process as in the next, whatever the patch itself has to load."""
        for _ in range(2):
            with PatchCaches("inductor"):
                create = importlib.import_module(torch_tree.AUTOTUNE_CACHE).AutotuneCache.create
                self.assertFalse(hasattr(create.__wrapped__, "__wrapped__"))
            create = importlib.import_module(torch_tree.AUTOTUNE_CACHE).AutotuneCache.create
            self.assertFalse(hasattr(create, "__wrapped__"))

    def test_what_torch_passes(self):
        """A hooked function is called with what the release passes, and returns what it returns."""
        given = {name: {} for name in torch_tree.lookup_parameters(self.version)}
        with PatchCaches("inductor"):
            lookup = importlib.import_module(torch_tree.AUTOGRAD_CACHE).AOTAutogradCache._lookup
            self.assertTrue(hasattr(lookup, "__wrapped__"))
            for remote in (False, True):
                given["remote"] = remote
                self.assertEqual(lookup(*given.values()), (*given.values(),))
                self.assertEqual(lookup(**given), (*given.values(),))

    def test_parts_of_a_remote_autotune_key(self):
        """They are found by the id of the cache, wherever the release has it."""
        with PatchCaches("inductor") as patch:
            for configs in ("some", "others"):
                module = importlib.import_module(torch_tree.AUTOTUNE_CACHE)
                cache, key = module.AutotuneCache.create({}, "kernel.py", configs).remote_cache
                self.assertIsNone(cache.get(key))
                cache.put(key, 1)
            self.assertIn("configs hash: some -> others", str(patch.caches.autotune_remote.explain()))

    def test_missing_class(self):
        """Without one of its classes torch can't be patched: an error names it, and nothing is patched."""
        for name in ("RemoteDynamoPGOCache", "LocalAutotuneCache"):
            self.plant(without=[name])
            with self.subTest(name), self.unchanged():
                text = f"no {name} in .*{CACHES[name]!r}"
                with self.assertRaisesRegex(ImportError, text), PatchCaches("inductor"):
                    self.fail("entered")
                _, result = run_method(CacheTestCase, lambda case: case.fail("ran"))
                self.assertRegex(result.errors[0][1], text)

    def test_failure_halfway(self):
        """When one class can't be patched, those before it are restored, and it may be tried again."""

        class Sealed(type):
            def __setattr__(cls, name, value):
                raise TypeError(f"{cls.__name__} is sealed")

        module = importlib.import_module(REMOTE_CACHE)
        sealed = Sealed("RemoteAOTAutogradCache", (module.RedisRemoteCache,), {})
        with mock.patch.object(module, "RemoteAOTAutogradCache", sealed), self.unchanged():
            with self.assertRaisesRegex(TypeError, "sealed"), PatchCaches("inductor"):
                self.fail("entered")
        self.assertCounting(CACHES)

    def test_defaults_are_defaults_again(self):
        """After setUp every switch is off; after tearDown no flag is overridden, not even by its default."""
        with self.unchanged() as before:
            self.assertEqual({config["text"] for config in before.values()}, {""})
            PatchCaches.setUp()
            self.assertEqual(self.on(), set())
            self.assertNotEqual(self.state()[CONFIG]["hash"], before[CONFIG]["hash"])
            PatchCaches.tearDown()

    def test_set_up_nests(self):
        """Each tearDown puts back what its own setUp found, whatever was set or deleted in between."""
        self.override_some()
        with self.unchanged():
            PatchCaches.setUp()
            self.assertIs(self.config.search_autotune_cache, True)
            self.override(fx_graph_cache=True, enable_autograd_cache=True)
            with self.unchanged():
                PatchCaches.setUp()
                self.assertEqual(self.on(), set())
                del self.config.fx_graph_cache
                with mock.patch.object(self.config, "autotune_local_cache", True):
                    self.assertEqual(self.on(), {"fx_graph_cache", "autotune_local_cache"})
                PatchCaches.tearDown()
            PatchCaches.tearDown()

    def test_switch_that_the_release_lacks(self):
        """It is passed over and the others are restored; to enable it is an error that changes nothing."""
        names = (
            "bundled_autotune_remote_cache",
            "enable_remote_autograd_cache",
            "automatic_dynamic_local_pgo",
        )
        for without in (*([name] for name in names), names):
            self.plant(without=without)
            self.override_some()
            for patch, off in ((PatchCaches, SWITCHES), (self.drop_in().PatchCaches, ORIGINAL_SWITCHES)):
                with self.subTest(without=without, patch=patch), self.unchanged() as before:
                    self.assertFalse(
                        {*without} & {name for each in before.values() for name in each["values"]}
                    )
                    patch.setUp()
                    self.assertFalse(self.on() & {*off})
                    patch.tearDown()
            with self.subTest(enabled=without), self.unchanged():
                _, result = run_method(CacheTestCase, lambda case: self.assertEqual(self.on(), set()))
                self.assertTrue(result.wasSuccessful())
                with self.assertRaisesRegex(SwitchError, without[0]), PatchCaches(enable=without):
                    self.fail("entered")

    def test_tear_down_alone(self):
        """Without a setUp before it tearDown is an error that changes nothing."""
        self.override_some()
        for patch in (PatchCaches, self.drop_in().PatchCaches):
            with self.unchanged(), self.assertRaisesRegex(NotPatchedError, "setUp"):
                patch.tearDown()

    def test_case(self):
        """Around a test the switches are off but for those enabled, and it has mocks; after it, as before."""
        enable = {"fx_graph_remote_cache", "enable_autograd_cache"}

        def body(case):
            case.assertEqual(self.on(), enable)
            self.make("RemoteFxGraphCache").put("key", 1)
            case.assertCacheStats("fx_graph", puts=1, hits=0, misses=0)

        self.override_some()
        with self.unchanged():
            _, result = run_method(CacheTestCase, body, enable_caches=[*enable])
            self.assertEqual([*result.errors, *result.failures], [])

    def test_switch_that_the_environment_forces_on(self):
        """To turn it off is an error and changes nothing, save for the drop-in; to enable it is none."""
        for name, variable in FORCED_BY.items():
            with self.subTest(name), mock.patch.dict(os.environ, {variable: "1"}):
                self.plant()
                with self.unchanged():
                    with self.assertRaisesRegex(SwitchError, f"{name}.*True"):
                        PatchCaches.setUp()
                    self.assertRaises(NotPatchedError, PatchCaches.tearDown)
                    _, result = run_method(CacheTestCase, lambda case: case.fail("ran"))
                    self.assertRegex(result.errors[0][1], f"SwitchError.*{name}.*True")
                    _, result = run_method(CacheTestCase, lambda case: None, enable_caches=[name])
                    self.assertTrue(result.wasSuccessful())
                with self.unchanged():
                    self.drop_in().PatchCaches.setUp()
                    self.assertEqual(self.on() & {*ORIGINAL_SWITCHES}, {name} & {*ORIGINAL_SWITCHES})
                    self.drop_in().PatchCaches.tearDown()

    def test_switch_that_the_environment_forces_off(self):
        """It is off as every other; to enable it is an error."""
        for name, variable in FORCED_BY.items():
            with self.subTest(name), mock.patch.dict(os.environ, {variable: "0"}):
                self.plant()
                with self.unchanged():
                    PatchCaches.setUp()
                    PatchCaches.tearDown()
                    with self.assertRaisesRegex(SwitchError, f"{name}.*False"), PatchCaches(enable=[name]):
                        self.fail("entered")

    def test_drop_in(self):
        """The drop-in's setUp touches the original's five switches only, and it counts as the original."""
        self.override_some()
        drop_in = self.drop_in()
        with self.unchanged() as before:
            drop_in.PatchCaches.setUp()
            self.assertFalse(self.on() & {*ORIGINAL_SWITCHES})
            self.assertEqual({**self.state(), CONFIG: None}, {**before, CONFIG: None})
            with drop_in.PatchCaches():
                self.make("RemoteFxGraphCache").put("key", 1)
                self.assertEqual(drop_in.global_stats.fx_graph, drop_in.Stats(1, 0, 0))
                backend = drop_in.MockBackend.with_name("fx_graph")()
                self.assertIsInstance(backend, importlib.import_module(REMOTE_CACHE).RemoteCacheBackend)
            drop_in.PatchCaches.tearDown()

    def test_threads(self):
        """Two threads whose setUp and tearDown overlap: each value is restored where it is kept."""
        own_values = torch_tree.overrides_are_per_context(self.version)
        with ThreadPoolExecutor(1) as pool, self.unchanged() as here_before:

            def there(function, **kwargs):
                return pool.submit(function, **kwargs).result()

            if own_values:
                there(self.override, fx_graph_remote_cache=True, enable_autograd_cache=True)
            PatchCaches.setUp()
            there_before = there(self.state)
            self.assertEqual(there(self.on) == set(), not own_values)
            there(PatchCaches.setUp)
            PatchCaches.tearDown()
            self.assertEqual(self.state(), here_before if own_values else there_before)
            self.assertEqual(there(self.on), set())
            there(PatchCaches.tearDown)
            self.assertEqual(there(self.state), there_before if own_values else here_before)


CHECKS = [name for name in vars(Checks) if name.startswith("test_")]


def run_checks(version):
    """Run each check, in the child, and print what went wrong by its name."""
    for name in FORCED_BY.values():
        os.environ.pop(name, None)
    case_class = type("ReleaseChecks", (Checks, unittest.TestCase), {"version": version, "maxDiff": None})
    report = {}
    for name in CHECKS:
        result = unittest.TestResult()
        # What a check that fails leaves in the context must not make others fail.
        contextvars.Context().run(case_class(name).run, result)
        report[name] = [text for _, text in (*result.errors, *result.failures)]
    print(json.dumps(report))

"""The inductor adapter without torch; releases, generated and real, are in the modules beside this one."""

import sys
import unittest
from types import ModuleType, SimpleNamespace
from unittest import mock

from parameterized import parameterized

from cachetest import MockCache
from cachetest.adapters.inductor.adapter import (
    Inductor,
    _cache_classes,
    _forget_memoised,
    _looked_up,
)
from cachetest.adapters.inductor.key_parts import PARTS
from cachetest.adapters.inductor.switches import InductorSwitch
from cachetest.adapters.registry import detected_adapters


def module(name, **names):
    made = ModuleType(name)
    vars(made).update(names)
    return {name: made}


class ComponentsTests(unittest.TestCase):
    @parameterized.expand(
        [
            (
                "fx graph",
                "pt2:fx-graph-v1::fabc:c1",
                [("cache id", "fx-graph-v1"), ("part 1", "fabc"), ("version", "c1")],
            ),
            (
                "profile",
                "pt2:dynamo-pgo::job:None:tag:c1",
                [
                    ("cache id", "dynamo-pgo"),
                    ("part 1", "job"),
                    ("part 2", "None"),
                    ("part 3", "tag"),
                    ("version", "c1"),
                ],
            ),
            ("a path", "a/b", [("part 1", "a"), ("part 2", "b")]),
            ("no key of torch", "other::a:c1", [("part 1", "other"), ("part 2", "a"), ("part 3", "c1")]),
            ("no string", 1, [("key", 1)]),
        ]
    )
    def test_parts(self, _, key, parts):
        """A key of torch's Redis caches comes apart as torch put it together; others as they would anyway."""
        self.assertEqual(Inductor().components(MockCache("fx_graph"), key), parts)


class KeptPartsTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("none", [], "none"),
            ("until torch 2.13", ["('s0',)", "('s1',)"], "s0, s1"),
            ("since torch 2.14", ["('s_0', 4)", "('s_1', None)"], "s_0 = 4, s_1 = None"),
            ("another way", ["(s0 + 1, 5)"], "(s0 + 1, 5)"),
        ]
    )
    def test_sizes(self, _, sizes, shown):
        """Sizes that are not fixed are one part, as torch names them, with the number they stand for."""
        cache = MockCache("aot_autograd")
        texts = (*(f"example_inputs[{n}]: {size}" for n, size in enumerate(sizes)), "tag: x")
        cache.adapter_state(PARTS, dict)["key"] = texts
        parts = Inductor().components(cache, "key")
        self.assertEqual(
            [(name, str(value)) for name, value in parts],
            [("tag", "x"), ("sizes that are not fixed (dynamic shapes)", shown)],
        )


class MissingClassTests(unittest.TestCase):
    def test_class_that_is_gone(self):
        """A release without one of the classes is an error: else its cache would go unpatched."""
        modules = {
            **module("torch"),
            **module("torch._inductor"),
            **module("torch._inductor.config", is_fbcode=lambda: False),
            **module("torch._inductor.remote_cache"),
            **module("torch._inductor.runtime"),
            **module("torch._inductor.runtime.autotune_cache"),
        }
        with mock.patch.dict(sys.modules, modules):
            with self.assertRaisesRegex(
                ImportError, "no LocalAutotuneCache in .* or .*'autotune_local' can't be"
            ):
                list(_cache_classes(False))


class ReadyTests(unittest.TestCase):
    def test_torch_without_caches(self):
        """A torch that has no such caches is passed over where nobody named it."""
        for modules in (module("torch"), {**module("torch"), **module("torch._inductor", __path__=[])}):
            with mock.patch.dict(sys.modules):
                # Another test may have imported the real one, and Django.
                for name in [each for each in sys.modules if each.partition(".")[0] in {"torch", "django"}]:
                    del sys.modules[name]
                sys.modules.update(modules)
                self.assertFalse(Inductor().is_ready())
                self.assertEqual(detected_adapters(), [])


class SwitchTests(unittest.TestCase):
    def test_plain_override(self):
        """Before torch 2.12 an override is an attribute; what was never set is never set again."""
        unset = object()
        entry = SimpleNamespace(user_override=unset)
        config = ModuleType("config")
        vars(config)["_config"] = {"flag": entry}
        switch = InductorSwitch(config, "flag")
        self.assertFalse(switch.per_context)
        self.assertTrue(switch.exists())
        entry.hide = True
        self.assertFalse(switch.exists())
        self.assertIsNone(switch.get())
        self.assertFalse(InductorSwitch(config, "other").exists())
        saved = switch.save()
        switch.set(True)
        self.assertTrue(switch.get())
        entry.user_override = True
        switch.restore(saved)
        self.assertIs(entry.user_override, unset)


class LookedUpTests(unittest.TestCase):
    def test_module_that_is_blocked(self):
        """A module that a program keeps from being imported is looked for, and nothing in it."""
        name = "torch._inductor.codecache"
        with mock.patch.dict(sys.modules, {name: None}):
            looked_up = list(_looked_up(fbcode=False))
        self.assertIn((sys.modules, name), looked_up)


class MemoisedTests(unittest.TestCase):
    def test_only_what_is_loaded(self):
        """A module that was not imported is not imported to forget what it can't have memoised."""
        name = "torch._dynamo.pgo"
        cleared = []
        make = SimpleNamespace(cache_clear=lambda: cleared.append(1))
        with mock.patch.dict(sys.modules, {name: None}):
            _forget_memoised()
        with mock.patch.dict(sys.modules, module(name, get_remote_cache=make)):
            _forget_memoised()
        self.assertEqual(cleared, [1])


if __name__ == "__main__":
    unittest.main()

import importlib
import importlib.util
import math
import sys
import threading
import types
import unittest
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from unittest import mock

from parameterized import parameterized

from cachetest import adapters
from cachetest.adapters import Adapter, Targets, registry
from cachetest.adapters.registry import (
    AdapterInfo,
    adapter_for,
    detected_adapters,
    get_adapter,
    known_adapters,
    validate_name,
)
from cachetest.errors import MissingLibraryError, UnknownAdapterError

EVERY = list(known_adapters.items())


class TableTests(unittest.TestCase):
    def test_unknown(self):
        """A wrong name says which there are."""
        for call in (validate_name, get_adapter):
            with self.assertRaisesRegex(UnknownAdapterError, "no adapter 'inducter'.*first: inductor"):
                call("inducter")

    @parameterized.expand(EVERY)
    def test_missing_library(self, name, known):
        """An adapter without its library says what to install."""
        if known.extra is None:
            self.skipTest("of the standard library")
        for found in (mock.Mock(return_value=None), mock.Mock(side_effect=ValueError)):
            with mock.patch.dict(sys.modules, {known.library: None}):
                with mock.patch("importlib.util.find_spec", found):
                    with self.assertRaisesRegex(
                        MissingLibraryError, f"pip install 'cachetest.{known.extra}.'"
                    ):
                        get_adapter(name)

    def test_made_once(self):
        """An adapter whose class takes no arguments is made once, and asks for its library all the same."""

        class Plain(Adapter):
            name = "plain"

            def install(self):
                return nullcontext()

        class Told(Plain):
            def __init__(self, *names):
                self.names = names

        module = types.SimpleNamespace(Plain=Plain, Told=Told)
        table = {name: AdapterInfo(name.title(), "math") for name in ("plain", "told")}
        places = {f"{registry.__package__}.{name}": module for name in table}
        with (
            mock.patch.dict(known_adapters, table),
            mock.patch.dict(registry._shared),
            mock.patch.dict(sys.modules, {**places, "math": math}),
        ):
            self.assertIs(get_adapter("plain"), get_adapter("plain"))
            self.assertIsNot(get_adapter("told"), get_adapter("told"))
            with mock.patch.dict(sys.modules, {"math": None}), self.assertRaises(MissingLibraryError):
                get_adapter("plain")

    def test_ready(self):
        """Only adapters whose library was imported are used without being named."""
        with mock.patch.dict(sys.modules, {known.library: None for known in known_adapters.values()}):
            self.assertEqual(detected_adapters(), [])

    @parameterized.expand([("fx_graph", "inductor"), ("fx_graph_remote_cache", "inductor"), ("prices", None)])
    def test_owner(self, name, owner):
        """A cache or a switch is known by name without its library."""
        self.assertEqual(adapter_for(name), owner)

    @parameterized.expand(EVERY)
    def test_table_is_right(self, name, known):
        """The table says of an adapter what the adapter says itself."""
        if importlib.util.find_spec(known.library.partition(".")[0]) is None:
            self.skipTest(f"needs {known.library}: pip install 'cachetest[{known.extra}]'")
        cls = getattr(adapters, known.class_name)
        self.assertEqual((cls.name, cls.__name__), (name, known.class_name))
        self.assertIs(getattr(importlib.import_module(f"cachetest.adapters.{name}"), cls.__name__), cls)
        self.assertIn(cls.__module__, (f"cachetest.adapters.{name}", f"cachetest.adapters.{name}.adapter"))
        if issubclass(cls, Targets):
            with self.assertRaisesRegex(TypeError, f"{known.class_name} has to be told what to test"):
                get_adapter(name)
        elif name != "django":  # whose caches are those of the settings
            adapter = get_adapter(name)
            self.assertEqual(adapter, get_adapter(name))
            self.assertEqual(adapter.caches, known.caches)
            self.assertEqual(tuple(switch.name for switch in adapter.switches), known.switches)

    def test_not_loaded_by_discovery(self):
        """unittest asks a package for all that its dir() has: that must need no library."""
        self.assertFalse({known.class_name for known in known_adapters.values()} & {*dir(adapters)})

    def test_library_that_fails_to_load(self):
        """An AttributeError of a library, or of what that needs, is shown, and not taken for no such name."""
        failing = mock.Mock(side_effect=AttributeError("module 'other' has no attribute 'thing'"))
        with mock.patch("importlib.import_module", failing), mock.patch.dict(sys.modules):
            sys.modules.pop("cachetest.adapters.functools", None)
            with self.assertRaisesRegex(ImportError, "'functools' can't be loaded: module 'other'"):
                adapters.Functools  # noqa: B018

    def test_no_such_class(self):
        """Only classes of adapters are there to be imported."""
        with self.assertRaisesRegex(AttributeError, "has no attribute 'Nothing'"):
            adapters.Nothing  # noqa: B018

    def test_entry_points(self):
        """An adapter of another distribution is found by its entry point, and has to be one."""

        class Theirs(Adapter):
            name = "theirs"

            def install(self):
                raise AssertionError("not in this test")

        for made, check in ((Theirs, self.assertIsInstance), (dict, None)):
            point = mock.Mock(load=lambda made=made: made)
            with mock.patch.object(registry, "_entry_points", return_value={"theirs": point}):
                if check is not None:
                    check(get_adapter("theirs"), Theirs)
                else:
                    with self.assertRaisesRegex(TypeError, "'theirs'.*makes no adapter, but {}"):
                        get_adapter("theirs")

    def test_loaded_on_threads(self):
        """A thread that asks for an adapter while another one loads it waits, and gets it."""
        begun, go_on = threading.Event(), threading.Event()

        class Loader:
            def create_module(self, spec):
                return None

            def exec_module(self, module):
                begun.set()
                go_on.wait(30)
                module.Slow = type("Slow", (Adapter,), {"name": "slow"})

        class Finder:
            def find_spec(self, name, path, target=None):
                return importlib.util.spec_from_loader(name, Loader()) if name == path_of_it else None

        path_of_it = "cachetest.adapters.slow"
        self.addCleanup(sys.modules.pop, path_of_it, None)
        self.addCleanup(vars(adapters).pop, "slow", None)
        finder = Finder()
        with (
            mock.patch.dict(known_adapters, {"slow": AdapterInfo("Slow", "math")}),
            mock.patch.object(sys, "meta_path", [finder, *sys.meta_path]),
            ThreadPoolExecutor(2) as pool,
        ):
            first = pool.submit(registry.load_class, "slow")
            begun.wait(30)
            second = pool.submit(registry.load_class, "slow")
            # It has no more to do than to find the module half made.
            wait([second], 0.05)
            go_on.set()
            self.assertIs(first.result(30), second.result(30))

    def test_ready_once_imported(self):
        """Once its library is there, an adapter is used."""
        with mock.patch.dict(sys.modules, {"torch": object(), "django": None}):
            with mock.patch.object(registry, "get_adapter") as loaded:
                self.assertEqual(detected_adapters(), [loaded("inductor")])


if __name__ == "__main__":
    unittest.main()

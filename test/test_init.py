"""The face of the package: every public name is there, and each is loaded when it is used."""

import ast
import importlib
import unittest
from pathlib import Path

from parameterized import parameterized

import cachetest
import cachetest.adapters
from cachetest.adapters.registry import class_names

from .support import run_python

LOADED = "print(sorted(name for name in sys.modules if name.partition('.')[0] == 'cachetest'))"


class FreshCase(unittest.TestCase):
    def run_fresh(self, *lines):
        """Run *lines* in a fresh interpreter, and return what they have printed, line by line."""
        done = run_python("-c", "\n".join(["import sys", *lines]))
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stderr)
        return done.stdout.splitlines()


class LoadingTests(FreshCase):
    def test_nothing_is_loaded(self):
        """Importing the package loads itself, and none of its modules."""
        self.assertEqual(self.run_fresh("import cachetest", LOADED), ["['cachetest']"])

    def test_nothing_slow(self):
        """Nor does it load a library under test, a test runner, or anything slow."""
        (slow,) = self.run_fresh(
            "import cachetest",
            "slow = {'torch', 'triton', 'django', 'redis', 'numpy', 'pytest', 'hypothesis', 'asyncio',",
            "        'concurrent', 'unittest.mock', 'typing_extensions', 'parameterized'}",
            "print(sorted(slow & set(sys.modules)))",
        )
        self.assertEqual(slow, "[]")

    def test_adapters(self):
        """Importing the adapters loads their face, and no adapter."""
        self.assertEqual(
            self.run_fresh("import cachetest.adapters", LOADED), ["['cachetest', 'cachetest.adapters']"]
        )

    def test_what_is_used(self):
        """A name that is used loads what it needs, and not what has nothing to do with it."""
        (loaded,) = self.run_fresh("from cachetest import Stats, CacheTestError", LOADED)
        self.assertEqual(
            ast.literal_eval(loaded),
            ["cachetest", "cachetest._recording", "cachetest._recording.stats", "cachetest.errors"],
        )

    def test_asyncio(self):
        """Asyncio, which takes longer to import than all the rest, is loaded for its own test case alone."""
        others = [name for name in cachetest.__all__ if name != "AsyncCacheTestCase"]
        self.assertEqual(
            self.run_fresh(
                f"from cachetest import {', '.join(others)}",
                "class Tests(CacheTestCase):",
                "    def test(self):",
                "        MockBackend('c').get('k')",
                "        self.assertCacheStats('c', misses=1)",
                "Tests('test').debug()",
                "with PatchCaches() as patch: MockBackend('c').get('k')",
                "print('asyncio' in sys.modules)",
                "from cachetest import AsyncCacheTestCase",
                "print('asyncio' in sys.modules)",
            ),
            ["False", "True"],
        )

    def test_star(self):
        """All names at once are those of __all__."""
        (names,) = self.run_fresh(
            "from cachetest import *",
            "print(sorted(name for name in dir() if not name.startswith('_') and name != 'sys'))",
        )
        self.assertEqual(ast.literal_eval(names), sorted(cachetest.__all__))


class NameTests(unittest.TestCase):
    @parameterized.expand([(name,) for name in cachetest.__all__])
    def test_name(self, name):
        """Each name is there, at home in a module of the package, and the same whenever it is asked for."""
        found = getattr(cachetest, name)
        home = importlib.import_module(f"cachetest.{cachetest._HOMES.get(name, 'errors')}")
        self.assertIs(getattr(home, name), found)
        self.assertIs(getattr(cachetest, name), found)
        self.assertIs(vars(cachetest)[name], found)

    @parameterized.expand(
        [
            ("cachetest", cachetest, set()),
            # unittest asks a package for all that its dir() has, and each of these needs its library.
            ("cachetest.adapters", cachetest.adapters, {*class_names}),
        ]
    )
    def test_dir(self, _, package, left_out):
        """dir() has every name, loaded or not, each once and in order, but for the classes of adapters."""
        names = dir(package)
        self.assertLessEqual({*package.__all__, "__doc__"} - left_out, {*names})
        self.assertEqual(names, sorted({*names}))

    @parameterized.expand([("cachetest", cachetest), ("cachetest.adapters", cachetest.adapters)])
    def test_unknown_name(self, name, package):
        """A name that is none is the error that any module gives."""
        for unknown in ("nothing", "__wrapped__", "_HOME"):
            self.assertFalse(hasattr(package, unknown))
        with self.assertRaisesRegex(AttributeError, f"^module '{name}' has no attribute 'nothing'$"):
            package.nothing  # noqa: B018
        with self.assertRaisesRegex(ImportError, f"cannot import name 'nothing' from '{name}'"):
            exec(f"from {name} import nothing")

    @parameterized.expand([("cachetest", cachetest), ("cachetest.adapters", cachetest.adapters)])
    def test_type_checkers_see_the_same(self, _, package):
        """What is imported for type checkers is __all__, each name from where it is had from."""
        tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
        (block,) = (node for node in tree.body if isinstance(node, ast.If))
        homes = {
            alias.name: ("." * node.level + (node.module or ""), node.lineno)
            for node in block.body
            for alias in node.names
        }
        self.assertEqual(sorted(homes), sorted(package.__all__))
        for name, home in package._HOMES.items():
            self.assertEqual(homes[name][0].lstrip("."), home.lstrip("."), name)

    def test_order(self):
        """__all__ is sorted."""
        self.assertEqual(cachetest.__all__, sorted(cachetest.__all__))

    def test_ready_for_type_checkers(self):
        """The package says that it is typed."""
        self.assertTrue(Path(cachetest.__file__).with_name("py.typed").is_file())

    def test_version(self):
        """The version is there without anything being loaded."""
        self.assertRegex(cachetest.__version__, r"^\d+\.\d+\.\d+")

    def test_modules(self):
        """The public modules are had by their own names as well."""
        for name in ("errors", "mock_cache", "case", "async_case", "adapters", "contract"):
            self.assertIsNotNone(importlib.util.find_spec(f"cachetest.{name}"), name)


class AdapterNameTests(FreshCase):
    @parameterized.expand(sorted(cachetest.adapters._HOMES.items()))
    def test_name(self, name, home):
        """What authors of adapters need is had from one place, and needs no library."""
        found = getattr(cachetest.adapters, name)
        self.assertIs(getattr(importlib.import_module(home, "cachetest.adapters"), name), found)
        self.assertIs(vars(cachetest.adapters)[name], found)

    def test_adapter_without_its_library(self):
        """An adapter whose library is missing says what to install, however it is asked for."""
        self.assertEqual(
            self.run_fresh(
                "sys.modules['redis'] = None",
                "import cachetest.adapters",
                "from cachetest import MissingLibraryError",
                "try: from cachetest.adapters import Redis",
                "except MissingLibraryError as error: print(error)",
                "try: cachetest.adapters.Redis",
                "except MissingLibraryError as error: print(error)",
            ),
            ["the adapter 'redis' needs redis, which is not installed: pip install 'cachetest[redis]'"] * 2,
        )


if __name__ == "__main__":
    unittest.main()

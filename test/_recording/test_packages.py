"""Whose lines are the caller's: of the program first, of an installed package last, of a runner never."""

import _thread
import importlib.util
import os
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from parameterized import parameterized

from cachetest._recording.call_sites import calling_location

from ..support import in_module

CALL = "def call(function, *args):\n    return function(*args)\n"


def through(*modules, folder="site-packages"):
    """Return a function that calls another through one of each of *modules*, the outermost first."""
    calls = [in_module(name, CALL, folder)["call"] for name in modules]

    def call(function, *args):
        for each in reversed(calls):
            function, args = each, (function, *args)
        return function(*args)

    return call


def told_where_all_is_installed(modules):
    """Return the location that is told on a thread which runs nothing but *modules*, the outermost first."""
    source = """
def work():
    for each in calls[::-1]:
        functions.append(partial(each, functions[-1]))
    found.append(functions[-1]())
    done.set()
"""
    names = in_module("_pytest.runner", source, "site-packages")
    calls = [in_module(name, CALL, "site-packages")["call"] for name in modules]
    find = in_module("pluggy", "def find():\n    return locate(libraries)\n", "site-packages")
    find.update(locate=calling_location, libraries=frozenset({"library"}))
    names.update(calls=calls, functions=[find["find"]], found=[], done=threading.Event())
    names["partial"] = __import__("functools").partial
    # Not by a Thread, whose starter's line would be known in a scope.
    _thread.start_new_thread(names["work"], ())
    names["done"].wait(60)
    return names["found"][0]


class PackageTests(unittest.TestCase):
    @parameterized.expand([("site-packages",), ("dist-packages",), ("lib/python3/site-packages/layer",)])
    def test_installed(self, folder):
        """A package that is installed is not the caller where the program is on the way."""
        where = through("layer.inner", "another", folder=folder)(calling_location)
        self.assertEqual((where.filename, where.function), (__file__, "call"))

    def test_folder_named_alike(self):
        """A folder of another name is the program's."""
        where = through("layer", folder="my-site-packages")(calling_location)
        self.assertEqual(where.filename, "/my-site-packages/layer.py")

    @parameterized.expand(
        [
            (("outer", "inner"), "inner"),
            (("outer", "library"), "outer"),
            (("outer", "pytest", "library.inner"), "outer"),
            (("outer", "_pytest.fixtures", "xdist.remote", "execnet.gateway"), "outer"),
        ]
    )
    def test_nothing_else_on_the_way(self, modules, told):
        """Where all is installed it is the innermost that is neither the library nor a runner."""
        self.assertEqual(told_where_all_is_installed(modules).filename, f"/site-packages/{told}.py")

    def test_same_file_name(self):
        """Two packages of one name, one of them installed, are told apart."""
        for folder, told in (("site-packages", __file__), ("program", "/program/layer.py")):
            with self.subTest(folder):
                self.assertEqual(through("layer", folder=folder)(calling_location).filename, told)

    def test_named_like_the_standard_library(self):
        """A module of the program may have the name of one of the standard library."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "calendar.py")
            path.write_text(CALL, encoding="utf-8")
            spec = importlib.util.spec_from_file_location("calendar", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            self.assertEqual(module.call(calling_location).filename, str(path))

    def test_standard_library(self):
        """That is never the caller, whatever name its code runs under."""
        import bdb

        spec = importlib.util.spec_from_file_location("__main__", bdb.__file__)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        # A debugger takes the trace function away, that of coverage as well.
        self.addCleanup(sys.settrace, sys.gettrace())
        where = module.Bdb().runcall(calling_location)
        self.assertEqual(where.filename, __file__)
        self.assertTrue(bdb.__file__.startswith(os.path.dirname(os.__file__)), sys.version)

    def test_code_without_a_file(self):
        """Code that somebody has typed or made is told by its module."""
        names = {"__name__": "__main__", "calling_location": calling_location}
        self.assertEqual(eval(compile("calling_location()", "<stdin>", "eval"), names).filename, "<stdin>")
        names["__name__"] = "dataclasses"
        self.assertEqual(eval(compile("calling_location()", "<stdin>", "eval"), names).filename, __file__)

    def test_names_inside_others(self):
        """A name with dots is of a package inside another, and of all that is in it."""
        for module, told in (("shop.cache.keys", __file__), ("shop.cached", "/elsewhere/shop.cached.py")):
            with self.subTest(module):
                where = through(module, folder="elsewhere")(calling_location, frozenset({"shop.cache"}))
                self.assertEqual(where.filename, told)


if __name__ == "__main__":
    unittest.main()

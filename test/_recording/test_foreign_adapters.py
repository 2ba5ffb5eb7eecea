"""An adapter may stand in the file of the test that it is for, and is not the caller there either."""

import sys
import unittest
from types import SimpleNamespace

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from cachetest.adapters import MISSING, Adapter, Undo, cache_for, own_attribute

from ..support import in_module

LIBRARIES = frozenset({"some_library"})
# A library that calls its backend, one whose function is replaced, and one that calls back.
library = SimpleNamespace(
    **in_module(
        "some_library",
        """
from types import SimpleNamespace
state = SimpleNamespace(backend=None, function=None)

def get(key):
    return state.backend.get(key)

def get_twice(key):
    return [get(key), get(key)]

def call(function, *args):
    return function(*args)
""",
    )
)


class Backend:
    def get(self, key):
        return self.look(key)

    def look(self, key):
        return helped(key)


def helped(key):
    value = cache_for("lib").get(key, LIBRARIES)
    return None if value is MISSING else value


class Direct:
    """A backend without a helper of its own."""

    def get(self, key):
        return cache_for("lib").lookup(key, lambda: MISSING, LIBRARIES)


class Replacing:
    """One whose method stands in for a function of the library."""

    def get(self, key):
        return self.look(key)

    def look(self, key):
        return cache_for("lib").perform(None, (key,), list, lambda _: [("miss", key)], LIBRARIES)


class LibraryAdapter(Adapter):
    name = "lib"
    caches = ("lib",)

    def __init__(self, backend):
        self.backend = backend

    def identity(self):
        return self.backend

    def install(self):
        def swap(undo):
            def replacement(key):
                return count(key)

            def count(key):
                cache_for("lib").record("miss", key, LIBRARIES)

            undo.set_attribute(library.state, "backend", self.backend())
            undo.set_attribute(library.state, "function", replacement)
            undo.set_attribute(library.state, "method", Replacing().get)

        return Undo(swap)

    def patched_attributes(self):
        return {"backend": own_attribute(library.state, "backend")}


def asked_by_the_library():
    library.get("k")


def asked_twice():
    library.get_twice("k")


def asked_by_a_callback():
    library.call(lambda: asked_by_the_library())


def asked_directly():
    library.state.function("k")


def asked_by_a_method():
    library.state.method("k")


class ForeignAdapterTests(unittest.TestCase):
    @parameterized.expand(
        [
            (asked.__name__ + backend.__name__, asked, backend)
            for asked in (asked_by_the_library, asked_twice, asked_by_a_callback)
            for backend in (Backend, Direct)
        ]
    )
    def test_asked_by_the_library(self, _, asked, backend):
        """Where the library calls it, it is all that lies between the library and the call."""
        with PatchCaches(LibraryAdapter(backend)) as patch:
            asked()
            told = {each.where.function for each in patch.caches.lib.operations}
        self.assertEqual(told, {"asked_by_the_library" if asked is asked_by_a_callback else asked.__name__})

    def test_method(self):
        """Where the program calls it, it is the methods of one object."""
        with PatchCaches(LibraryAdapter(Backend)) as patch:
            asked_by_a_method()
            (operation,) = patch.caches.lib.operations
        self.assertEqual(operation.where.function, "asked_by_a_method")

    @unittest.skipIf(sys.version_info < (3, 11), "code has no qualified name before Python 3.11")
    def test_function_of_the_adapter(self):
        """Or the functions in the adapter's own class."""
        with PatchCaches(LibraryAdapter(Backend)) as patch:
            asked_directly()
            (operation,) = patch.caches.lib.operations
        self.assertEqual(operation.where.function, "asked_directly")


class InACaseTests(CacheTestCase):
    patch_caches = (LibraryAdapter(Backend),)

    def look(self, key):
        """Do by hand what an adapter does."""
        return cache_for("lib").get(key, LIBRARIES)

    def test_called_by_a_test(self):
        """A test is never taken for an adapter, though it is of the object that a helper is of."""
        self.look("k")
        self.assertEqual(self.caches.lib.operations[0].where.function, "test_called_by_a_test")

    def test_by_hand(self):
        """A lookup that names no library is the line itself."""
        cache_for("lib").get("k")
        self.assertEqual(self.caches.lib.operations[0].where.function, "test_by_hand")


if __name__ == "__main__":
    unittest.main()

"""Adapters in children that start anew: which are installed there, with what, and what can't be."""

import importlib
import os
import unittest

from parameterized import parameterized

from cachetest import MockBackend, PatchCaches
from cachetest.adapters import Functools

from ..support import is_there, needs
from . import library_use
from .children_support import ANEW, METHODS, failure_of, loaded_adapters, run_by_subprocess, run_in_child
from .third_party import RefusedShelf, Shelf, ShelfOfOneProcess

LIBRARY = "test._sharing.third_party_library"
HAS_COPY = ("os.fork", "fork")


def use_library():
    """Look for what the parent has put, and put something."""
    backend = importlib.import_module(LIBRARY).backend
    found = backend.get("lamp")
    backend.put("desk", 4)
    return found, backend.get("desk")


def use_by_hand(name):
    made = MockBackend(name, shared=False)
    found = made.get("lamp")
    made.put("desk", 4)
    return found, made.get("desk")


class ThirdPartyTests(unittest.TestCase):
    def use_in(self, method, adapter):
        def body(caches):
            importlib.import_module(LIBRARY).backend.put("lamp", 3)
            return run_in_child(method, use_library), caches.shelf.counts()

        return failure_of(body, adapter)

    @parameterized.expand(METHODS)
    def test_shared(self, method):
        """An adapter of another distribution is made again of what it was given."""
        self.assertEqual(self.use_in(method, Shelf()), (((3, 4), (2, 2, 0)), ""))

    @parameterized.expand(METHODS)
    def test_of_the_process(self, method):
        found, hits = (3, 2) if method in HAS_COPY else (None, 1)
        told = self.use_in(method, Shelf(shared=False))
        self.assertEqual(told, (((found, 4), (2, hits, 2 - hits)), ""))

    @parameterized.expand(METHODS)
    def test_refused(self, method):
        """One that can't be used in a child is refused there, and the test fails."""
        (told, counts), failure = self.use_in(method, RefusedShelf())
        self.assertRegex(told, "^ChildOperationError: a (get|miss|hit).* on cache 'shelf'")
        self.assertEqual(counts, (1, 0, 0))
        self.assertIn("on cache 'shelf'", failure)

    def test_not_installed(self):
        """One that can't be installed in the child fails the test, which says why."""
        os.environ["SHELF_HOME"] = str(os.getpid())
        self.addCleanup(os.environ.pop, "SHELF_HOME")
        _, failure = self.use_in(ANEW, ShelfOfOneProcess())
        self.assertIn("a use of shelf, whose adapter can't be installed there", failure)
        self.assertIn("RuntimeError: there is no room for it", failure)


class OwnEntriesTests(unittest.TestCase):
    @parameterized.expand(METHODS)
    def test_mock_backend(self, method):
        """Entries that are not shared are of the process; what is done with them is counted in the parent."""

        def body(caches):
            made = MockBackend("prices", shared=False)
            made.put("lamp", 3)
            told = run_in_child(method, use_by_hand, "prices")
            return told, made.get("desk"), caches.prices.counts()

        found, hits = (3, 2) if method in HAS_COPY else (None, 1)
        self.assertEqual(failure_of(body), (((found, 4), None, (2, hits, 3 - hits)), ""))

    def test_told_otherwise(self):
        for wrong in (1, None, "yes"):
            with self.assertRaisesRegex(TypeError, "expected True or False"):
                MockBackend("prices", shared=wrong)


class SharedTests(unittest.TestCase):
    """Which caches of the adapters are shared, as each says."""

    def shared(self, adapter):
        with PatchCaches(adapter) as patched:
            return {name: adapter.is_shared(patched.caches[name]) for name in adapter.caches}

    @needs("fakeredis", "fakeredis[lua]")
    def test_redis(self):
        from cachetest.adapters import Redis

        self.assertEqual(self.shared(Redis(a="redis://h:1/0")), {"a": True})

    @needs("pymemcache", "pymemcache")
    def test_pymemcache(self):
        from cachetest.adapters import Pymemcache

        self.assertEqual(self.shared(Pymemcache()), {"pymemcache": True})

    def test_functools(self):
        self.assertEqual(self.shared(Functools(price=library_use.price_of)), {"price": False})

    @unittest.skipUnless(is_there("cachetools") and is_there("dogpile"), "needs cachetools and dogpile.cache")
    def test_objects(self):
        from cachetest.adapters import Cachetools, Dogpile

        from ..adapters.dogpile import dogpile_objects
        from .library_objects import prices

        self.assertEqual(self.shared(Cachetools(prices=prices)), {"prices": False})
        regions = Dogpile(a=dogpile_objects.in_memory, b=dogpile_objects.on_file)
        self.assertEqual(self.shared(regions), {"a": False, "b": True})


class InnocentTests(unittest.TestCase):
    def test_nothing_is_loaded(self):
        """A child that uses no cache loads no adapter, whichever the test has."""
        made = [Functools(price=library_use.price_of), Shelf()]
        if is_there("fakeredis"):
            from cachetest.adapters import Redis

            made.append(Redis())
        told, failure = failure_of(lambda _: run_by_subprocess(loaded_adapters), *made)
        self.assertEqual(failure, "")
        unwanted = [name for name in told if "redis" in name or "functools" in name]
        self.assertEqual(unwanted, [])


if __name__ == "__main__":
    unittest.main()

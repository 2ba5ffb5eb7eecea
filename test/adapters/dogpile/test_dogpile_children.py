"""Regions of dogpile.cache in child processes: counts are the parent's, entries by what the back end is."""

import importlib
import unittest

from parameterized import parameterized

from cachetest import PatchCaches

from ..._sharing.children_support import ANEW, METHODS, failure_of, needs_fork, run_forked, run_in_child
from ...support import needs

PLACES = "test.adapters.dogpile.dogpile_objects"


def use(name="in_memory"):
    """Look for what the parent has, put something, and find it."""
    region = getattr(importlib.import_module(PLACES), name)
    found = [region.get("lamp") or "nothing"]
    region.set("desk", 4)
    found += [region.get("desk"), region.get_or_create("chair", lambda: 5)]
    region.delete("chair")
    return [*found, region.get_multi(["desk", "lamp"])[0]]


@needs("dogpile", "dogpile.cache")
class ChildTests(unittest.TestCase):
    def in_test(self, body, **targets):
        from cachetest.adapters import Dogpile

        result, failure = failure_of(body, Dogpile(**targets))
        self.assertEqual(failure, "")
        return result

    @parameterized.expand(METHODS)
    def test_in_memory(self, method):
        """A child that starts anew has none of its parent's entries, and a forked one a copy of them."""

        def body(caches):
            region = importlib.import_module(PLACES).in_memory
            region.set("lamp", 3)
            told = run_in_child(method, use)
            return told, region.get("desk") or "nothing", caches.region.counts()

        has_copy = method in ("os.fork", "fork")
        told = self.in_test(body, region=f"{PLACES}:in_memory")
        first = 3 if has_copy else "nothing"
        self.assertEqual(told, ([first, 4, 5, 4], "nothing", (3, 4, 2) if has_copy else (3, 2, 4)))

    @parameterized.expand(METHODS)
    def test_shared(self, method):
        """Where the back end is a file, or a server, a child finds the entries of its parent."""

        def body(caches):
            region = importlib.import_module(PLACES).on_file
            region.set("lamp", 3)
            return run_in_child(method, use, "on_file"), region.get("desk"), caches.region.counts()

        told = self.in_test(body, region=f"{PLACES}:on_file")
        self.assertEqual(told, ([3, 4, 5, 4], 4, (3, 5, 1)))

    def test_lines_of_the_child(self):
        def body(caches):
            run_in_child(ANEW, use)
            return {each.where.function for each in caches.region.operations}

        region = importlib.import_module(PLACES).in_memory
        self.assertEqual(self.in_test(body, region=region), {"use"})

    @needs_fork
    def test_own_scope(self):
        from cachetest.adapters import Dogpile

        def in_own_scope():
            with PatchCaches(Dogpile(region=f"{PLACES}:in_memory")) as patched:
                return use()[1], patched.caches.region.counts()

        def body(caches):
            return run_forked(in_own_scope), caches.region.counts()

        told = self.in_test(body, region=f"{PLACES}:in_memory")
        self.assertEqual(told, ((4, (2, 2, 3)), (0, 0, 0)))


if __name__ == "__main__":
    unittest.main()

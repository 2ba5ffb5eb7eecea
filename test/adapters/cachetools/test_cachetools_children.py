"""cachetools in child processes: what each does is counted in the parent's test, and entries are its own."""

import importlib
import threading
import unittest

from parameterized import parameterized

from cachetest import PatchCaches

from ..._sharing.children_support import ANEW, METHODS, failure_of, needs_fork, run_forked, run_in_child
from ...support import needs

PLACES = "test._sharing.library_objects"


def use(key="lamp"):
    """Look for what the parent has, put it, and find it."""
    prices = importlib.import_module(PLACES).prices
    found = [prices.get(key)]
    prices[key] = 4
    return [*found, prices[key]]


def use_decorated():
    size_of = importlib.import_module(PLACES).size_of
    return [size_of("lamp"), size_of("lamp")]


def use_field():
    stock = importlib.import_module(PLACES).Shop.stock
    stock["lamp"] = 1
    return stock.pop("lamp")


def use_until_full():
    prices = importlib.import_module(PLACES).prices
    for number in range(12):
        prices[number] = number
    return len(prices)


@needs("cachetools", "dogpile")
class ChildTests(unittest.TestCase):
    def in_test(self, body, **targets):
        from cachetest.adapters import Cachetools

        result, failure = failure_of(body, Cachetools(**targets))
        self.assertEqual(failure, "")
        return result

    @parameterized.expand(METHODS)
    def test_miss_is_a_miss(self, method):
        """A child that starts anew has none of its parent's entries, and a forked one a copy of them."""

        def body(caches):
            prices = importlib.import_module(PLACES).prices
            prices["lamp"] = 3
            told = run_in_child(method, use)
            return told, prices["lamp"], caches.prices.counts()

        has_copy = "fork" in method and method != "forkserver"
        told = self.in_test(body, prices=f"{PLACES}:prices")
        self.assertEqual(
            told, ([3, 4], 3, (2, 3, 0)) if has_copy else ([None, 4], 3, (2, 2, 1)), "the parent's stays"
        )

    def test_by_the_object(self):
        """What an adapter was given as an object is found in the module that has it."""
        found = importlib.import_module(PLACES)

        def body(caches):
            done = run_in_child(ANEW, use), run_in_child(ANEW, use_field)
            return done, caches.prices.counts(), caches.stock.counts()

        told = self.in_test(body, prices=found.prices, stock=found.Shop.stock)
        self.assertEqual(told, (([None, 4], 1), (1, 1, 1), (1, 1, 0)))

    @parameterized.expand(METHODS)
    def test_decorated(self, method):
        def body(caches):
            return run_in_child(method, use_decorated), caches.size.counts()

        self.assertEqual(self.in_test(body, size=f"{PLACES}:size_of"), ([4, 4], (1, 1, 1)))

    def test_evictions(self):
        """What a child's cache drops for room is logged as well, with the child's process."""

        def body(caches):
            length = run_in_child(ANEW, use_until_full)
            return length, [(each.kind, each.key) for each in caches.prices.operations if each.kind != "put"]

        told = self.in_test(body, prices=f"{PLACES}:prices")
        self.assertEqual(told, (10, [("eviction", 0), ("eviction", 1)]))

    def test_two_children(self):
        """Each of two has entries of its own: what one has put, the other misses."""

        def body(caches):
            told = []
            threads = [threading.Thread(target=lambda: told.append(run_in_child(ANEW, use))) for _ in "ab"]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            return told, caches.prices.counts()

        told = self.in_test(body, prices=f"{PLACES}:prices")
        self.assertEqual(told, ([[None, 4], [None, 4]], (2, 2, 2)))

    @needs_fork
    def test_own_scope(self):
        """In a scope of its own a child counts for itself."""
        from cachetest.adapters import Cachetools

        def in_own_scope():
            with PatchCaches(Cachetools(prices=f"{PLACES}:prices")) as patched:
                return use(), patched.caches.prices.counts()

        def body(caches):
            return run_forked(in_own_scope), caches.prices.counts()

        told = self.in_test(body, prices=f"{PLACES}:prices")
        self.assertEqual(told, (([None, 4], (1, 1, 1)), (0, 0, 0)))


if __name__ == "__main__":
    unittest.main()

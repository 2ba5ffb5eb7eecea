"""Memoised functions in child processes: their counts add up in the parent's test, entries are their own."""

import importlib
import threading
import unittest

from parameterized import parameterized

from cachetest import PatchCaches
from cachetest.adapters import Functools

from .._sharing.children_support import ANEW, METHODS, failure_of, needs_fork, run_forked, run_in_child
from .functools_objects import Shop, price_of

PLACES = "test.adapters.functools_objects"


def use():
    """Call each function twice with one argument, and once with another."""
    found = importlib.import_module(PLACES)
    for name in ("lamp", "lamp", "desk"):
        found.price_of(name)
        found.Shop().price(name)
        found.Shop.weight(name)


def use_by_name():
    """Call the function by a name that another module has for it."""
    return price_of("lamp"), price_of("lamp")


def clear_in_between():
    price_of("lamp")
    price_of.cache_clear()
    price_of("lamp")


def fail():
    try:
        price_of(None)
    except TypeError:
        return "failed"


class ChildTests(unittest.TestCase):
    def in_test(self, body, **targets):
        result, failure = failure_of(body, Functools(**targets))
        self.assertEqual(failure, "")
        return result

    @parameterized.expand(METHODS)
    def test_counts_add_up(self, method):
        """A forked child has a copy of the entries, and another none: so a miss in reality is a miss."""

        def body(caches):
            price_of("lamp")
            run_in_child(method, use)
            price_of("desk")
            return caches.price.counts(), caches.of_shop.counts(), caches.weight.counts()

        has_copy = method in ("os.fork", "fork")
        told = self.in_test(
            body, price=f"{PLACES}:price_of", of_shop=Shop.price, weight=f"{PLACES}:Shop.weight"
        )
        # Each shop is another argument.
        self.assertEqual(told, ((0, 2, 3) if has_copy else (0, 1, 4), (0, 0, 3), (0, 1, 2)))

    @parameterized.expand(METHODS)
    def test_by_another_name(self, method):
        def body(caches):
            return run_in_child(method, use_by_name), caches.price.counts()

        self.assertEqual(self.in_test(body, price=price_of), ((4, 4), (0, 1, 1)))

    @parameterized.expand(METHODS)
    def test_cleared(self, method):
        def body(caches):
            run_in_child(method, clear_in_between)
            return caches.price.counts()

        self.assertEqual(self.in_test(body, price=price_of), (0, 0, 2))

    def test_failure(self):
        """A call that raises has missed."""

        def body(caches):
            return run_in_child(ANEW, fail), caches.price.counts()

        self.assertEqual(self.in_test(body, price=price_of), ("failed", (0, 0, 1)))

    def test_two_children(self):
        def body(caches):
            threads = [threading.Thread(target=run_in_child, args=(ANEW, use)) for _ in "ab"]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
            return caches.price.counts()

        self.assertEqual(self.in_test(body, price=price_of), (0, 2, 4))

    @needs_fork
    def test_own_scope(self):
        """What a child counts in a scope of its own is its own."""

        def in_own_scope():
            with PatchCaches(Functools(price=f"{PLACES}:price_of")) as patched:
                use()
                return patched.caches.price.counts()

        def body(caches):
            return run_forked(in_own_scope), caches.price.counts()

        self.assertEqual(self.in_test(body, price=f"{PLACES}:price_of"), ((0, 1, 2), (0, 0, 0)))

    @needs_fork
    def test_followed(self):
        """One that may be replaced is refused: what it is replaced by could not be told."""
        told, failure = failure_of(
            lambda _: run_in_child("os.fork", use_by_place),
            Functools(price=f"{PLACES}:price_of", follow=True),
        )
        self.assertIn("ChildOperationError: a call", told)
        self.assertIn("was refused a call", failure)


def use_by_place():
    return importlib.import_module(PLACES).price_of("lamp")


if __name__ == "__main__":
    unittest.main()

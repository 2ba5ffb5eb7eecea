"""`Methods`: the methods of any class, counted as a named cache."""

import asyncio
import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, Fails, PatchCaches, Stats
from cachetest.adapters import Methods

from . import shop_caches
from .shop_caches import AsyncPrices, Prices, Sized

PLACE = "test.adapters.methods.shop_caches:Prices"
NAMED = {"get": "lookup", "put": "store", "delete": "drop", "clear": "empty", "missing": KeyError}


def methods(target=PLACE, **more):
    return Methods(prices=target, **{**NAMED, **more})


class MethodsTests(CacheTestCase):
    patch_caches = (methods(),)

    def setUp(self):
        self.prices = Prices()

    def test_counts(self):
        """Each call of a named method is one operation."""
        with self.assertRaises(KeyError):
            self.prices.lookup("lamp")
        self.prices.store("lamp", 4)
        self.assertEqual(self.prices.lookup("lamp"), 4)
        self.prices.drop("lamp")
        self.assertCacheStats("prices", puts=1, hits=1, misses=1)
        self.assertEqual(
            [each.kind for each in self.caches.prices.operations], ["miss", "put", "hit", "delete"]
        )

    def test_by_name(self):
        """Arguments that are given by their names are found."""
        self.prices.store(price=4, name="lamp")
        self.assertEqual(self.prices.lookup(name="lamp"), 4)
        self.assertEqual(dict(self.caches.prices.cache), {"lamp": 4})

    def test_method_of_both(self):
        """A method that is not named counts as what it calls."""
        self.assertEqual(self.prices.lookup_or_make("lamp", lambda: 4), 4)
        self.assertEqual(self.prices.lookup_or_make("lamp", lambda: 5), 4)
        self.assertCacheStats("prices", puts=1, hits=1, misses=1)

    def test_clear(self):
        """All that was put into the object is deleted, and nothing else."""
        other = Prices()
        other.store("lamp", 1)
        self.prices.store("lamp", 4)
        self.prices.empty()
        with self.assertRaises(KeyError):
            self.prices.lookup("lamp")
        self.assertEqual(other.lookup("lamp"), 1)

    def test_two_objects(self):
        """One object's entry is not another's, though the key is the same."""
        other = Prices()
        self.prices.store("lamp", 4)
        with self.assertRaises(KeyError):
            other.lookup("lamp")
        other.store("lamp", 5)
        self.assertEqual((self.prices.lookup("lamp"), other.lookup("lamp")), (4, 5))

    def test_fails_for_each_object(self):
        """The pattern of a fault is the program's key, whichever object it is of."""
        self.prices.store("lamp", 4)
        other = Prices()
        other.store("lamp", 5)
        with self.caches.prices.inject(Fails(OSError), on="get", key="lamp"), self.assertRaises(OSError):
            other.lookup("lamp")
        self.caches.prices.evict("lamp")
        with self.assertRaises(KeyError):
            self.prices.lookup("lamp")

    def test_line(self):
        """The line that is logged is the one that calls the method."""
        self.prices.store("lamp", 4)
        self.assertTrue(self.caches.prices.operations[0].where.filename.endswith("test_methods.py"))

    def test_threads(self):
        """Calls of other threads are the test's."""
        thread = threading.Thread(target=self.prices.store, args=("lamp", 4))
        thread.start()
        thread.join()
        self.assertCacheStats("prices", puts=1)

    def test_raises(self):
        """A call that raises is a failure, and puts nothing."""
        with self.assertRaises(TypeError):
            self.prices.store("lamp", 4, 5)
        self.assertEqual([each.kind for each in self.caches.prices.operations], ["failure"])
        self.assertNotIn("lamp", self.caches.prices.cache)

    def test_mocked(self):
        """A method that a test mocks is as it was after it."""
        with mock.patch.object(Prices, "lookup", return_value=9):
            self.assertEqual(self.prices.lookup("lamp"), 9)
        with self.assertRaises(KeyError):
            self.prices.lookup("lamp")
        self.assertCacheStats("prices", misses=1)


class ScopeTests(unittest.TestCase):
    def test_begins_with_nothing(self):
        """What was in the object before is not found, nor what another test has put."""
        prices = Prices()
        prices.store("lamp", 1)
        for _ in range(2):
            with PatchCaches(methods()) as patched:
                with self.assertRaises(KeyError):
                    prices.lookup("lamp")
                prices.store("lamp", 2)
                self.assertEqual(prices.lookup("lamp"), 2)
            self.assertEqual(patched.caches.prices, Stats(1, 1, 1))

    def test_inner(self):
        """After an inner block its outer one has its own entry again, written over or deleted."""
        prices = Prices()
        with PatchCaches(methods()):
            prices.store("lamp", 1)
            prices.store("desk", 1)
            with PatchCaches(methods()):
                prices.store("lamp", 2)
                prices.drop("desk")
            self.assertEqual((prices.lookup("lamp"), prices.lookup("desk")), (1, 1))

    def test_put_back(self):
        """The class has its own methods after it."""
        before = dict(vars(Prices))
        with PatchCaches(methods()):
            self.assertNotEqual(dict(vars(Prices)), before)
        self.assertEqual(dict(vars(Prices)), before)

    def test_one_object(self):
        """Of an object that is named, others of its class are not counted."""
        prices, other = Prices(), Prices()
        with PatchCaches(methods(prices)) as patched:
            other.store("lamp", 1)
            prices.store("lamp", 2)
        self.assertEqual(patched.caches.prices, Stats(1, 0, 0))

    def test_inherited(self):
        """A method of a base class is counted for the class that is named alone."""
        with PatchCaches(methods(AsyncPrices)) as patched:
            AsyncPrices().store("lamp", 1)
            Prices().store("lamp", 1)
        self.assertEqual(patched.caches.prices, Stats(1, 0, 0))
        self.assertNotIn("store", vars(AsyncPrices))

    def test_evicted(self):
        """An entry that the class itself has dropped is a miss."""
        sized = Sized()
        with PatchCaches(Methods(prices=sized, put="put")) as patched:
            sized.put("lamp", 1)
            sized.put("desk", 2)
            self.assertEqual((sized.get("lamp"), sized.get("desk")), (None, 2))
        self.assertEqual(patched.caches.prices, Stats(2, 1, 1))

    def test_compound_key(self):
        """A function makes the key of all arguments of a call."""

        class Rates:
            def __init__(self):
                self.kept = {}

            def get(self, source, target):
                return self.kept.get((source, target))

            def put(self, source, target, rate):
                self.kept[source, target] = rate

        made = Methods(rates=Rates, put="put", key=lambda source, target, *_: (source, target), value="rate")
        with PatchCaches(made) as patched:
            rates = Rates()
            rates.put("EUR", "USD", 1.1)
            self.assertEqual((rates.get("EUR", "USD"), rates.get("USD", "EUR")), (1.1, None))
            self.assertEqual(dict(patched.caches.rates.cache), {("EUR", "USD"): 1.1})
        self.assertEqual(patched.caches.rates, Stats(1, 1, 1))

    def test_task_of_a_call(self):
        """What a task does that a call has started is counted, and no part of the call."""

        class Refreshing(AsyncPrices):
            async def fetch(self, name, default=None):
                await asyncio.create_task(self.save(name, 4))
                return await super().fetch(name, default)

        with PatchCaches(Methods(prices=Refreshing, get="fetch", put="save")) as patched:
            self.assertEqual(asyncio.run(Refreshing().fetch("lamp")), 4)
        self.assertEqual(patched.caches.prices, Stats(1, 1, 0))


def _failing(kind, text, **given):
    return kind, text, given


class ErrorTests(unittest.TestCase):
    @parameterized.expand(
        [
            _failing(
                AttributeError, "Prices has no method 'lokup', named by get; the closest: lookup", get="lokup"
            ),
            _failing(TypeError, "key='nam' is no argument of Prices.lookup; it has: name", key="nam"),
            _failing(
                TypeError, "value='cost' is no argument of Prices.store; it has: name, price", value="cost"
            ),
            _failing(ImportError, "No module named 'nowhere'", prices="nowhere:Prices"),
            _failing(TypeError, "expected a class of Python's or an object of one", prices=dict),
            _failing(TypeError, "Prices.__module__, named by put, is no method", put="__module__"),
        ]
    )
    def test_when_patched(self, kind, text, given):
        """What is wrong with the class is told when it is patched, and nothing stays patched."""
        before = dict(vars(Prices))
        with self.assertRaises(kind) as caught, PatchCaches(Methods(**{"prices": PLACE, **NAMED, **given})):
            pass
        self.assertIn(text, str(caught.exception))
        self.assertEqual(dict(vars(Prices)), before)

    @parameterized.expand(
        [
            _failing(TypeError, "has to be told what to test"),
            _failing(TypeError, "Methods(get=3): expected the name of a method", prices=PLACE, get=3),
            _failing(ValueError, "the method 'get' is named twice", prices=PLACE, put="get"),
            _failing(TypeError, "Methods(key=1.5)", prices=PLACE, key=1.5),
        ]
    )
    def test_when_made(self, kind, text, given):
        """What is wrong with the arguments is told at once."""
        with self.assertRaises(kind) as caught:
            Methods(**given)
        self.assertIn(text, str(caught.exception))

    def test_counted_twice(self):
        """An object and its class can't be two patched.caches."""
        made = methods(shop_caches.prices)
        both = Methods(prices=shop_caches.prices, all=Prices, **NAMED)
        with self.assertRaisesRegex(ValueError, "one call would be counted twice"), PatchCaches(both):
            pass
        with PatchCaches(made):
            pass

    def test_key_that_cannot_be_hashed(self):
        """It is told, with what to do."""
        with (
            PatchCaches(methods()),
            self.assertRaisesRegex(TypeError, "can't be hashed: give Methods a key="),
        ):
            Prices().store([], 1)


if __name__ == "__main__":
    unittest.main()

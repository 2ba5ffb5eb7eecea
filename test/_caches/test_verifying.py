"""What is put over an entry is compared with it; nothing passes that compared nothing."""

import operator
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest.adapters import Functools

from ..adapters.functools_support import squares
from ..support import run_method


class VerifyingTests(CacheTestCase):
    def setUp(self):
        self.prices = MockBackend("prices")

    def fails(self, text):
        return self.assertRaisesRegex(AssertionError, text)

    def test_the_same(self):
        """Every lookup misses, and the same value again is right; afterwards the cache is empty."""
        with self.caches.prices.verifying():
            found = []
            for _ in range(3):
                found.append(self.prices.get("lamp"))
                self.prices.put("lamp", [4.0])
        self.assertEqual(found, [None] * 3)
        self.assertEqual(self.caches.prices.cache, {})
        self.assertEqual(self.caches.prices.in_force, ())
        self.assertCacheStats("prices", puts=3, hits=0, misses=3)

    def test_another(self):
        """Another value fails, with both and the lines of their puts."""
        with self.fails(
            r"^cache 'prices': 1 of 2 puts over an entry wrote another value\n"
            r"  'lamp': '4 EUR' -> '4 USD'\n"
            r"    put by operation 2, at \S*test_verifying\.py:\d+ in test_another\n"
            r"    and put again by operation 3, at \S*test_verifying\.py:\d+ in test_another$"
        ):
            with self.caches.prices.verifying():
                self.prices.put("lamp", "4 EUR")
                self.prices.put("lamp", "4 EUR")
                self.prices.put("lamp", "4 USD")
                self.prices.put("chair", "9 EUR")

    def test_empty_from_the_beginning(self):
        self.prices.put("lamp", 4.0)
        with self.caches.prices.verifying():
            self.assertNotCached("prices", "lamp")
            self.prices.put("lamp", 4.0)

    def test_all_deleted(self):
        """What is put after all was deleted replaces nothing."""
        with self.fails("compared nothing|no put|nothing was"), self.caches.prices.verifying():
            self.prices.put("lamp", "4 EUR")
            self.caches.prices.perform("delete", (), list, lambda _: [])
            self.prices.put("lamp", "4 USD")

    def test_from_before(self):
        """An entry of before the block is one that is replaced."""
        self.prices.put("lamp", "4 EUR")
        with self.fails("'lamp': '4 EUR' -> '4 USD'\n    put by operation 1, "):
            with self.caches.prices.verifying():
                self.assertIsNone(self.prices.get("lamp"))
                self.prices.put("lamp", "4 USD")

    def test_part(self):
        """The part that differs is named where the values are long."""
        with self.fails(r"they differ in \[200\]: 1 -> 2"):
            with self.caches.prices.verifying():
                for last in (1, 2):
                    self.prices.put("lamp", [*range(200), last])

    def test_as_it_was(self):
        """The values are told as they were when they were put."""
        value = {"price": 5}
        with self.fails(r"'lamp': \{'price': 4\} -> \{'price': 5\}\n"):
            with self.caches.prices.verifying():
                self.prices.put("lamp", {"price": 4})
                self.prices.put("lamp", value)
                value["price"] = 6

    def test_deleted(self):
        """What was deleted is not replaced."""
        with self.caches.prices.verifying():
            for value in (1, 2):
                self.prices.put("lamp", value)
                self.caches.prices.delete("lamp")
                self.prices.put("chair", 1)

    def test_read_and_written_in_one(self):
        """What counts writes another value by its nature, and is not compared."""
        cache = self.caches.prices
        with cache.verifying():
            for value in (1, 2):
                cache.perform(None, ("n",), lambda value=value: cache.cache.update(n=value), lambda _: ())
                self.prices.put("lamp", 1)

    @parameterized.expand([("glob", "price:*"), ("function", lambda key: key.startswith("price:"))])
    def test_keys(self, _, keys):
        """Some keys alone are compared; the others miss all the same."""
        with self.caches.prices.verifying(keys=keys):
            for value in (1, 2):
                self.assertIsNone(self.prices.get("time"))
                self.prices.put("time", value)
                self.prices.put("price:lamp", 4.0)
        with self.fails("'price:lamp': 1 -> 2"), self.caches.prices.verifying(keys=keys):
            for value in (1, 2):
                self.prices.put("price:lamp", value)

    def test_equal(self):
        """Another comparison is asked, the old value first; what is no bool is an error at the end."""
        equal = mock.Mock(side_effect=operator.le)
        with self.caches.prices.verifying(equal=equal):
            for value in (1, 2):
                self.prices.put("lamp", value)
        equal.assert_called_once_with(1, 2)
        with self.assertRaisesRegex(TypeError, r"equal returned \[\], and not a bool: .*torch\.equal"):
            with self.caches.prices.verifying(equal=lambda one, other: []):
                for value in (1, 2):
                    self.prices.put("lamp", value)

    def test_nothing_compared(self):
        """A block that compared nothing has tested nothing."""
        with self.fails("nothing was put over an entry of cache 'prices' .*, at .*, so nothing was compared"):
            with self.caches.prices.verifying():
                self.prices.put("lamp", 1)
        with self.fails("so nothing was compared"), self.caches.prices.verifying(keys="price:*"):
            for _ in range(2):
                self.prices.put("lamp", 1)

    def test_others_go_on(self):
        """Another cache is not touched."""
        rates = MockBackend("rates")
        rates.put("lamp", 1)
        with self.caches.prices.verifying():
            self.assertEqual(rates.get("lamp"), 1)
            self.prices.put("lamp", 1)
            self.prices.put("lamp", 1)
        self.assertEqual(rates.get("lamp"), 1)

    def test_exception_in_flight(self):
        """An exception of the block is what is told."""
        with self.assertRaises(ZeroDivisionError), self.caches.prices.verifying():
            for value in (1, 2):
                self.prices.put("lamp", value)
            raise ZeroDivisionError
        self.prices.put("lamp", 1)
        self.assertEqual(self.prices.get("lamp"), 1)

    def test_many(self):
        """Of many, some are shown."""
        with self.fails(r"(?s)20 of 20 puts over an entry.*\n  \.\.\. 15 more$"):
            with self.caches.prices.verifying():
                for value in (1, 2):
                    for key in range(20):
                        self.prices.put(key, value)


square = squares()


class ErrorTests(unittest.TestCase):
    def test_functools(self):
        with PatchCaches(Functools(squares=square)) as patch:
            with self.assertRaisesRegex(TypeError, "the puts of cache 'squares' can't be verified: it is"):
                patch.caches.squares.verifying()

    def test_arguments(self):
        backend = MockBackend("prices")
        with PatchCaches() as patch:
            backend.get("lamp")
            with self.assertRaisesRegex(TypeError, "equal must be a function, not 1"):
                patch.caches.prices.verifying(equal=1)
            with self.assertRaisesRegex(TypeError, "keys must be a glob such as 'price:.*not 1"):
                patch.caches.prices.verifying(keys=1)
            copied = patch.caches.prices.__copy__()
            with self.assertRaisesRegex(RuntimeError, "the cache 'prices' is a copy"):
                copied.verifying()

    def test_not_entered(self):
        def body(case):
            MockBackend("prices").get("lamp")
            case.caches.prices.verifying()

        _, result = run_method(CacheTestCase, body)
        ((_, text),) = result.failures
        self.assertRegex(text, r"verifying\(\), at \S+ in body, was not entered, so it tested nothing")

    def test_entered_twice(self):
        with PatchCaches() as patch:
            prices = MockBackend("prices")
            block = patch.caches.prices.verifying()
            with block:
                prices.put("lamp", 1)
                prices.put("lamp", 1)
            with self.assertRaisesRegex(RuntimeError, "was entered before"), block:
                pass


if __name__ == "__main__":
    unittest.main()

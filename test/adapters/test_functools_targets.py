"""The targets that are taken for memoised functions, and those that are refused."""

import functools
import gc
import sys
import types
import unittest
import weakref
from unittest import mock

from parameterized import parameterized

from cachetest import PatchCaches, Stats, global_stats
from cachetest.adapters import Functools, memo_readings

from .functools_support import squares


class Shop:
    """Methods that are memoised in every way."""

    @functools.cache  # noqa: B019
    def plain(self, number):
        return number

    @staticmethod
    @functools.cache
    def static(number):
        return number

    @classmethod
    @functools.cache
    def of_class(cls, number):
        return number


shop = Shop()


class TargetTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("method", f"{__name__}:Shop.plain", lambda: shop.plain(1)),
            ("static", f"{__name__}:Shop.static", lambda: shop.static(1)),
            ("of_class", f"{__name__}:Shop.of_class", lambda: shop.of_class(1)),
            ("of_instance", f"{__name__}:shop.plain", lambda: Shop().plain(1)),
            ("object", Shop.of_class, lambda: Shop.of_class(1)),
            ("raw_static", vars(Shop)["static"], lambda: Shop.static(1)),
        ]
    )
    def test_method(self, _, target, call):
        """A memoised method is watched, for all its objects, however it is reached."""
        with PatchCaches(Functools(numbers=target)) as patch:
            call()
            self.assertEqual(patch.caches.numbers, Stats(0, 0, 1))

    @parameterized.expand(
        [
            ("function", len, "<built-in function len>"),
            ("string", "os.path:join", "<function join at .*>"),
            ("none", None, "None"),
        ]
    )
    def test_not_memoised(self, _, target, shown):
        """A function that is not memoised is an error that names it."""
        message = rf"Functools\(numbers=.*\): expected a function with cache_info\(\).*, not {shown}$"
        with self.assertRaisesRegex(TypeError, message):
            PatchCaches(Functools(numbers=target)).__enter__()

    def test_wrapped(self):
        """A wrapper of a memoised function is an error that says where that is."""

        @functools.wraps(squares())
        def wrapped(number):
            pass

        wrapped.__wrapped__ = squares()
        with self.assertRaisesRegex(TypeError, "give its __wrapped__, which has them$"):
            PatchCaches(Functools(numbers=wrapped)).__enter__()

    def test_twice(self):
        """One function under two names is an error, and leaves nothing behind."""
        square = squares()
        before = dict(vars(square))
        with self.assertRaisesRegex(ValueError, "can't be watched as 'b': it is watched as 'a' already"):
            PatchCaches(Functools(a=square, b=square)).__enter__()
        self.assertEqual(vars(square), before)
        with PatchCaches(Functools(b=square)) as patch:
            square(1)
            self.assertEqual(patch.caches.b, Stats(0, 0, 1))

    def test_replaced(self):
        """A test fails where the program has put another function in the place of the watched one."""
        module = types.ModuleType("catalog")
        module.square = squares()
        with mock.patch.dict(sys.modules, {"catalog": module}):
            with self.assertRaisesRegex(AssertionError, "catalog:square was displaced while the test ran"):
                with PatchCaches(Functools(squares="catalog:square")):
                    module.square = len
            module.square = squares()
            with self.assertRaisesRegex(AssertionError, "catalog:square was displaced.* it holds absent"):
                with PatchCaches(Functools(squares="catalog:square")):
                    del module.square

    def test_is_let_go(self):
        """A function is not kept alive once nobody watches it."""
        square = squares()
        with PatchCaches(Functools(squares=square)):
            square(1)
        gone = weakref.ref(square)
        with PatchCaches(Functools(others=squares())):
            pass
        del square
        gc.collect()
        self.assertEqual(memo_readings.memos, {})
        global_stats.reset()
        self.assertIsNone(gone())


if __name__ == "__main__":
    unittest.main()

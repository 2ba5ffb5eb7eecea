"""How an injection is told as a program writes it, and what is said where it has struck nothing."""

import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, Fails, Gone, MockBackend, Slow
from cachetest._behaving.injection import Injection, Matching
from cachetest._telling.unstruck import called


def is_lamp(key):
    return key == "lamp"


class CalledTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("all", {}, "inject(Fails(), Slow(60))"),
            ("kind", {"on": "get", "key": "lamp"}, "inject(Fails(), Slow(60), on='get', key='lamp')"),
            ("none_is_a_key", {"key": None}, "inject(Fails(), Slow(60), key=None)"),
            ("pattern", {"keys": "price:*"}, "inject(Fails(), Slow(60), keys='price:*')"),
            ("function", {"keys": is_lamp}, "inject(Fails(), Slow(60), keys=is_lamp)"),
            ("one", {"nth": frozenset({2})}, "inject(Fails(), Slow(60), nth=2)"),
            ("several", {"nth": frozenset({1, 3})}, "inject(Fails(), Slow(60), nth={1, 3})"),
            ("range", {"nth": range(2, 5)}, "inject(Fails(), Slow(60), nth=range(2, 5))"),
            ("times", {"times": 2}, "inject(Fails(), Slow(60), times=2)"),
        ]
    )
    def test_called(self, _, given, text):
        injection = Injection((Fails(), Slow(60)), Matching(**given), lambda: None)
        self.assertEqual(called(injection), text)


class NeverStruckTests(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.backend = MockBackend("prices")

    def test_calls(self):
        """The latest calls are told, with what they are where it can't be told from their names."""
        cache = self.caches.prices
        with self.assertRaises(AssertionError) as failure:
            with cache.inject(Gone(), key="chair"):
                self.backend.get("lamp")
                cache.perform("get", list("abcd"), dict, lambda _: [], known={"asked": "MGET"})
                cache.perform(None, ("n",), dict, lambda _: [], known={"asked": "INCR"})
        self.assertEqual(
            str(failure.exception).splitlines()[1:],
            [
                "the latest calls while it was in force, oldest first, none of which it is about:",
                "  get 'lamp' on 'prices'",
                "  MGET 'a', 'b', 'c', ... on 'prices', a get",
                "  INCR 'n' on 'prices', neither a get, a put nor a delete",
            ],
        )

    def test_no_call(self):
        with self.assertRaisesRegex(AssertionError, "\nthere was no call while it was in force$"):
            with self.caches.prices.inject(Gone()):
                pass


if __name__ == "__main__":
    unittest.main()

"""An eviction and an expiration that a test makes by hand."""

import copy
import functools
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend
from cachetest.adapters import Functools


@functools.cache
def price_of(item):
    return len(item)


class ByHandTests(CacheTestCase):
    patch_caches = (Functools(memo=price_of),)

    def setUp(self):
        self.backend = MockBackend("prices")
        self.cache = self.caches.prices

    @parameterized.expand([("evict", "eviction"), ("expire", "expiration")])
    def test_taken_out(self, method, kind):
        """The entry is gone, and an operation with the test's line is logged."""
        self.backend.put("lamp", 4.0)
        getattr(self.cache, method)("lamp")
        self.assertIsNone(self.backend.get("lamp"))
        self.assertEqual([each.kind for each in self.cache.operations], ["put", kind, "miss"])
        taken = self.cache.operations[1]
        self.assertEqual((taken.key, taken.where.filename), ("lamp", __file__))

    @parameterized.expand([("evict",), ("expire",)])
    def test_nothing_there(self, method):
        """Where there is no such entry, that is an error that shows the closest."""
        with self.assertRaises(KeyError) as empty:
            getattr(self.cache, method)("lamp")
        self.assertEqual(str(empty.exception), "cache 'prices' has no entry of 'lamp': it is empty")
        self.backend.put("lamps", 4.0)
        self.backend.put("chair", 9.0)
        with self.assertRaises(KeyError) as other:
            getattr(self.cache, method)("lamp")
        self.assertRegex(str(other.exception), "it has 2, the closest first: 'lamps', 'chair'")

    @parameterized.expand([("evict", "evicted from"), ("expire", "expired in")])
    def test_impossible(self, method, words):
        """Where nothing can be taken out, that is an error that says why."""
        with self.assertRaisesRegex(TypeError, f"nothing can be {words} cache 'memo': it is a memoised"):
            getattr(self.caches.memo, method)("lamp")

    def test_copy(self):
        with self.assertRaisesRegex(RuntimeError, "is a copy"):
            copy.copy(self.cache).evict("lamp")


if __name__ == "__main__":
    unittest.main()

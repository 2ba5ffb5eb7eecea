"""That the catalog asks for each price once, and never shows a stale one."""

from __future__ import annotations

import unittest

from catalog import PRICES, Order, change_price, price_of

from cachetest import CacheTestCase
from cachetest.adapters import Functools


class CatalogTests(CacheTestCase):
    patch_caches = (Functools(prices="catalog:price_of"),)

    def test_each_article_is_asked_for_once(self) -> None:
        Order(["lamp", "chair", "lamp"]).total()
        self.assertCacheStats("prices", hits=1, misses=2)

    def test_another_discount_needs_no_other_price(self) -> None:
        Order(["lamp"]).total()
        with self.assertCacheDelta("prices", hits=1, misses=0):
            Order(["lamp"], discount=10).total()

    def test_changed_price_is_not_stale(self) -> None:
        self.addCleanup(change_price, "lamp", PRICES["lamp"])
        self.assertEqual(price_of("lamp"), 40)
        change_price("lamp", 50)
        self.assertEqual(price_of("lamp"), 50)
        self.assertCacheStats("prices", hits=0, misses=2)

    def test_empty_order_asks_for_nothing(self) -> None:
        self.assertEqual(Order([]).total(), 0)
        self.assertCacheUnused("prices")

    def test_unknown_article_is_asked_for_again(self) -> None:
        for _ in range(2):
            with self.assertRaises(KeyError):
                price_of("sofa")
        self.assertCacheStats("prices", hits=0, misses=2)


if __name__ == "__main__":
    unittest.main()

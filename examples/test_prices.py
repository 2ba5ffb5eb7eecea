"""How the price list uses its cache, tested with a backend that is handed to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from prices import PriceList

from cachetest import CacheTestCase, MockBackend


class PriceListTests(CacheTestCase):
    def setUp(self) -> None:
        self.prices = PriceList(MockBackend("prices"))

    def test_first_lookup_is_cold_and_the_second_warm(self) -> None:
        self.prices.price("lamp")
        self.assertCacheStats("prices", puts=1, hits=0, misses=1)
        with self.assertCacheDelta("prices", puts=0, hits=1, misses=0):
            self.prices.price("lamp")

    def test_each_currency_has_an_entry_of_its_own(self) -> None:
        self.prices.price("lamp", "EUR")
        self.prices.price("lamp", "USD")
        self.assertCacheStats("prices", puts=2, hits=0, misses=2)
        self.assertCached("prices", "price:lamp:EUR", 4.0)
        self.assertNotCached("prices", "price:lamp:GBP")

    def test_unknown_currency_leaves_nothing_behind(self) -> None:
        with self.assertRaises(KeyError):
            self.prices.price("lamp", "XXX")
        self.assertCacheStats("prices", puts=0, hits=0, misses=1)

    def test_lookups_of_a_pool_are_counted(self) -> None:
        self.prices.price("lamp")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self.prices.price, ["lamp"] * 100))
        self.assertCacheStats("prices", puts=1, hits=100, misses=1)

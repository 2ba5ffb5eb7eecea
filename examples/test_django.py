"""How the shop uses its two caches, tested without a Redis server."""

from __future__ import annotations

import unittest

from cachetest import CacheTestMixin

try:
    import django_shop
    from django.test import SimpleTestCase
except ImportError:
    django_shop = None  # type: ignore[assignment]
    SimpleTestCase = unittest.TestCase  # type: ignore[assignment,misc]


@unittest.skipIf(django_shop is None, "needs Django: pip install Django")
class ShopTests(CacheTestMixin, SimpleTestCase):
    def test_second_page_is_warm(self) -> None:
        # Django looks for the headers that a page varies on, and then puts those and the page.
        with self.assertCacheDelta("default", puts=2, hits=0, misses=1):
            self.client.get("/lamp")
        with self.assertCacheDelta("default", puts=0, hits=2, misses=0):
            self.client.get("/lamp")
        self.assertCacheStats("prices", puts=1, hits=0, misses=1)

    def test_each_article_has_a_price_of_its_own(self) -> None:
        self.client.get("/lamp")
        self.client.get("/table")
        self.assertCacheStats("prices", puts=2, hits=0, misses=2)
        self.assertCached("prices", "price:lamp", 400)
        self.assertNotCached("prices", "price:chair")

    def test_forgotten_price_is_computed_again(self) -> None:
        self.client.get("/lamp")
        self.client.get("/lamp/forget")
        self.assertNotCached("prices", "price:lamp")
        with self.assertCacheDelta("prices", puts=1, hits=0, misses=1):
            django_shop.price("lamp")


if __name__ == "__main__":
    unittest.main()

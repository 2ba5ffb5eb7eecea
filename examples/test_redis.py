"""What the shop does with Redis, tested without a Redis server."""

from __future__ import annotations

import unittest

from cachetest import CacheTestCase

try:
    import redis_pages as shop

    from cachetest.adapters import Redis
except ImportError as error:
    raise unittest.SkipTest("needs redis-py and fakeredis: pip install 'cachetest[redis]'") from error


class PageTests(CacheTestCase):
    patch_caches = (
        Redis(pages="redis://cache.shop.example:6379/0", visits="redis://cache.shop.example:6379/1"),
    )

    def test_a_page_is_rendered_once(self) -> None:
        shop.page("lamps")
        self.assertCacheStats("pages", puts=1, hits=0, misses=1)
        with self.assertCacheDelta("pages", puts=0, hits=1, misses=0):
            self.assertEqual(shop.page("lamps"), "<h1>lamps</h1>")
        self.assertCached("pages", "page:lamps", b"<h1>lamps</h1>")

    def test_every_visit_is_counted(self) -> None:
        for _ in range(3):
            shop.page("lamps")
        self.assertCacheStats("visits", puts=3)
        self.assertCached("visits", "visits:lamps", b"3")

    def test_a_change_is_shown_at_once(self) -> None:
        shop.page("lamps")
        shop.change("lamps")
        with self.assertCacheDelta("pages", puts=1, hits=0, misses=1):
            shop.page("lamps")

    def test_the_overview_renders_nothing(self) -> None:
        shop.page("lamps")
        shop.page("tables")
        with self.assertCacheDelta("pages", puts=0, hits=2, misses=1):
            shop.overview("lamps", "tables", "chairs")

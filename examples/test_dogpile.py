"""How the news site uses its cache, tested without a server: the region is configured in the test."""

from __future__ import annotations

import importlib.util
import unittest
from unittest import mock

from cachetest import CacheTestCase


@unittest.skipUnless(importlib.util.find_spec("dogpile"), "needs dogpile.cache: pip install dogpile.cache")
class ArticleTests(CacheTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        from cachetest.adapters import Dogpile

        cls.patch_caches = (Dogpile(articles="dogpile_articles:region"),)

    def setUp(self) -> None:
        import dogpile_articles

        self.program = dogpile_articles
        self.program.start("cache.example.org")

    def test_second_reader_is_served_from_the_cache(self) -> None:
        self.program.article(7)
        self.assertCacheStats("articles", puts=1, hits=0, misses=1)
        with self.assertCacheDelta("articles", puts=0, hits=1, misses=0):
            self.program.article(7)
        self.assertCached("articles", "dogpile_articles:article|7", {"number": 7, "title": "Article 7"})

    def test_renaming_forgets_the_article(self) -> None:
        self.program.article(7)
        self.program.rename(7, "Another title")
        self.assertNotCached("articles", "dogpile_articles:article|7")
        with self.assertCacheDelta("articles", puts=1, hits=0, misses=1):
            self.program.article(7)

    def test_article_is_old_after_a_minute(self) -> None:
        with mock.patch("time.time", return_value=1000.0):
            self.program.article(7)
        with mock.patch("time.time", return_value=1061.0):
            self.program.article(7)
        kinds = [each.kind for each in self.caches["articles"].operations]
        self.assertEqual(kinds, ["miss", "put", "expiration", "miss", "put"])

    def test_only_what_is_missing_is_counted_again(self) -> None:
        self.program.reads(1, 2)
        with self.assertCacheDelta("articles", puts=1, hits=2, misses=1):
            self.assertEqual(self.program.reads(1, 2, 3), [100, 200, 300])


if __name__ == "__main__":
    unittest.main()

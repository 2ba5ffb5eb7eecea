"""That pages are rendered once, with the real pymemcache and without a server."""

from __future__ import annotations

import unittest
from unittest import mock

from cachetest import CacheTestCase

try:
    import pymemcache_pages as pages
except ImportError:
    pages = None  # type: ignore[assignment]


@unittest.skipIf(pages is None, "needs pymemcache: pip install pymemcache")
class PageTests(CacheTestCase):
    patch_caches = ("pymemcache",)

    def setUp(self) -> None:
        self.render = mock.Mock(side_effect="<h1>{}</h1>".format)

    def test_page_is_rendered_once(self) -> None:
        first = pages.page("/about", self.render)
        self.assertEqual(pages.page("/about", self.render), first)
        self.render.assert_called_once_with("/about")
        self.assertCached("pymemcache", "site:/about", b"<h1>/about</h1>")

    def test_what_one_warm_page_costs(self) -> None:
        pages.page("/about", self.render)
        # The page, and its number of views, which is looked up and put in one go.
        with self.assertCacheDelta("pymemcache", puts=1, hits=2, misses=0):
            pages.page("/about", self.render)

    def test_changed_page_is_rendered_anew(self) -> None:
        pages.page("/about", self.render)
        pages.changed(["/about", "/"])
        self.assertNotCached("pymemcache", "site:/about")
        pages.page("/about", self.render)
        self.assertEqual(self.render.call_count, 2)


if __name__ == "__main__":
    unittest.main()

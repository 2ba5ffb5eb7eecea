"""What a warm run of `assertCacheTransparent` has to hit, and which of its answers can be kept."""

import unittest

from cachetest import CacheTestCase
from cachetest._caches.scope import marked

from .transparent_shop import Shop


class TransparentTests(CacheTestCase):
    patch_caches = ()

    def test_refused_hits(self):
        """A hit that the library did not use is none."""
        shop = Shop()

        def price():
            if shop.cache.get("lamp") is not None:
                marked().caches.prices.record("refusal", "lamp")
            shop.cache.put("lamp", 4.0)
            return 4.0

        with self.assertRaisesRegex(self.failureException, "hit nothing|no hit"):
            self.assertCacheTransparent(price, states=("cold", "warm"))

    def test_copy_that_is_not_equal(self):
        """Of an object of which no copy is equal to it, one that was changed can't be compared."""
        shop, answer = Shop(), [object()]

        def prices():
            answer.append(shop.price())
            return answer

        with self.assertRaisesRegex(TypeError, r"prices\(\) gave an object that a later call has changed"):
            self.assertCacheTransparent(prices)


if __name__ == "__main__":
    unittest.main()

"""The time that goes by while `assertCacheExpires` looks."""

import unittest
from unittest import mock

from cachetest import CacheTestCase, MockBackend

PRICES = MockBackend("prices")


class LooksTests(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        now = mock.patch("time.time", return_value=1_000_000.0)
        self.time = now.start()
        self.addCleanup(now.stop)

    def test_while_it_looks(self):
        """The time that goes by meanwhile ends nothing before its time."""
        PRICES.put("lamp", 4.0, ttl=60)
        self.time.side_effect = (1_000_000.0 + n / 10 for n in range(1000))
        self.assertCacheExpires("prices", "lamp", after=60)

    def test_between_its_looks(self):
        """The time that goes by between them is no part of what the entry is given."""
        PRICES.put("lamp", 4.0, ttl=61)
        places = CacheTestCase._places
        looks = []

        def late(*given):
            looks.append(given)
            self.time.return_value += 2 if len(looks) == 2 else 0
            return places(*given)

        with mock.patch.object(CacheTestCase, "_places", late):
            with self.assertRaisesRegex(self.failureException, "it is still there"):
                self.assertCacheExpires("prices", "lamp", after=60)


if __name__ == "__main__":
    unittest.main()

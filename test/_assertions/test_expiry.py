"""The assertions on the time that entries live."""

import datetime
import functools
import math
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches, UnknownCacheError
from cachetest.adapters import Functools

PRICES = MockBackend("prices")


@functools.cache
def rate():
    return 1


class ExpiryCase(CacheTestCase):
    """The program's time stands still, so that the texts are always the same."""

    patch_caches = (Functools(rates=rate),)

    def setUp(self):
        now = mock.patch("time.time", return_value=1_000_000.0)
        self.time = now.start()
        self.addCleanup(now.stop)

    def put(self, key="lamp", ttl=None):
        PRICES.put(key, 4.0, ttl)
        return f"put by operation 1, at {self.caches.prices.operations[0].where},"

    def fails(self, *lines):
        """Return a context manager in which the assertion fails with this text, and moves the clock."""
        return self.assertRaisesRegex(self.failureException, "^" + "\n".join(map(_escaped, lines)) + "$")


def _escaped(line):
    import re

    return re.escape(line)


class ExpiresTests(ExpiryCase):
    @parameterized.expand([(60,), (60.0,), (datetime.timedelta(minutes=1),)])
    def test_passes(self, after):
        """It moves the clock past the end, and counts nothing."""
        self.put(ttl=60)
        self.assertCacheExpires("prices", "lamp", after=after)
        self.assertAlmostEqual(self.caches.clock.offset, 60.001)
        self.assertEqual([each.kind for each in self.caches.prices.operations], ["put"])
        self.assertIsNone(PRICES.get("lamp"))

    def test_from_now_on(self):
        """What has passed already is no part of it."""
        self.put(ttl=60)
        self.caches.clock.advance(20)
        self.assertCacheExpires("prices", "lamp", after=40)
        self.assertAlmostEqual(self.caches.clock.offset, 60.001)

    def test_real_time(self):
        """What the test itself has taken since the put is allowed for, and no more."""
        self.put(ttl=60)
        shared = self.caches.prices.shared
        with mock.patch.dict(shared, began=shared["began"] - 5):
            self.time.return_value += 2
            self.assertCacheExpires("prices", "lamp", after=60)
        self.put("chair", ttl=60)
        with mock.patch.dict(shared, began=shared["began"] - 5):
            self.time.return_value += 6
            with self.assertRaisesRegex(self.failureException, "it was gone before that"):
                self.assertCacheExpires("prices", "chair", after=60)

    def test_not_there(self):
        text = (
            "cache 'prices' has no entry for 'lamp' now, and it was expected to expire after 60 s",
            "  it has none at all",
            "  no operations",
        )
        with self.fails(*text):
            self.assertCacheExpires("prices", "lamp", after=60)

    def test_still_there(self):
        put = self.put(ttl=3600)
        with self.fails(
            "cache 'prices': expected 'lamp' to expire after 60 s; it is still there",
            f"  {put} for 3600 s, of which 3600 s were left",
        ):
            self.assertCacheExpires("prices", "lamp", after=60)
        self.assertAlmostEqual(self.caches.clock.offset, 60.001)

    def test_for_ever(self):
        put = self.put()
        with self.fails(
            "cache 'prices': expected 'lamp' to expire after 60 s; it is still there", f"  {put} to stay"
        ):
            self.assertCacheExpires("prices", "lamp", after=60)

    def test_too_early(self):
        put = self.put(ttl=40)
        self.caches.clock.advance(10)
        with self.fails(
            "cache 'prices': expected 'lamp' to expire after 60 s; it was gone before that",
            f"  {put} for 40 s, of which 30 s were left",
        ):
            self.assertCacheExpires("prices", "lamp", after=60)
        self.assertAlmostEqual(self.caches.clock.offset, 70.001)

    def test_by_a_little(self):
        """As many places are told as it takes."""
        put = self.put(ttl=59.98)
        with self.fails(
            "cache 'prices': expected 'lamp' to expire after 60 s; it was gone before that",
            f"  {put} for 59.98 s, of which 59.98 s were left",
        ):
            self.assertCacheExpires("prices", "lamp", after=60)

    def test_by_more_than_a_millisecond(self):
        """That is as exact as it is."""
        self.put(ttl=59.9985)
        with self.assertRaisesRegex(self.failureException, "it was gone before that"):
            self.assertCacheExpires("prices", "lamp", after=60)

    def test_msg(self):
        with self.assertRaisesRegex(self.failureException, "(?s)now, and it .* : soon$"):
            self.assertCacheExpires("prices", "lamp", after=60, msg="soon")

    def test_inside_a_block(self):
        """It is about the test's caches and clock, also inside a block that has others."""
        self.put(ttl=60)
        with PatchCaches() as inner:
            inner.caches.clock.advance(1000)
            self.assertCacheExpires("prices", "lamp", after=60)
            self.assertEqual(inner.caches.clock.offset, 1000)
            # And what comes after it is again of that block.
            PRICES.get("lamp")
            self.assertEqual([each.kind for each in inner.caches.prices.operations], ["miss"])
        self.assertAlmostEqual(self.caches.clock.offset, 60.001)

    @parameterized.expand(
        [
            ("zero", 0, ValueError, "after is more than 0 seconds, and finite, not 0"),
            ("nan", math.nan, ValueError, "after is more than 0 seconds, and finite, not nan"),
            ("infinite", math.inf, ValueError, "after is more than 0 seconds, and finite, not inf"),
            ("none", None, TypeError, "after is in seconds, or a timedelta, not None"),
            ("text", "60", TypeError, "after is in seconds, or a timedelta, not '60'"),
            ("truth", True, TypeError, "after is in seconds, or a timedelta, not True"),
        ]
    )
    def test_refused(self, _, after, kind, text):
        self.put(ttl=60)
        with self.assertRaises(kind) as caught:
            self.assertCacheExpires("prices", "lamp", after=after)
        self.assertEqual(str(caught.exception), text)
        self.assertEqual(self.caches.clock.offset, 0)

    def test_on_a_thread_of_a_block(self):
        """So it is on a thread that such a block has started, whose own caches are those of the block."""
        self.put(ttl=60)

        def run():
            self.assertCacheExpires("prices", "lamp", after=60)
            PRICES.get("lamp")

        with PatchCaches() as inner:
            inner.caches.clock.advance(1000)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(run).result()
            self.assertEqual([each.kind for each in inner.caches.prices.operations], ["miss"])

    def test_out_of_reach(self):
        """Of a cache whose entries can't be looked at it is told why not."""
        self.put(ttl=60)
        with (
            mock.patch.object(self.caches.prices, "unavailable", {"entries": "they are elsewhere"}),
            self.assertRaisesRegex(ValueError, "cache 'prices' live can't be tested: they are elsewhere$"),
        ):
            self.assertCacheExpires("prices", "lamp", after=60)

    def test_unknown(self):
        with self.assertRaises(UnknownCacheError):
            self.assertCacheExpires("price", "lamp", after=60)

    @parameterized.expand([("assertCacheExpires",), ("assertCacheTTL",)])
    def test_nothing_expires(self, assertion):
        """A cache in which nothing expires says so: the test would test nothing."""
        rate()
        with self.assertRaises(ValueError) as caught:
            getattr(self, assertion)("rates", (), 60)
        self.assertEqual(
            str(caught.exception),
            "how long the entries of cache 'rates' live can't be tested: a memoised function keeps its "
            "values until it is cleared, so nothing in it expires",
        )


class TTLTests(ExpiryCase):
    def test_passes(self):
        self.put(ttl=60)
        self.assertCacheTTL("prices", "lamp", 60)
        self.caches.clock.advance(20)
        self.assertCacheTTL("prices", "lamp", datetime.timedelta(seconds=40))
        self.assertEqual(self.caches.clock.offset, 20)
        PRICES.put("lamp", 4.0)
        self.assertCacheTTL("prices", "lamp", None)
        self.assertEqual([each.kind for each in self.caches.prices.operations], ["put", "put"])

    def test_in_a_plain_dict(self):
        self.put()
        self.assertCacheTTL("prices", "lamp", None)

    @parameterized.expand(
        [
            (
                "less",
                30,
                60,
                "to live for 60 s more; it lives for 30 s more",
                "for 30 s, of which 30 s were left",
            ),
            (
                "more",
                90,
                60,
                "to live for 60 s more; it lives for 90 s more",
                "for 90 s, of which 90 s were left",
            ),
            ("stays", None, 60, "to live for 60 s more; it stays", "to stay"),
            ("ends", 30, None, "to stay; it lives for 30 s more", "for 30 s, of which 30 s were left"),
            (
                "a_little",
                60.002,
                60,
                "to live for 60 s more; it lives for 60.002 s more",
                "for 60.002 s, of which 60.002 s were left",
            ),
        ]
    )
    def test_differs(self, _, ttl, expected, told, left):
        put = self.put(ttl=ttl)
        with self.fails(f"cache 'prices': expected 'lamp' {told}", f"  {put} {left}"):
            self.assertCacheTTL("prices", "lamp", expected)

    def test_by_more_than_a_millisecond(self):
        """That is as exact as it is, either way."""
        for ttl in (59.9985, 60.0015):
            self.put(ttl=ttl)
            with self.subTest(ttl), self.assertRaisesRegex(self.failureException, "it lives for"):
                self.assertCacheTTL("prices", "lamp", 60)

    def test_real_time(self):
        self.put(ttl=60)
        shared = self.caches.prices.shared
        self.time.return_value += 2
        with mock.patch.dict(shared, began=shared["began"] - 5):
            self.assertCacheTTL("prices", "lamp", 60)

    def test_not_there(self):
        with self.fails(
            "cache 'prices' has no entry for 'lamp' now, and it was expected to stay",
            "  it has none at all",
            "  no operations",
        ):
            self.assertCacheTTL("prices", "lamp", None)

    @parameterized.expand(
        [("zero", 0, ValueError, "seconds is more than 0"), ("text", "1", TypeError, "seconds is in seconds")]
    )
    def test_refused(self, _, seconds, kind, text):
        self.put(ttl=60)
        with self.assertRaisesRegex(kind, text):
            self.assertCacheTTL("prices", "lamp", seconds)

    def test_not_told(self):
        """An adapter that does not say until when its entries live is no reason to pass, or to fail."""
        self.put()
        self.caches.prices.cache = type("Mapping", (dict,), {})(self.caches.prices.cache)
        with self.assertRaises(ValueError) as caught:
            self.assertCacheTTL("prices", "lamp", None)
        self.assertEqual(
            str(caught.exception),
            "until when the entries of cache 'prices' live can't be known: its adapter does not say",
        )


del ExpiryCase

if __name__ == "__main__":
    unittest.main()

"""All of Django's back ends keep time by the clock of the scope; run inside `django_project`."""

import time
import unittest
from unittest import mock

import redis
from django.core.cache import caches
from django.test import override_settings
from parameterized import parameterized

from cachetest import CacheTestCase, Dropped, PatchCaches

from ...support import run_case
from .django_quick_checks import BACKENDS
from .django_support import kinds

DAY = 24 * 3600
FILES = {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "/nowhere"}
TABLE = {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cached"}
TIMED = {
    "memory": BACKENDS["memory"],
    "redis": BACKENDS["redis"],
    "memcached": BACKENDS["memcached"],
    "files": FILES,
    "table": TABLE,
}


class ClockTests(unittest.TestCase):
    @parameterized.expand(TIMED)
    def test_moved(self, name):
        """An entry is there before its time is over by the clock, and gone then."""
        now = mock.patch("time.time", return_value=1_000_000.0)
        with override_settings(CACHES={"default": TIMED[name]}), now, PatchCaches("django") as patch:
            cache = caches["default"]
            cache.set("k", 1, 60)
            cache.set("always", 1, None)
            patch.caches.clock.advance(59)
            self.assertEqual(cache.get("k"), 1)
            self.assertEqual(set(patch.caches.default.cache), {":1:k", ":1:always"})
            patch.caches.clock.advance(1.001)
            self.assertEqual(set(patch.caches.default.cache), {":1:always"})
            self.assertIsNone(cache.get("k"))
            self.assertEqual(cache.get("always"), 1)
            self.assertEqual(time.time(), 1_000_000.0)
            self.assertEqual(
                kinds(patch.caches.default.operations), ["put", "put", "hit", "expiration", "miss", "hit"]
            )

    @parameterized.expand(TIMED)
    def test_touch(self, name):
        """So is one that was touched after the clock was moved."""
        with override_settings(CACHES={"default": TIMED[name]}), PatchCaches("django") as patch:
            cache = caches["default"]
            cache.set("k", 1, 60)
            patch.caches.clock.advance(50)
            self.assertTrue(cache.touch("k", 60))
            patch.caches.clock.advance(50)
            self.assertEqual(cache.get("k"), 1)
            patch.caches.clock.advance(11)
            self.assertIsNone(cache.get("k"))

    def test_longer_than_a_month(self):
        """Django makes a moment of it for memcached, and that is of the clock's time too."""
        with override_settings(CACHES={"default": TIMED["memcached"]}), PatchCaches("django") as patch:
            patch.caches.clock.advance(10 * DAY)
            caches["default"].set("k", 1, 40 * DAY)
            patch.caches.clock.advance(35 * DAY)
            self.assertEqual(caches["default"].get("k"), 1)
            patch.caches.clock.advance(6 * DAY)
            self.assertIsNone(caches["default"].get("k"))

    def test_an_override_inside(self):
        """A back end that an override brings while the scope is open is moved as well."""
        with PatchCaches("django") as patch, override_settings(CACHES={"default": FILES}):
            caches["default"].set("k", 1, 60)
            patch.caches.clock.advance(61)
            self.assertIsNone(caches["default"].get("k"))

    @parameterized.expand(TIMED)
    def test_assertions(self, name):
        """They tell the time of an entry, to a second where that is on memcached, and count nothing."""

        class Tests(CacheTestCase):
            patch_caches = ("django",)

            def test(self):
                cache = caches["default"]
                cache.set("k", 1, 60)
                cache.set("always", 1, None)
                self.assertCacheTTL("default", "k", 60)
                self.assertCacheTTL("default", "always", None)
                self.assertCacheExpires("default", "k", after=60)
                self.assertEqual(self.caches.default.operations.total, 2)
                self.assertGreaterEqual(self.caches.clock.offset, 60.9 if name == "memcached" else 59.9)

        with override_settings(CACHES={"default": TIMED[name]}):
            result = run_case(Tests("test"))
        self.assertEqual(result.failures + result.errors, [])

    @parameterized.expand(TIMED)
    def test_why_it_is_gone(self, name):
        """A miss says when the entry was put, for how long, and how long ago that was over."""
        with override_settings(CACHES={"default": TIMED[name]}), PatchCaches("django") as patch:
            caches["default"].set("k", 1, 60)
            patch.caches.clock.advance(3660)
            caches["default"].get("k")
            (line,) = str(patch.caches.default.explain()).splitlines()[1:]
            where = patch.caches.default.operations[0].where
            known = "; its time was" if name == "files" else ", 3660 s before, for 60 s; that was"
            self.assertEqual(line, f"  put by operation 1, at {where}{known} over 3600 s before")

    @parameterized.expand(TIMED)
    def test_after_a_put_that_was_dropped(self, name):
        """What is known of its time is nothing of the entry that stays."""
        with override_settings(CACHES={"default": TIMED[name]}), PatchCaches("django") as patch:
            caches["default"].set("k", 1, 60)
            patch.caches.clock.advance(50)
            with patch.caches.default.inject(Dropped()):
                caches["default"].set("k", 2, 600)
            patch.caches.clock.advance(1010)
            caches["default"].get("k")
            known = "1060 s before, for 60 s; that" if name in ("memory", "table") else "; its time"
            self.assertIn(f"{known} was over 1000 s before", str(patch.caches.default.explain()))

    @parameterized.expand(TIMED)
    def test_why_a_touched_one_is_gone(self, name):
        """It was not put when it was given its time, and so that is not said."""
        with override_settings(CACHES={"default": TIMED[name]}), PatchCaches("django") as patch:
            caches["default"].set("k", 1, 60)
            patch.caches.clock.advance(50)
            caches["default"].touch("k", 60)
            patch.caches.clock.advance(1060)
            caches["default"].get("k")
            self.assertIn("; its time was over 1000 s before", str(patch.caches.default.explain()))

    def test_put_back(self):
        from django.core.cache.backends import base, filebased, locmem, memcached

        with PatchCaches("django"):
            self.assertIsNot(locmem.time, time)
        self.assertEqual({each.time for each in (base, filebased, locmem, memcached)}, {time})

    def test_server_below(self):
        """The server that the program asks by itself is at the same time."""
        with override_settings(CACHES={"default": TIMED["redis"]}), PatchCaches("django", "redis") as patch:
            caches["default"].set("k", 1, 60)
            patch.caches.clock.advance(20)
            self.assertEqual(redis.Redis.from_url(TIMED["redis"]["LOCATION"], db=0).ttl(":1:k"), 40)

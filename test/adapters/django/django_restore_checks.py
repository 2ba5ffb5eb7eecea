"""Overrides of the settings, and what is as before afterwards; run inside `django_project`."""

import unittest
from unittest import mock

from django.conf import settings
from django.core.cache import cache, caches, close_caches
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.core.signals import request_finished
from django.test import override_settings

from cachetest import CacheTestCase, PatchCaches

from ...support import run_case
from .django_support import kinds


class OverrideTests(CacheTestCase):
    def test_of_the_same_alias(self):
        """Inside the test, an override's keys, timeouts and limits hold, and its caches are counted."""
        small = {
            "BACKEND": settings.CACHES["default"]["BACKEND"],
            "KEY_PREFIX": "x",
            "OPTIONS": {"MAX_ENTRIES": 1, "CULL_FREQUENCY": 1},
        }
        with override_settings(CACHES={"default": small, "more": {**small, "LOCATION": "more"}}):
            cache.set("a", 1)
            cache.set("b", 2)
            caches["more"].set("c", 3)
        self.assertEqual(list(self.caches["default"].cache), ["x:1:b"])
        self.assertEqual(kinds(self.caches["default"].operations), ["put", "eviction", "put"])
        self.assertCacheStats("more", puts=1)
        cache.get("b")
        self.assertCacheStats("default", puts=2, hits=0, misses=1)

    def test_no_cache(self):
        """An override with the dummy cache turns the cache off: nothing is kept, and nothing counted."""
        with override_settings(
            CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
        ):
            cache.set("a", 1)
            self.assertIsNone(cache.get("a"))
            self.assertIsInstance(caches["default"], DummyCache)
        self.assertCacheUnused("default")

    @override_settings(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}})
    def test_by_decorator(self):
        """An override around the method is one inside the test."""
        cache.set("a", 1)
        self.assertCacheStats("default", puts=1)


class RestoreTests(unittest.TestCase):
    def state(self):
        classes = [RedisCache, LocMemCache, DummyCache]
        return dict(vars(caches)), [dict(vars(cls)) for cls in classes], list(request_finished.receivers)

    def check_restored(self, body):
        caches["default"].get("a")
        before = self.state()
        with PatchCaches():
            body()
        found = self.state()
        # Django itself forgets all connections where the settings are overridden.
        for each in (found, before):
            each[0].pop("_connections")
        self.assertEqual(found, before)

    def test_plain(self):
        """Handler, classes and signals are as they were."""
        self.check_restored(lambda: caches["pages"].get("a"))

    def test_after_override(self):
        """Also when the settings were overridden in between."""

        def body():
            with override_settings(CACHES={"default": settings.CACHES["small"]}):
                cache.get("a")

        self.check_restored(body)

    def test_after_a_request(self):
        """The end of a request closes ours, and not what the program had."""
        held = caches["default"]

        def body():
            with mock.patch.object(DummyCache, "close"):
                close_caches()

        self.check_restored(body)
        self.assertIs(caches["default"], held)

    def test_settings_never_read(self):
        """Settings that the handler had not read yet, it has not read afterwards."""
        found = dict(vars(caches))
        vars(caches).pop("settings", None)
        caches._settings = None
        try:
            with PatchCaches():
                cache.get("a")
            self.assertNotIn("settings", vars(caches))
        finally:
            vars(caches).update(found)

    def test_override_outlives(self):
        """An override that begins inside and outlives the patch stays in force."""
        override = override_settings(
            CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
        )
        before = caches["default"]
        with PatchCaches():
            override.enable()
        try:
            self.assertIsInstance(caches["default"], DummyCache)
        finally:
            override.disable()
        self.assertIsInstance(caches["default"], type(before))

    def test_displaced(self):
        """Another tool that puts its own in place of ours is found out."""

        class Inner(CacheTestCase):
            def test(self):
                self.addCleanup(setattr, caches, "create_connection", vars(caches)["create_connection"])
                caches.create_connection = lambda alias: None

        result = run_case(Inner("test"))
        self.assertEqual(result.failures + result.errors, [])

        class Left(CacheTestCase):
            def test(self):
                caches.create_connection = lambda alias: None

        result = run_case(Left("test"))
        self.assertIn("create_connection was displaced", result.failures[0][1])
        self.assertNotIn("create_connection", vars(caches))

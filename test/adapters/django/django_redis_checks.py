"""The back end of django-redis, which has methods of its own; run inside `django_project`."""

from unittest import mock

import redis
from django.core.cache import cache, caches
from django.test import SimpleTestCase, override_settings
from django_redis import get_redis_connection
from parameterized import parameterized

from cachetest import CacheTestCase, CacheTestMixin

from .django_project import NOWHERE
from .django_support import kinds

BACKEND = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": NOWHERE, "KEY_PREFIX": "p"}
PACKED = {
    "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
    "COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor",
}

# Calls before, the call, its result, kinds of the operations logged.
CALLS = [
    ("get", {"a": 1}, lambda: cache.get("a"), 1, "hit"),
    ("get_absent", {}, lambda: cache.get("a", 5), 5, "miss"),
    ("get_of_client", {"a": 1}, lambda: cache.get("a", client=get_redis_connection("default")), 1, "hit"),
    ("set_nx", {}, lambda: cache.set("a", 1, nx=True), True, "put"),
    ("set_nx_over", {"a": 1}, lambda: cache.set("a", 2, nx=True), False, ""),
    ("set_at_once_over", {"a": 1}, lambda: cache.set("a", 2, 0), True, "put"),
    ("add", {}, lambda: cache.add("a", 1), True, "put"),
    ("add_over", {"a": 1}, lambda: cache.add("a", 1), False, ""),
    ("incr", {"a": 1}, lambda: cache.incr("a", 2), 3, "hit put"),
    ("decr", {"a": 1}, lambda: cache.decr("a"), 0, "hit put"),
    ("incr_version", {"a": 1}, lambda: cache.incr_version("a"), 2, "hit put delete"),
    ("get_or_set", {}, lambda: cache.get_or_set("a", 1), 1, "miss put"),
    ("set_many", {}, lambda: cache.set_many({"a": 1, "b": 2}), None, "put put"),
    ("get_many", {"a": 1}, lambda: cache.get_many(["a", "b"]), {"a": 1}, "hit miss"),
    ("delete_many", {"a": 1}, lambda: cache.delete_many(["a", "b"]), 1, "delete delete"),
    ("delete_pattern", {"ab": 1, "ac": 2, "b": 3}, lambda: cache.delete_pattern("a*"), 2, "delete delete"),
    ("ttl", {"a": 1}, lambda: cache.ttl("a"), 300, ""),
    ("persist", {"a": 1}, lambda: cache.persist("a"), True, ""),
    ("keys", {"a": 1}, lambda: cache.keys("*"), ["a"], ""),
    ("iter_keys", {"a": 1}, lambda: list(cache.iter_keys("*")), ["a"], ""),
    ("hset", {}, lambda: cache.hset("h", "f", 1), 1, "put"),
    ("touch", {"a": 1}, lambda: cache.touch("a", 60), True, ""),
    ("has_key", {"a": 1}, lambda: "a" in cache, True, ""),
    ("clear", {"a": 1, "b": 2}, lambda: cache.clear(), None, "delete delete"),
]


class CallTests(CacheTestCase):
    @parameterized.expand(
        [
            (f"{title}_{form}", options, *call)
            for title, *call in CALLS
            for form, options in (("pickle", {}), ("packed", PACKED))
        ]
    )
    def test_call(self, _, options, entries, call, expected, logged):
        """A call comes to what it does on a real server, and counts once, in every way to write values."""
        with override_settings(CACHES={"default": {**BACKEND, "OPTIONS": options}}):
            for key, value in entries.items():
                cache.set(key, value)
            before = len(self.caches["default"].operations)
            self.assertEqual(call(), expected)
            self.assertEqual(kinds(self.caches["default"].operations[before:]), logged.split())


@override_settings(CACHES={"default": BACKEND, "soft": {**BACKEND, "OPTIONS": {"IGNORE_EXCEPTIONS": True}}})
class AddedTests(CacheTestMixin, SimpleTestCase):
    patch_caches = ("django", "redis")

    def test_lock(self):
        """A lock is one, and its commands are those of its own client."""
        with cache.lock("job", timeout=5), self.assertRaises(redis.exceptions.LockError):
            with cache.lock("job", blocking_timeout=0):
                pass
        self.assertCacheUnused("default")

    def test_entries(self):
        """Entries are shown as they are decoded, by the program's key or by the made one."""
        cache.set("a", {"b": 1})
        self.assertCached("default", "a", {"b": 1})
        self.assertEqual(dict(self.caches["default"].cache), {"p:1:a": {"b": 1}})
        self.assertEqual(self.caches["default"].operations[0].key, "p:1:a")

    def test_connection(self):
        """A connection that the program takes is to the same server, and counts for that."""
        cache.set("a", 1)
        self.assertTrue(get_redis_connection("default").exists("p:1:a"))
        get_redis_connection("default").set("p:1:b", 2)
        self.assertEqual(cache.get("b"), 2)
        self.assertCacheStats("redis", puts=1, hits=0, misses=0)
        self.assertCacheStats("default", puts=1, hits=1, misses=0)

    def test_unreachable(self):
        """A call that is answered without a server, as the settings ask for, is not counted."""
        with mock.patch.object(redis.Connection, "connect", side_effect=redis.ConnectionError("down")):
            self.assertIsNone(caches["soft"].get("a"))
            self.assertIsNone(caches["soft"].set("a", 1))
            with self.assertRaises(redis.ConnectionError):
                cache.get("a")
        self.assertCacheUnused("soft")
        self.assertEqual(kinds(self.caches["default"].operations), ["failure"])

"""The back end of the settings runs, on the entries of the scope; run inside `django_project`."""

import os
import pickle
import unittest
from contextvars import copy_context
from unittest import mock

import redis
from django.conf import settings
from django.core.cache import cache, caches
from django.core.cache.backends.redis import RedisCache
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from parameterized import parameterized
from pymemcache.exceptions import MemcacheServerError

from cachetest import CacheTestCase, PatchCaches
from cachetest.adapters import Django
from cachetest.adapters.calls import in_call_of
from cachetest.adapters.outer_call import outer_call
from cachetest.errors import CacheTestError, MissingLibraryError

from .django_project import LOCMEM, NOWHERE
from .django_support import kinds

REDIS = "django.core.cache.backends.redis.RedisCache"
MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
FILES = "django.core.cache.backends.filebased.FileBasedCache"
TABLE = "django.core.cache.backends.db.DatabaseCache"
OWN = "test.adapters.django.django_backends.PlainCache"
JSON = "test.adapters.django.django_backends.JSONSerializer"


def only(backend, **parameters):
    """Return an override of the settings with one cache."""
    return override_settings(CACHES={"default": {"BACKEND": backend, **parameters}})


class RunTests(CacheTestCase):
    @parameterized.expand(
        [
            ("redis", {"BACKEND": REDIS, "LOCATION": NOWHERE, "OPTIONS": {"serializer": JSON}}, [1, 2]),
            ("memcached", {"BACKEND": MEMCACHED, "LOCATION": "127.0.0.1:1"}, (1, 2)),
            ("memory", {"BACKEND": LOCMEM}, (1, 2)),
        ]
    )
    def test_serializer(self, _, parameters, found):
        """Values go through the serialiser of the settings, and are shown as it reads them."""
        with override_settings(CACHES={"default": parameters}):
            cache.set("a", (1, 2))
            self.assertEqual(cache.get("a"), found)
            self.assertCached("default", "a", found)
            self.assertEqual(dict(self.caches["default"].cache), {":1:a": found})
            self.caches["default"].cache[":1:b"] = found
            self.assertEqual(cache.get("b"), found)
            del self.caches["default"].cache[":1:b"]
            with self.assertRaises(KeyError):
                del self.caches["default"].cache[":1:b"]
        self.assertCacheStats("default", puts=1, hits=2, misses=0)

    def test_refused_by_the_serializer(self):
        """What it can't write is an error, and a failure."""
        with only(REDIS, LOCATION=NOWHERE, OPTIONS={"serializer": JSON}), self.assertRaises(TypeError):
            cache.set("a", {1})
        self.assertEqual(kinds(self.caches["default"].operations), ["failure"])

    @parameterized.expand([("files", FILES), ("table", TABLE), ("memory", LOCMEM)])
    def test_pickled(self, name, backend):
        """Back ends that pickle do: values are copies, and one that can't be pickled fails."""
        with only(backend, LOCATION=os.path.join(settings.CACHES["files"]["LOCATION"], name)):
            value = [1]
            cache.set("a", value)
            self.assertEqual(cache.get("a"), value)
            self.assertIsNot(cache.get("a"), value)
            with self.assertRaises((pickle.PicklingError, AttributeError)):
                cache.set("b", lambda: None)
            self.assertEqual(dict(self.caches["default"].cache), {":1:a": value})

    def test_timeout_of_the_class(self):
        """`get_backend_timeout` is that of the class."""
        self.assertEqual(caches["pages"].get_backend_timeout(10), 10)

    def test_values_that_are_too_large(self):
        """memcached does not take a value of over 1 MB, nor keep what was there before."""
        with only(MEMCACHED, LOCATION="127.0.0.1:1"):
            cache.set("a", "small")
            with self.assertRaises(MemcacheServerError):
                cache.set("a", "x" * 2**21)
            self.assertIsNone(cache.get("a"))
        self.assertEqual(kinds(self.caches["default"].operations), ["put", "eviction", "failure", "miss"])

    def test_own(self):
        """A back end of the project's own runs as it is, whatever its constructor does."""
        with only(OWN):
            held = caches["default"]
            held.set("a", 1)
            self.assertEqual((held.get("a"), held.get("b", 2), held.kept), (1, 2, {"a": 1}))
        self.assertCacheStats("default", puts=1, hits=1, misses=1)

    def test_own_entries(self):
        """Its entries are its own: to ask for them here is an error that says so."""
        with only(OWN):
            cache.set("a", 1)
            for ask in (
                lambda: self.caches["default"].cache.update(a=1),
                lambda: self.assertCached("default", "a"),
                lambda: self.assertNotCached("default", "a"),
            ):
                with self.assertRaisesRegex(CacheTestError, "'default' can't be known: PlainCache"):
                    ask()

    def test_createcachetable(self):
        """The table is made, and nothing is in it."""
        try:
            call_command("createcachetable", verbosity=0)
            self.assertIn("cached", connection.introspection.table_names())
            caches["table"].set("a", 1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT COUNT(*) FROM cached")
                self.assertEqual(cursor.fetchone(), (0,))
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP TABLE IF EXISTS cached")

    def test_context(self):
        """No call has its context forget a variable: up to CPython 3.10 it might lose others with that."""
        cache.get_or_set("a", lambda: 1)
        held = caches["default"]
        found = copy_context()
        found.run(in_call_of, held, held.make_key, "a")
        self.assertIsNone(found[outer_call])
        self.assertIn("cachetest.calls", [each.name for each in found])


class PlaceTests(CacheTestCase):
    @parameterized.expand(
        [
            ("memory", LOCMEM, "shared"),
            ("files", FILES, "/tmp/shared"),
            ("table", TABLE, "shared"),
            ("redis", REDIS, NOWHERE),
            ("memcached", MEMCACHED, "127.0.0.1:1"),
        ]
    )
    def test_shared(self, _, backend, place):
        """Two aliases of one place share their entries, and `clear` empties both."""
        one = {"BACKEND": backend, "LOCATION": place}
        with (
            mock.patch("os.makedirs"),
            override_settings(CACHES={"default": one, "second": {**one, "VERSION": 2}}),
        ):
            cache.set("a", 1, version=2)
            self.assertEqual(caches["second"].get("a"), 1)
            caches["second"].clear()
            self.assertIsNone(cache.get("a", version=2))
        self.assertCacheStats("default", puts=1, hits=0, misses=1)
        self.assertEqual(kinds(self.caches["second"].operations), ["hit", "delete"])

    def test_replicas(self):
        """What was written to the first server is read from any of the others."""
        with only(REDIS, LOCATION=[NOWHERE, "redis://127.0.0.1:2", "redis://127.0.0.1:3"]):
            cache.set("a", 1)
            self.assertEqual([cache.get("a") for _ in range(5)], [1] * 5)

    @parameterized.expand(
        [
            ("version", 9, ":9:a"),
            ("key_prefix", "tenant", "tenant:1:a"),
            ("key_func", lambda key, prefix, version: f"x{key}", "xa"),
        ]
    )
    def test_set_on_the_object(self, name, value, made):
        """What is set on a cache object makes its keys."""
        for alias in ("default", "pages"):
            held = caches[alias]
            held.set("a", 1)
            with mock.patch.object(held, name, value):
                self.assertIsNone(held.get("a"))
                held.set("a", 2)
            self.assertEqual(held.get("a"), 1)
            self.assertEqual(self.caches[alias].operations[1].key, made)


class DownTests(CacheTestCase):
    @parameterized.expand(
        [
            ("class", "django.core.cache.backends.redis.RedisCache.get"),
            ("client", "django.core.cache.backends.redis.RedisCacheClient.get"),
            ("redis", "redis.connection.Connection.connect"),
        ]
    )
    def test_patched(self, _, target):
        """A mock of the class, its client or redis-py reaches the program, through `get_or_set` as well."""
        for call in (lambda: caches["pages"].get("a"), lambda: caches["pages"].get_or_set("a", 1)):
            with (
                mock.patch(target, side_effect=redis.ConnectionError),
                self.assertRaises(redis.ConnectionError),
            ):
                call()
        caches["pages"].set("a", 1)
        self.assertEqual(caches["pages"].get("a"), 1)

    def test_patched_object(self):
        """So does one of a method of the object, and of `cache`."""
        with mock.patch.object(caches["default"], "get", side_effect=OSError), self.assertRaises(OSError):
            cache.get_or_set("a", 1)
        with mock.patch("django.core.cache.cache.get", return_value=5):
            self.assertEqual(caches["default"].get("a"), 5)
        with mock.patch.object(RedisCache, "get", autospec=True) as get:
            caches["pages"].get("a")
            get.assert_called_once_with(caches["pages"], "a")


class MissingTests(unittest.TestCase):
    @parameterized.expand(
        [("redis", REDIS, NOWHERE, "fakeredis"), ("pymemcache", MEMCACHED, "127.0.0.1:1", "pymemcache")]
    )
    def test_missing(self, extra, backend, place, library):
        """What is not installed is named by the call that needs it, with the extra, and by no other."""
        text = f"'default' .* needs {library}, .* pip install 'cachetest\\[{extra}\\]'"
        missing = mock.Mock(side_effect=ImportError(name=library))
        with (
            mock.patch("cachetest.adapters.django.servers_below.import_module", missing),
            override_settings(CACHES={"default": {"BACKEND": backend, "LOCATION": place}}),
            PatchCaches(Django()),
        ):
            self.assertEqual(cache.make_key("a"), ":1:a")
            with self.assertRaisesRegex(MissingLibraryError, text):
                cache.get("a")
            cache.close()


class CommandTests(CacheTestCase):
    patch_caches = ("django", "redis")

    def test_counted_once(self):
        """The commands below a call count for the alias only."""
        pages = caches["pages"]
        pages.set("a", 1)
        pages.get_or_set("b", 1)
        pages.incr("a")
        pages.set_many({"c": 1, "d": 2})
        pages.get_many(["c", "d", "e"])
        pages.clear()
        self.assertCacheStats("pages", puts=5, hits=3, misses=2)
        self.assertEqual(kinds(self.caches["pages"].operations)[-4:], ["delete"] * 4)
        self.assertCacheUnused("redis")

    def test_asked_of_the_server(self):
        """What the program asks of the server by itself counts there, and is about the same entries."""
        caches["pages"].set("a", 1)
        client = redis.Redis.from_url(NOWHERE)
        self.assertEqual(client.get(":1:a"), b"1")
        client.set(":1:a", 2)
        self.assertEqual(caches["pages"].get("a"), 2)
        self.assertCacheStats("redis", puts=1, hits=1, misses=0)
        self.assertCacheStats("pages", puts=1, hits=1, misses=0)

    def test_of_another_url(self):
        """Where the test has named other servers, the alias has its own all the same."""
        from cachetest.adapters import Redis

        with PatchCaches(Django(), Redis(other="redis://elsewhere")) as patch:
            caches["pages"].set("a", 1)
            self.assertEqual(caches["pages"].get("a"), 1)
            with self.assertRaises(CacheTestError):
                redis.Redis.from_url("redis://nobody").get("a")
            self.assertEqual(patch.caches["pages"].counts(), (1, 1, 0))
            self.assertEqual(patch.caches["other"].counts(), (0, 0, 0))

    def test_of_an_own_back_end(self):
        """So it is with a back end of the project's own that has a client."""
        with only("test.adapters.django.django_backends.ClientCache", LOCATION=NOWHERE):
            cache.set("a", "b")
            self.assertEqual((cache.get("a"), cache.get("c"), cache.get_or_set("a", "d")), ("b", None, "b"))
        self.assertCacheStats("default", puts=1, hits=2, misses=1)
        self.assertEqual(self.caches["default"].operations[0].key, ":1:a")
        self.assertCacheUnused("redis")


class UnlistedTests(CacheTestCase):
    patch_caches = (Django("pages"),)

    def test_server(self):
        """The server below is listed where it is asked for something, and not before."""
        caches["pages"].set("a", 1)
        self.assertEqual(list(self.caches), ["pages"])
        redis.Redis.from_url(NOWHERE).get(":1:a")
        self.assertEqual(list(self.caches), ["pages", "redis"])
        self.assertCacheStats("redis", puts=0, hits=1, misses=0)

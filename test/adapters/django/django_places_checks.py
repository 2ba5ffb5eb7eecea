"""Which server, and database, a call of a back end on servers is logged in; run inside `django_project`."""

import asyncio
import unittest

import redis
from django.core.cache import cache, caches
from django.test import override_settings
from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from cachetest.adapters import Django, Redis
from cachetest.errors import CacheTestError

from .django_project import LOCMEM

REDIS = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://one:6379/2"}
REPLICAS = {**REDIS, "LOCATION": ["redis://one:6379/2", "redis://two:6379/2"]}
MEMCACHED = {
    "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
    "LOCATION": "ONE:11211",
}
SEVERAL = {**MEMCACHED, "LOCATION": ["one:11211", "two:11211"]}
CLIENT = {"BACKEND": "test.adapters.django.django_backends.ClientCache", "LOCATION": "redis://one"}
URL, NAME = "redis://one:6379/2", "one:11211"


def only(**parameters):
    """Return an override of the settings with one cache."""
    return override_settings(CACHES={"default": parameters})


def call_each():
    """Make calls of all kinds."""
    cache.set("a", 1)
    cache.get("a")
    cache.get("none")
    cache.set_many({"b": 1, "c": 2})
    cache.get_many(["a", "b", "none"])
    cache.get_or_set("d", lambda: 1)
    cache.incr("a")
    cache.add("e", 1)
    asyncio.run(call_async())
    cache.delete("a")
    cache.delete_many(["b", "c"])
    cache.clear()


async def call_async():
    await cache.aset("f", 1)
    await cache.aget_many(["f", "none"])


class StoreTests(CacheTestCase):
    @parameterized.expand(
        [
            ("redis", REDIS, {URL}),
            ("replicas", REPLICAS, {URL}),
            ("memcached", MEMCACHED, {NAME}),
            ("several", SEVERAL, {NAME, "two:11211"}),
            ("memory", {"BACKEND": LOCMEM}, {None}),
        ]
    )
    def test_store(self, _, parameters, expected):
        """Each operation has the server and database that it was done on; in memory there is none."""
        with only(**parameters):
            call_each()
            operations = self.caches["default"].operations
            self.assertEqual({each.store for each in operations}, expected)
            # A key is in one place, whatever it is asked for.
            places = {(each.key, each.store) for each in operations}
            self.assertEqual(len(places), len({each.key for each in operations}))
            self.assertTrue(all(each.origin for each in operations if each.kind == "hit"))

    @parameterized.expand([("redis", REDIS, URL), ("memcached", MEMCACHED, NAME)])
    def test_failed(self, _, parameters, expected):
        """A call that fails has it too, and so has one that never reached the server."""
        with only(**parameters):
            cache.set("a", "text")
            for call in (lambda: cache.incr("a"), lambda: cache.set("b", lambda: None)):
                with self.assertRaises(Exception):  # noqa: B017 (each back end has its own)
                    call()
            kinds = [(each.kind, each.store) for each in self.caches["default"].operations]
            self.assertEqual(kinds, [(kind, expected) for kind in ("put", "failure", "failure")])

    def test_of_an_own_back_end(self):
        """One of the project's own may keep entries in memory as well: it has none."""
        with only(**CLIENT):
            cache.set("a", 1)
            cache.get("a")
        self.assertEqual([each.store for each in self.caches["default"].operations], [None, None])


class ReplicaTests(unittest.TestCase):
    def test_of_another_alias(self):
        """That another alias has a replica alone changes nothing, wherever it stands in the settings."""
        replica = {**REDIS, "LOCATION": "redis://two:6379/2"}
        for configured in (
            {"replica": replica, "default": REPLICAS},
            {"primary": REDIS, "replica": replica, "default": REPLICAS},
        ):
            with (
                self.subTest(list(configured)),
                override_settings(CACHES=configured),
                PatchCaches(Django()) as patch,
            ):
                cache.set("a", 1)
                self.assertEqual([cache.get("a") for _ in range(5)], [1] * 5)
                self.assertEqual(caches["replica"].get("a"), 1)
                stores = {each.store for name in patch.caches for each in patch.caches[name].operations}
                self.assertEqual(len(stores), 1)


class AtTests(CacheTestCase):
    @parameterized.expand(
        [
            ("redis", REDIS, URL),
            ("replica", REPLICAS, "redis://two:6379/2"),
            ("memcached", MEMCACHED, "one"),
        ]
    )
    def test_at(self, _, parameters, at):
        """An assertion may name the place, as the settings do."""
        with only(**parameters):
            cache.set("a", (1, 2))
            self.assertCached("default", "a", (1, 2), at=at)
            self.assertNotCached("default", "b", at=at)
            with self.assertRaisesRegex(AssertionError, "put by operation 1, at .*django_places_checks.py"):
                self.assertCached("default", "a", 2, at=at)

    def test_several(self):
        """Each key is on one of the servers, and not on the others."""
        with only(**SEVERAL):
            cache.set("a", 1)
            (put,) = self.caches["default"].operations
            (other,) = {NAME, "two:11211"} - {put.store}
            self.assertCached("default", "a", 1, at=put.store)
            self.assertNotCached("default", "a", at=other)
            with self.assertRaisesRegex(AssertionError, f"entry in {put.store}, 1: put by operation 1, at"):
                self.assertNotCached("default", "a")

    def test_wrong(self):
        """Where the cache has no entries is said, with where it has them."""
        for parameters, at, text in (
            (REDIS, "redis://one:6379/1", f"'default' has its entries in {URL}"),
            (SEVERAL, "three", f"'default' has its entries in {NAME}, two:11211"),
            (REDIS, "one", f"such as '{URL}'"),
            ({"BACKEND": LOCMEM}, URL, "'default' has its entries in one place"),
        ):
            with self.subTest(text), only(**parameters):
                with self.assertRaisesRegex((CacheTestError, ValueError), text):
                    self.assertCached("default", "a", at=at)
        with only(**REDIS), self.assertRaises(TypeError):
            self.assertCached("default", "a", at=5)

    def test_hash(self):
        """A field of a hash, which a client of the program has put, is told of."""
        with only(**REDIS):
            redis.Redis.from_url(URL).hset(":1:h", "f", 1)
            places_of = self.caches["default"].cache.places_of
            self.assertEqual(places_of((":1:h", "f")), {URL: 1})
            self.assertEqual((places_of((":1:h", "g")), places_of((URL, ":1:none"))), ({}, {}))


class SharedTests(CacheTestCase):
    """What others have taken out of the same place is told of."""

    patch_caches = ("django", "redis")

    def why(self):
        """Return how the latest miss of the cache is explained, in a text that knows of the others."""
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("default", hits=9)
        return str(caught.exception)

    @parameterized.expand(
        [
            ("key", lambda client: client.delete(":1:a"), "redis"),
            ("database", lambda client: client.flushdb(), "redis"),
            ("server", lambda client: client.flushall(), "redis"),
            ("alias", lambda client: caches["other"].clear(), "other"),
        ]
    )
    def test_deleted(self, _, delete, where):
        """A delete that was asked for in another cache is told with that, and its line."""
        with override_settings(CACHES={"default": REDIS, "other": {**REDIS, "KEY_PREFIX": "other"}}):
            cache.set("a", 1)
            delete(redis.Redis.from_url(URL))
            self.assertIsNone(cache.get("a"))
        text = f"in cache '{where}' it was deleted by operation 2, at .*django_places_checks.py"
        self.assertRegex(self.why(), text)

    def test_flushed_from_another_cache(self):
        """So is a FLUSHALL of a client whose cache has another database of the server."""
        with only(**REDIS), PatchCaches(Django(), Redis(other="redis://one:6379/5")) as patch:
            cache.set("a", 1)
            redis.Redis.from_url("redis://one:6379/5").flushall()
            self.assertIsNone(cache.get("a"))
            why = str(patch.caches["default"].explain())
        self.assertRegex(why, "FLUSHALL ran at .*django_places_checks.py.*, and may have changed it")

    def test_elsewhere(self):
        """The delete of the same key in another place is no reason."""
        with override_settings(CACHES={"default": REDIS, "other": {**REDIS, "LOCATION": "redis://one"}}):
            cache.set("a", 1)
            caches["other"].delete("a")
            del self.caches["default"].cache[":1:a"]
            self.assertIsNone(cache.get("a"))
        self.assertNotIn("in cache 'other'", self.why())

    def test_put_anew(self):
        """A delete in the same place is not one of another place alone, and a put there is told too."""
        with only(**REDIS):
            client = redis.Redis.from_url(URL)
            cache.set("a", 1)
            client.delete(":1:a")
            client.set(":1:a", 2)
            cache.get("a")
            with self.assertRaises(AssertionError) as caught:
                self.assertCacheStats("default", hits=0)
        self.assertRegex(
            str(caught.exception),
            r"deleted in cache 'redis', by operation 2, .*\n *put anew in cache 'redis', by operation 3, ",
        )

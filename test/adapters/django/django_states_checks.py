"""Caches of Django that are off, or verified; run inside `django_project`."""

import asyncio
import tempfile
import threading
from contextlib import nullcontext
from unittest import SkipTest

from django.core.cache import cache, caches
from django.test import SimpleTestCase, override_settings
from parameterized import parameterized
from redis.exceptions import DataError

from cachetest import CacheTestMixin

from ...support import is_there
from .django_project import NOWHERE

BACKENDS = "django.core.cache.backends"
OWN = "test.adapters.django.django_backends"
KINDS = {
    "locmem": {"BACKEND": f"{BACKENDS}.locmem.LocMemCache"},
    "file": {"BACKEND": f"{BACKENDS}.filebased.FileBasedCache", "LOCATION": tempfile.gettempdir()},
    "redis": {"BACKEND": f"{BACKENDS}.redis.RedisCache", "LOCATION": NOWHERE},
    "memcached": {"BACKEND": f"{BACKENDS}.memcached.PyMemcacheCache", "LOCATION": "127.0.0.1:1"},
    "django_redis": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": NOWHERE},
}
# A shared place, and a prefix of its own in that.
SHARED = ("locmem", "redis", "memcached", "django_redis")


def settings_of(kind, **more):
    if kind == "django_redis" and not is_there("django_redis"):
        raise SkipTest("needs django-redis")
    if kind == "memcached" and not is_there("pymemcache"):
        raise SkipTest("needs pymemcache")
    other = {"other": {**KINDS[kind], "KEY_PREFIX": "other"}} if kind in SHARED else {}
    return override_settings(CACHES={"default": {**KINDS[kind], **more}, **other})


class OffTests(CacheTestMixin, SimpleTestCase):
    @parameterized.expand([(kind,) for kind in KINDS])
    def test_off(self, kind):
        """Nothing is found, and nothing is there afterwards; what there was is gone."""
        with settings_of(kind):
            cache.set("before", 1)
            with self.caches.in_state("off"):
                self.assertIsNone(cache.get("before"))
                cache.set("a", 1)
                self.assertIsNone(cache.get("a"))
                self.assertEqual(cache.get_or_set("a", 2), 2)
                self.assertNotIn("a", cache)
            self.assertIsNone(cache.get("a"))
            cache.set("a", 1)
            self.assertEqual(cache.get("a"), 1)

    @parameterized.expand([(kind,) for kind in KINDS])
    def test_read_and_written_in_one(self, kind):
        """It is done where nothing is: each `add` adds, and there is nothing to count up or to touch."""
        with settings_of(kind):
            cache.set("n", 1)
            with self.caches.in_state("off"):
                self.assertEqual([cache.add("n", 1), cache.add("n", 1)], [True, True])
                self.assertFalse(cache.touch("n", 5))
                with self.assertRaises(ValueError):
                    cache.incr("n")
                cache.set_many({"a": 1, "b": 2})
                self.assertEqual(cache.get_many(["a", "b"]), {})
                cache.delete("a")
                cache.clear()
            self.assertEqual(len(self.caches["default"].cache), 0)

    @parameterized.expand([(kind,) for kind in SHARED])
    def test_named(self, kind):
        """One alias is off, and another one in the same place goes on, with entries from before."""
        with settings_of(kind):
            other = caches["other"]
            other.set("a", 1)
            cache.set("a", 1)
            with self.caches.in_state("off", caches=("default",)):
                self.assertIsNone(cache.get("a"))
                cache.set("a", 1)
                self.assertIsNone(cache.get("a"))
                self.assertEqual(other.get("a"), 1)
            self.assertEqual(other.get("a"), 1)

    def test_methods_of_the_back_end(self):
        """What django-redis has beside Django's interface leaves nothing either, and raises what it does."""
        with settings_of("django_redis"):
            cache.set("a", 1)
            with self.caches.in_state("off", caches=("default",)):
                self.assertEqual(cache.ttl("a"), 0)
                self.assertEqual([cache.hset("h", "f", 1), cache.hset("h", "f", 1)], [1, 1])
                self.assertEqual(cache.keys("*"), [])
                with self.assertRaises(DataError):
                    cache.hset("h")
            kinds = [each.kind for each in self.caches["default"].operations]
        self.assertEqual(kinds, ["put", "put", "put"])

    @parameterized.expand([(kind,) for kind in SHARED])
    def test_async(self, kind):
        """Two tasks find nothing of each other."""

        async def work(key):
            await cache.aset(key, 1)
            return await cache.aget(key)

        async def main():
            return await asyncio.gather(*(work("a") for _ in range(5)))

        with settings_of(kind), self.caches.in_state("off"):
            self.assertEqual(asyncio.run(main()), [None] * 5)

    def test_threads(self):
        found = []

        def work():
            for _ in range(50):
                cache.set("a", 1)
                found.append(cache.get("a"))

        with settings_of("locmem"), self.caches.in_state("off"):
            threads = [threading.Thread(target=work) for _ in range(3)]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
        self.assertEqual(set(found), {None})

    def test_keeps_its_entries_itself(self):
        """A back end whose entries nobody can reach can't be off, and says so."""
        both = {"default": {"BACKEND": f"{OWN}.PlainCache"}, "other": KINDS["locmem"]}
        with override_settings(CACHES=both):
            text = "the cache 'default' can't be off: its entries can't be dropped: PlainCache keeps them"
            with self.assertRaisesRegex(TypeError, text):
                with self.caches.in_state("off", caches=("default",)):
                    self.fail("not entered")
            with self.caches.in_state("off"):
                cache.set("a", 1)
                self.assertEqual(cache.get("a"), 1)
                caches["other"].get("a")


class VerifyTests(CacheTestMixin, SimpleTestCase):
    @parameterized.expand([(kind,) for kind in KINDS])
    def test_verify(self, kind):
        """Values are compared as the back end decodes them; the same pickled anew is the same."""
        with settings_of(kind):
            for one, other in [({1, 2}, {2, 1}), ({1}, {2})]:
                fails = self.assertRaisesRegex(AssertionError, "1 of 1 put over an entry wrote another")
                with nullcontext() if one == other else fails, self.caches["default"].verifying():
                    for value in (one, other):
                        self.assertIsNone(cache.get("a"))
                        cache.set("a", value)

    @parameterized.expand([(kind,) for kind in SHARED])
    def test_add(self, kind):
        """What is added is written as if nothing were there, and compared."""
        with settings_of(kind), self.assertRaisesRegex(AssertionError, r"(?s)':1:a': 1 -> 2\n.*put again by"):
            with self.caches["default"].verifying():
                for value in (1, 2):
                    self.assertTrue(cache.add("a", value))

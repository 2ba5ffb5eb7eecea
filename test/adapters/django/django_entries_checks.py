"""The keys, the lifetimes and the view of the entries of a Django cache; run inside `django_project`."""

import warnings
from unittest import mock

from django.conf import settings
from django.core.cache import cache, caches
from django.core.cache.backends.base import CacheKeyWarning
from django.test import override_settings
from parameterized import parameterized

from cachetest import CacheTestCase, MockCache
from cachetest.adapters import Django

from ...support import ignore_collected
from .django_support import kinds


class LifetimeTests(CacheTestCase):
    def setUp(self):
        self.now = 1_000_000.0
        clock = mock.patch("time.time", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    def logged(self, alias="default"):
        return kinds(self.caches[alias].operations)

    @parameterized.expand(
        [
            ("default_timeout", "default", (), 300),
            ("own_timeout", "default", (10,), 10),
            ("timeout_of_a_class", "lower", (), 7),
        ]
    )
    def test_expires(self, _, alias, timeout, seconds):
        """An entry is there until its time has passed; then a lookup is an expiration and a miss."""
        caches[alias].set("a", 1, *timeout)
        self.now += seconds - 1
        self.assertEqual(caches[alias].get("a"), 1)
        self.now += 2
        self.assertNotCached(alias, "a")
        self.assertEqual(len(self.caches[alias].cache), 0)
        self.assertIsNone(caches[alias].get("a"))
        self.assertEqual(self.logged(alias), ["put", "hit", "expiration", "miss"])

    def test_never(self):
        """Without a timeout it stays."""
        caches["small"].set("a", 1)
        cache.set("a", 1, None)
        self.now += 1e9
        self.assertEqual((caches["small"].get("a"), cache.get("a")), (1, 1))

    def test_touched(self):
        """A touched entry has the new timeout."""
        cache.set("a", 1, 10)
        cache.touch("a", 100)
        self.now += 50
        self.assertEqual(cache.get("a"), 1)
        self.now += 60
        self.assertFalse(cache.touch("a"))
        self.assertEqual(self.logged(), ["put", "hit", "expiration"])

    def test_put_and_expired(self):
        """A timeout of 0 is put, and gone at once."""
        cache.set("a", 1, 0)
        self.assertNotIn("a", cache)
        self.assertEqual(self.logged(), ["put", "expiration"])

    def test_add_over_expired(self):
        """To add over an entry that has expired is a put."""
        cache.set("a", 1, 10)
        self.now += 11
        self.assertTrue(cache.add("a", 2))
        self.assertEqual(self.logged(), ["put", "expiration", "put"])

    def test_culled(self):
        """Django culls for room, and each entry that goes is an eviction."""
        small = caches["small"]
        for key in "abcd":
            small.set(key, key)
        self.assertEqual(self.logged("small"), ["put", "put", "put", "eviction", "put"])
        self.assertEqual(self.caches["small"].operations[3].key, ":1:a")
        self.assertNotCached("small", "a")
        self.assertCached("small", "d", "d")


class KeyTests(CacheTestCase):
    def test_prefix_and_version(self):
        """Keys are made with the alias's own prefix and version; assertions take the program's key."""
        caches["sessions"].set("a", 1)
        caches["sessions"].set("a", 3, version=3)
        self.assertEqual(dict(self.caches["sessions"].cache), {"site:2:a": 1, "site:3:a": 3})
        self.assertCached("sessions", "a", 1)
        self.assertCached("sessions", "site:3:a", 3)
        self.assertNotCached("sessions", "site:4:a")

    def test_of_a_class(self):
        """A class that makes keys in its own way does so here."""
        caches["lower"].set("Abc", 1)
        self.assertEqual(caches["lower"].get("aBC"), 1)
        self.assertCached("lower", "ABC", 1)
        self.assertEqual(list(self.caches["lower"].cache), [":1:abc"])

    def test_components(self):
        """A key is taken apart as Django made it."""
        self.assertEqual(
            Django().components(MockCache("sessions"), "site:2:user:7")[:2],
            [("prefix", "site"), ("version", "2")],
        )
        caches["sessions"].set("user:7", 1)
        caches["sessions"].get("user:7", version=1)
        with self.assertRaisesRegex(AssertionError, "version: '2' -> '1'"):
            self.assertCacheStats("sessions", hits=1)

    @parameterized.expand([("foreign", "site2:2:a"), ("unmade", "site:a"), ("no_text", 7)])
    def test_other_components(self, _, key):
        """A key that Django did not make is taken apart as any other."""
        self.assertNotIn("version", dict(Django().components(MockCache("sessions"), key)))

    def test_warned_of(self):
        """Django's warning of keys that memcached would not take is given once for a call."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ignore_collected()
            cache.get("a b")
        self.assertEqual([each.category for each in caught], [CacheKeyWarning])

    def test_function(self):
        """A KEY_FUNCTION makes the keys."""
        parameters = {
            "BACKEND": settings.CACHES["default"]["BACKEND"],
            "KEY_FUNCTION": lambda k, p, v: k[::-1],
        }
        with override_settings(CACHES={"default": parameters}):
            cache.set("abc", 1)
            self.assertEqual(Django().components(MockCache("default"), ":1:cba")[0][0], "part 1")
            self.assertCached("default", "abc", 1)
        self.assertEqual(list(self.caches["default"].cache), ["cba"])


class EntriesTests(CacheTestCase):
    def test_view(self):
        """The entries are live, and changing them is not counted."""
        entries = self.caches["default"].cache
        cache.set("a", [1])
        self.assertEqual(dict(entries), {":1:a": [1]})
        entries[":1:b"] = 2
        del entries[":1:a"]
        with self.assertRaises(KeyError):
            del entries[":1:a"]
        self.assertEqual(cache.get_many(["a", "b"]), {"b": 2})
        entries.clear()
        self.assertEqual(len(entries), 0)
        self.assertCacheStats("default", puts=1, hits=1, misses=1)

    def test_reading_keeps_the_order(self):
        """To read an entry does not save it from being culled."""
        small = caches["small"]
        for key in "abc":
            small.set(key, key)
        self.assertCached("small", "a")
        small.set("d", "d")
        self.assertNotCached("small", "a")

"""What faults do to Django's caches inside the process, besides the contract; run inside `django_project`."""

import asyncio

from django.core.cache import caches
from parameterized import parameterized

from cachetest import CacheTestCase, Damaged, Dropped, Fails, Gone, Slow, Stale, TooLarge

ALIASES = [("default",), ("files",), ("table",), ("sessions",), ("backwards",)]


class FaultTests(CacheTestCase):
    def struck(self, injected):
        return [(each.kind, each.asked) for each in injected.struck]

    @parameterized.expand(ALIASES)
    def test_keys(self, alias):
        """A key, and a pattern, are the program's, whatever is made of them; one key is struck alone."""
        cache, mock = caches[alias], self.caches[alias]
        cache.set_many({"a": 1, "ab": 2, "c": 3})
        with mock.inject(Gone(), key="a") as injected:
            self.assertEqual(cache.get_many(["a", "ab"]), {"ab": 2})
        self.assertEqual(self.struck(injected), [("miss", "get_many")])
        with mock.inject(Gone(), keys="a*") as injected:
            self.assertEqual(cache.get_many(["ab", "c"]), {"c": 3})

    @parameterized.expand(ALIASES)
    def test_gone(self, alias):
        """An entry that was just added is gone before what changes it."""
        cache, mock = caches[alias], self.caches[alias]
        with mock.inject(Gone()) as injected:
            cache.set("a", 1)
            with self.assertRaises(ValueError):
                cache.incr("a")
            cache.set("a", 1)
            self.assertFalse(cache.touch("a"))
            cache.set("a", 1)
            self.assertFalse(cache.delete("a"))
        self.assertEqual(self.struck(injected), [("failure", "incr"), ("delete", "delete")])
        self.assertEqual([each.kind for each in mock.operations].count("eviction"), 3)

    @parameterized.expand(ALIASES)
    def test_dropped(self, alias):
        """A put is acknowledged, of whatever kind it is."""
        cache, mock = caches[alias], self.caches[alias]
        cache.set("a", 1)
        with mock.inject(Dropped()) as injected:
            self.assertIsNone(cache.set("a", 2))
            self.assertTrue(cache.add("b", 2))
            self.assertEqual(cache.set_many({"c": 2}), [])
        self.assertEqual(self.struck(injected), [("put", "set"), ("put", "add"), ("put", "set_many")])
        self.assertEqual(cache.get_many(["a", "b", "c"]), {"a": 1})

    @parameterized.expand(ALIASES)
    def test_stale(self, alias):
        cache, mock = caches[alias], self.caches[alias]
        cache.set("a", 1)
        with mock.inject(Stale()) as injected:
            cache.set("a", 2)
            cache.set("b", 2)
            self.assertEqual((cache.get("a"), cache.get("b", 9)), (1, 9))
            self.assertEqual(cache.get_many(["a", "b"]), {"a": 1})
        self.assertEqual(len(injected.struck), 4)
        self.assertEqual(cache.get_many(["a", "b"]), {"a": 2, "b": 2})

    @parameterized.expand(ALIASES)
    def test_damaged(self, alias):
        """The pickled value is damaged, and Django raises what it does then: a failure."""
        cache, mock = caches[alias], self.caches[alias]
        cache.set("a", "a text")
        with mock.inject(Damaged()) as injected, self.assertRaises(Exception):  # noqa: B017
            cache.get("a")
        self.assertEqual(self.struck(injected), [("failure", "get")])
        cache.set("a", "another")
        self.assertEqual(cache.get("a"), "another")

    @parameterized.expand([("fails", Fails()), ("too large", TooLarge(10))])
    def test_impossible(self, _, fault):
        with self.assertRaisesRegex(TypeError, "can't strike this cache: 'default': it "):
            self.caches.default.inject(fault)

    def test_asynchronous(self):
        """A call that is awaited is struck where it is awaited."""
        cache, mock = caches["default"], self.caches.default

        async def main():
            await cache.aset("a", 1)
            with mock.inject(Slow(5), on="get"):
                self.assertEqual(await cache.aget("a"), 1)
            with mock.inject(Dropped()):
                await cache.aset("a", 2)
            with mock.inject(Stale()):
                await cache.aset("a", 3)
                self.assertEqual(await cache.aget("a"), 1)
            self.assertEqual(await cache.aget("a"), 3)
            with mock.inject(Fails(OSError("down"))) as injected, self.assertRaises(OSError):
                await cache.aget("a")
            return self.struck(injected)

        self.assertEqual(asyncio.run(main()), [("failure", "aget")])
        self.assertEqual(self.caches.clock.offset, 5)

"""What faults do to the caches of cachetools, besides the cases of the contract."""

import unittest

from parameterized import parameterized

from cachetest import Damaged, Dropped, Fails, Gone, Slow, Stale

from .cachetools_support import CachetoolsTestCase, kinds


class FaultTests(CachetoolsTestCase):
    def caches_of_each_kind(self):
        lib = self.library
        return {
            "lru": lib.LRUCache(2),
            "fifo": lib.FIFOCache(2),
            "lfu": lib.LFUCache(2),
            "rr": lib.RRCache(2, choice=min),
            "ttl": lib.TTLCache(2, 10, timer=self.clock),
            "tlru": lib.TLRUCache(2, lambda key, value, now: now + 10, timer=self.clock),
        }

    def test_dropped(self):
        """A put that is dropped has nothing make room, and leaves order and times as they were."""
        for name, cache in self.caches_of_each_kind().items():
            with self.subTest(name):
                mock = self.patch(**{name: cache})[name]
                cache["a"], cache["b"] = 1, 2
                self.clock.now += 6
                with mock.inject(Dropped()) as injected:
                    cache["a"] = 7
                    cache["c"] = 7
                    self.assertEqual(cache.setdefault("d", 8), 8)
                self.assertEqual(dict(mock.cache), {"a": 1, "b": 2})
                self.assertEqual([each.kind for each in injected.struck], ["put"] * 3)
                self.assertNotIn("eviction", dict(kinds(name)))
                cache["c"] = 3
                self.assertEqual(len(mock.cache), 2)
                self.clock.now += 5
                left = set() if name in ("ttl", "tlru") else {"a", "b"} & set(mock.cache)
                self.assertEqual(set(mock.cache), {"c", *left})

    def test_stale(self):
        """A stale lookup changes nothing; what is not there raises as the library does."""
        for name, cache in self.caches_of_each_kind().items():
            with self.subTest(name):
                mock = self.patch(**{name: cache})[name]
                cache["a"] = 1
                with mock.inject(Stale()):
                    cache["a"], cache["b"] = 2, 2
                    self.assertEqual((cache["a"], cache.get("a"), cache.get("b", 9)), (1, 1, 9))
                    with self.assertRaises(KeyError):
                        cache["b"]
                self.assertEqual((cache["a"], cache["b"]), (2, 2))

    def test_gone(self):
        """An entry is gone before it is popped, or deleted."""
        mock = self.patch()["cache"]
        for take in (lambda: self.cache.pop("a"), lambda: self.cache.__delitem__("a")):
            self.cache["a"] = 1
            with mock.inject(Gone()), self.assertRaises(KeyError):
                take()
        self.assertEqual(
            [kind for kind, _ in kinds()], ["put", "eviction", "miss", "put", "eviction", "delete"]
        )

    @parameterized.expand([("fails", Fails()), ("damaged", Damaged())])
    def test_impossible(self, _, fault):
        """What can't strike a cache inside the process, which holds objects, is an error that says so."""
        mock = self.patch()["cache"]
        with self.assertRaisesRegex(TypeError, "can't strike this cache: 'cache': it (is inside|holds obj)"):
            mock.inject(fault)

    def test_error(self):
        """With an error it can fail, and a decorator that swallows nothing raises that."""
        mock = self.patch()["cache"]
        function = self.library.cached(self.cache)(len)
        with mock.inject(Fails(OSError)), self.assertRaises(OSError):
            function("lamp")
        with mock.inject(Slow(1), on="get"):
            self.assertEqual(function("lamp"), 4)


if __name__ == "__main__":
    unittest.main()

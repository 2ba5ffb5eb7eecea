"""The operations that each call of a cache is logged as."""

import copy
import unittest
from contextlib import suppress

from parameterized import parameterized

from cachetest._caches.attribution import current_scope

from .cachetools_support import CachetoolsTestCase, kinds


class CountTests(CachetoolsTestCase):
    def check(self, cache, calls, expected):
        self.patch(cache=cache)
        for call in calls:
            with suppress(KeyError, ValueError):
                call(cache)
        self.assertEqual(kinds(), expected)

    @parameterized.expand(
        [
            ("subscript_absent", [lambda c: c["a"]], [("miss", "a")]),
            ("set", [lambda c: c.__setitem__("a", 1)], [("put", "a")]),
            ("get_absent", [lambda c: c.get("a")], [("miss", "a")]),
            ("get_default", [lambda c: c.get("a", 5)], [("miss", "a")]),
            ("delete_absent", [lambda c: c.__delitem__("a")], [("delete", "a")]),
            ("pop_absent", [lambda c: c.pop("a")], [("miss", "a")]),
            ("pop_default", [lambda c: c.pop("a", 1)], [("miss", "a")]),
            ("setdefault_absent", [lambda c: c.setdefault("a", 1)], [("miss", "a"), ("put", "a")]),
            ("popitem_empty", [lambda c: c.popitem()], []),
            ("update", [lambda c: c.update({"a": 1}, b=2)], [("put", "a"), ("put", "b")]),
            ("reading", [lambda c: ("a" in c, len(c), list(c), repr(c), c.currsize, c == {})], []),
        ]
    )
    def test_cold(self, _, calls, expected):
        """Each call on an empty cache is logged as these operations."""
        self.check(self.cache, calls, expected)

    @parameterized.expand(
        [
            ("subscript", lambda c: c["a"], [("hit", "a")]),
            ("overwrite", lambda c: c.__setitem__("a", 2), [("put", "a")]),
            ("get", lambda c: c.get("a"), [("hit", "a")]),
            ("delete", lambda c: c.__delitem__("a"), [("delete", "a")]),
            ("pop", lambda c: c.pop("a"), [("hit", "a"), ("delete", "a")]),
            ("popitem", lambda c: c.popitem(), [("delete", "a")]),
            ("setdefault", lambda c: c.setdefault("a", 2), [("hit", "a")]),
            ("clear", lambda c: c.clear(), [("delete", "a"), ("delete", "b")]),
            ("evicting", lambda c: c.__setitem__("c", 3), [("eviction", "a"), ("put", "c")]),
            (
                "evicting_setdefault",
                lambda c: c.setdefault("c"),
                [("miss", "c"), ("eviction", "a"), ("put", "c")],
            ),
            (
                "reading",
                lambda c: (
                    "a" in c,
                    len(c),
                    list(c),
                    list(c.items()),
                    list(c.values()),
                    dict(c.items()),
                    repr(c),
                ),
                [],
            ),
            ("comparing", lambda c: (c == {"a": 1, "b": 2}, c != {}), []),
            ("copying", lambda c: copy.copy(c)["a"], []),
        ]
    )
    def test_warm(self, _, call, expected):
        """Each call on a cache of two entries is logged as these operations."""
        self.check(
            self.cache,
            [lambda c: c.update(a=1, b=2), call],
            [("put", "a"), ("put", "b"), *expected],
        )

    @parameterized.expand([(repr(value), value) for value in (None, False, 0, "", b"", ())])
    def test_falsy_value(self, _, value):
        """A stored value that is false is a hit."""
        caches = self.patch()
        self.cache["a"] = value
        self.assertIs(self.cache["a"], value)
        self.assertIs(self.cache.get("a", 1), value)
        self.assertEqual(caches.cache.counts(), (1, 2, 0))

    def test_value_too_large(self):
        """A value that the cache refuses is a failure, and no put."""
        cache = self.library.LRUCache(2, getsizeof=len)
        self.check(
            cache,
            [lambda c: c.__setitem__("a", "long"), lambda c: c.setdefault("a", "long")],
            [("failure", "a"), ("miss", "a"), ("failure", "a")],
        )
        failures = [each for each in current_scope().caches["cache"].operations if each.kind == "failure"]
        self.assertEqual([each.error for each in failures], ["ValueError: value too large"] * 2)
        self.assertEqual([each.asked for each in failures], ["__setitem__", "setdefault"])

    @parameterized.expand([("get",), ("pop",), ("__getitem__",), ("__delitem__",), ("__contains__",)])
    def test_unhashable_key(self, method):
        """A key that can't be one is a failure, and no lookup."""
        caches = self.patch()
        with self.assertRaises(TypeError):
            getattr(self.cache, method)([])
        (operation,) = caches.cache.operations
        self.assertEqual((operation.kind, operation.key, operation.asked), ("failure", [], method))

    @parameterized.expand(
        [
            ("get", lambda c: c.get("a")),
            ("__getitem__", lambda c: c["a"]),
            ("__setitem__", lambda c: c.__setitem__("a", 1)),
            ("__delitem__", lambda c: c.__delitem__("a")),
            ("pop", lambda c: c.pop("a", None)),
            ("setdefault", lambda c: c.setdefault("a")),
            ("popitem", lambda c: c.popitem()),
            ("clear", lambda c: c.clear()),
        ]
    )
    def test_asked(self, name, call):
        """An operation says by which name the program called."""
        caches = self.patch()
        self.cache["b"] = 1
        with suppress(KeyError):
            call(self.cache)
        self.assertEqual({each.asked for each in caches.cache.operations[1:]}, {name})

    def test_missing_that_fails(self):
        """An error of a `__missing__` is the program's own, and no failure of the cache."""

        class Failing(self.library.LRUCache):
            def __missing__(self, key):
                raise RuntimeError(key)

        cache = Failing(2)
        self.patch(cache=cache)
        with self.assertRaises(RuntimeError):
            cache["a"]
        self.assertEqual(kinds(), [("miss", "a")])

    def test_where(self):
        """An operation is at the line of the program, not of the library or of ours."""
        caches = self.patch()
        self.cache.update(a=1)
        self.cache.setdefault("b", 2)
        self.assertEqual({each.where.function for each in caches.cache.operations}, {"test_where"})
        self.assertEqual({each.where.filename for each in caches.cache.operations}, {__file__})

    def test_missing_that_fills(self):
        """A `__missing__` that fills the cache: one miss, one put, and then a hit."""

        class Squares(self.library.LRUCache):
            def __missing__(self, key):
                self[key] = key * key
                return key * key

        cache = Squares(2)
        self.patch(cache=cache)
        self.assertEqual((cache[3], cache[3], cache.get(4)), (9, 9, None))
        self.assertEqual(kinds(), [("miss", 3), ("put", 3), ("hit", 3), ("miss", 4)])

    def test_method_of_a_subclass(self):
        """The calls that a method of a subclass makes on its own cache are counted."""

        class Loading(self.library.LRUCache):
            def load(self, key):
                try:
                    return self[key]
                except KeyError:
                    return self.setdefault(key, key)

        cache = Loading(2)
        caches = self.patch(cache=cache)
        self.assertEqual((cache.load(1), cache.load(1)), (1, 1))
        self.assertEqual(caches.cache.counts(), (1, 1, 2))


class ExpiryTests(CachetoolsTestCase):
    @parameterized.expand(
        [
            ("subscript", lambda c: c["a"], [("expiration", "a"), ("miss", "a")]),
            ("get", lambda c: c.get("a"), [("expiration", "a"), ("miss", "a")]),
            ("pop", lambda c: c.pop("a"), [("expiration", "a"), ("miss", "a")]),
            ("len", len, [("expiration", "a")]),
            ("put", lambda c: c.__setitem__("b", 1), [("expiration", "a"), ("put", "b")]),
            ("again", lambda c: c.__setitem__("a", 1), [("expiration", "a"), ("put", "a")]),
            (
                "setdefault",
                lambda c: c.setdefault("a", 1),
                [("expiration", "a"), ("miss", "a"), ("put", "a")],
            ),
            ("expire", lambda c: c.expire(), [("expiration", "a")]),
            ("contains", lambda c: "a" in c, []),
        ]
    )
    def test_expired(self, _, call, expected):
        """An entry whose time has passed is logged as expired, once, by whatever sees it first."""
        cache = self.ttl_cache()
        self.patch(cache=cache)
        cache["a"] = 1
        self.clock.now = 10
        with suppress(KeyError):
            call(cache)
        self.assertEqual(kinds()[1:], expected)
        cache.expire()
        self.assertEqual(kinds().count(("expiration", "a")), 1)

    def test_expires_again(self):
        """An entry that was put anew expires anew."""
        cache = self.ttl_cache()
        self.patch(cache=cache)
        for _ in range(2):
            cache["a"] = 1
            self.clock.now += 10
            self.assertIsNone(cache.get("a"))
        self.assertEqual(kinds(), [("put", "a"), ("expiration", "a"), ("miss", "a")] * 2)

    def test_put_by_hand_expires_again(self):
        """So does one that the test has put in by hand, in place of one that has expired."""
        cache = self.ttl_cache()
        view = self.patch(cache=cache).cache.cache
        for _ in range(2):
            view["a"] = 1
            self.clock.now += 10
            self.assertIsNone(cache.get("a"))
            cache.expire()
        self.assertEqual(kinds(), [("expiration", "a"), ("miss", "a")] * 2)

    def test_deleted_when_expired(self):
        """To delete an expired entry is a delete, and the library's KeyError; it then expires anew."""
        cache = self.ttl_cache()
        self.patch(cache=cache)
        for _ in range(2):
            cache["a"] = 1
            self.clock.now += 10
            cache.get("a")
            with self.assertRaises(KeyError):
                del cache["a"]
        self.assertEqual(kinds(), [("put", "a"), ("expiration", "a"), ("miss", "a"), ("delete", "a")] * 2)

    def test_expired_as_it_is_put(self):
        """A value that TLRUCache drops at once is no put."""
        cache = self.library.TLRUCache(3, lambda key, value, now: now + value, timer=self.clock)
        self.patch(cache=cache)
        cache["a"] = 0
        cache.setdefault("b", 0)
        cache["c"] = 1
        self.assertEqual(kinds(), [("miss", "b"), ("put", "c")])

    def test_expired_makes_room(self):
        """An entry that has expired is not evicted."""
        cache = self.library.TTLCache(1, 10, timer=self.clock)
        self.patch(cache=cache)
        cache["a"] = 1
        self.clock.now = 10
        cache["b"] = 1
        cache["c"] = 1
        self.assertEqual(
            kinds(), [("put", "a"), ("expiration", "a"), ("put", "b"), ("eviction", "b"), ("put", "c")]
        )


if __name__ == "__main__":
    unittest.main()

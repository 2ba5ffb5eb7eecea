"""The operations that each call on a Django cache is logged as; run inside `django_project`."""

import asyncio
import pickle
from contextvars import copy_context

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.cache import cache, caches
from django.core.cache.backends.base import InvalidCacheKey
from parameterized import parameterized

from cachetest import CacheTestCase
from cachetest.adapters.django.call import Call
from cachetest.adapters.django.objects import kinds_of
from cachetest.adapters.outer_call import call_around

from .django_support import kinds, named

# Title, entries before, method, arguments, result or exception, kinds of the operations logged.
CALLS = [
    ("get_absent", {}, "get", ("a",), None, "miss"),
    ("get_default", {}, "get", ("a", 5), 5, "miss"),
    ("get_there", {"a": 1}, "get", ("a",), 1, "hit"),
    ("get_none", {"a": None}, "get", ("a", 5), None, "hit"),
    ("get_false", {"a": False}, "get", ("a", 5), False, "hit"),
    ("get_zero", {"a": 0}, "get", ("a", 5), 0, "hit"),
    ("get_bytes", {"a": b""}, "get", ("a", 5), b"", "hit"),
    ("get_other_version", {"a": 1}, "get", ("a", 5, 9), 5, "miss"),
    ("set", {}, "set", ("a", 1), None, "put"),
    ("set_over", {"a": 1}, "set", ("a", 2), None, "put"),
    ("add_absent", {}, "add", ("a", 1), True, "put"),
    ("add_there", {"a": None}, "add", ("a", 1), False, ""),
    ("get_many", {"a": 1, "b": None}, "get_many", (["a", "b", "c"],), {"a": 1, "b": None}, "hit hit miss"),
    ("get_many_of_none", {}, "get_many", ([],), {}, ""),
    ("set_many", {}, "set_many", ({"a": 1, "b": 2},), [], "put put"),
    ("set_many_of_none", {}, "set_many", ({},), [], ""),
    (
        "set_many_unpicklable",
        {},
        "set_many",
        ({"a": 1, "b": lambda: None},),
        Exception,
        "put failure failure",
    ),
    ("set_unpicklable", {}, "set", ("a", lambda: None), Exception, "failure"),
    ("add_unpicklable", {}, "add", ("a", lambda: None), Exception, "failure"),
    ("delete_there", {"a": 1}, "delete", ("a",), True, "delete"),
    ("delete_absent", {}, "delete", ("a",), False, "delete"),
    ("delete_many", {"a": 1}, "delete_many", (["a", "b"],), None, "delete delete"),
    ("get_or_set_absent", {}, "get_or_set", ("a", 7), 7, "miss put"),
    ("get_or_set_callable", {}, "get_or_set", ("a", lambda: 7), 7, "miss put"),
    ("get_or_set_none", {}, "get_or_set", ("a", None), None, "miss put"),
    ("get_or_set_there", {"a": None}, "get_or_set", ("a", 7), None, "hit"),
    ("incr_there", {"a": 1}, "incr", ("a", 4), 5, "hit put"),
    ("incr_absent", {}, "incr", ("a",), ValueError, "failure"),
    ("incr_text", {"a": "one"}, "incr", ("a",), TypeError, "failure"),
    ("decr_there", {"a": 1}, "decr", ("a",), 0, "hit put"),
    ("decr_absent", {}, "decr", ("a",), ValueError, "failure"),
    ("touch_there", {"a": 1}, "touch", ("a", 9), True, ""),
    ("touch_absent", {}, "touch", ("a", 9), False, ""),
    ("has_key_there", {"a": None}, "has_key", ("a",), True, ""),
    ("has_key_absent", {}, "has_key", ("a",), False, ""),
    ("clear", {"a": 1, "b": 2}, "clear", (), None, "delete delete"),
    ("incr_version", {"a": 1}, "incr_version", ("a",), 2, "hit put delete"),
    ("incr_version_absent", {}, "incr_version", ("a",), ValueError, "miss"),
    ("decr_version", {"a": 1}, "decr_version", ("a",), 0, "hit put delete"),
    ("close", {"a": 1}, "close", (), None, ""),
]


def called(held, method, *args):
    """Return what a method of a cache comes to, awaited here where it is an asynchronous one."""

    async def awaited():
        return await getattr(held, method)(*args)

    is_async = method.startswith("a") and hasattr(held, method[1:])
    return asyncio.run(awaited()) if is_async else getattr(held, method)(*args)


class CallTests(CacheTestCase):
    def check(self, entries, call, expected, logged):
        for key, value in entries.items():
            cache.set(key, value)
        before = len(self.caches["default"].operations)
        if isinstance(expected, type):
            with self.assertRaises(expected):
                call()
        else:
            self.assertEqual(call(), expected)
        self.assertEqual(kinds(self.caches["default"].operations[before:]), logged.split())

    @parameterized.expand(CALLS, name_func=named)
    def test_call(self, _, entries, method, args, expected, logged):
        """A call comes to what it does in Django, and is counted once."""
        self.check(entries, lambda: getattr(cache, method)(*args), expected, logged)

    @parameterized.expand(CALLS, name_func=named)
    def test_async_call(self, _, entries, method, args, expected, logged):
        """So does its asynchronous form."""
        self.check(entries, lambda: async_to_sync(getattr(cache, f"a{method}"))(*args), expected, logged)

    def test_in(self):
        """`in` asks for no value, and is no lookup."""
        self.check({"a": None}, lambda: ("a" in cache, "b" in caches["default"]), (True, False), "")

    def test_get_or_set_of_another(self):
        """`get_or_set` returns the value that another caller has added while it was computed."""

        def compute():
            cache.add("a", "theirs")
            return "ours"

        self.check({}, lambda: cache.get_or_set("a", compute), "theirs", "miss put")

    def test_log_names_the_caller(self):
        """Operations are logged with the made key and the line that called Django, or awaits it."""

        async def use_all():
            await cache.aget("a")
            await cache.aset("a", 1)
            await cache.aadd("b", 2)
            await cache.aget_or_set("c", 3)
            await cache.aget_many(["a"])
            await cache.adelete("a")
            await cache.aclear()

        cache.get("a")
        asyncio.run(use_all())
        operations = self.caches["default"].operations
        self.assertEqual(len(operations), 10)
        for operation in operations:
            self.assertEqual(operation.where.filename, __file__, operation)
        self.assertEqual(operations[0].key, ":1:a")
        self.assertEqual(operations[1].where.function, "use_all")

    def test_pickled(self):
        """Values are pickled, as Django's own memory cache does: what is found is a copy."""
        value = [1]
        cache.set("a", value)
        self.assertEqual(cache.get("a"), value)
        self.assertIsNot(cache.get("a"), value)
        with self.assertRaises((pickle.PicklingError, AttributeError)):
            cache.set("b", lambda: None)
        self.assertCacheStats("default", puts=1)

    @parameterized.expand(
        [
            ("incr", ("a",)),
            ("aincr", ("a",)),
            ("decr", ("a",)),
            ("adecr", ("a",)),
        ]
    )
    def test_failure(self, method, args):
        """A failure says what was called, and what it raised, which releases of Django differ in."""
        with self.assertRaises(ValueError) as raised:
            called(cache, method, *args)
        error = f"ValueError: {raised.exception}"
        (operation,) = self.caches["default"].operations
        self.assertEqual((operation.key, operation.asked, operation.error), (":1:a", method, error))
        self.assertEqual(operation.where.filename, __file__)

    @parameterized.expand(
        [
            ("get", ["a b"], "a b"),
            ("aget", ["a b"], "a b"),
            ("set", ["a b"], "a b", 1),
            ("aset", ["a b"], "a b", 1),
            ("get_many", ["a", "a b"], ["a", "a b"]),
            ("aget_many", ["a", "a b"], ["a", "a b"]),
        ]
    )
    def test_refused_key(self, method, keys, *args):
        """A key that Django refuses is a failure too, logged as the program gives it."""
        with self.assertRaises(InvalidCacheKey):
            called(caches["strict"], method, *args)
        operations = self.caches["strict"].operations
        self.assertEqual([operation.key for operation in operations], keys)
        self.assertEqual({operation.kind for operation in operations}, {"failure"})
        self.assertEqual({operation.asked for operation in operations}, {method})
        self.assertEqual({operation.where.filename for operation in operations}, {__file__})

    @parameterized.expand(
        [
            ("get", ("a",)),
            ("get_many", (["a"],)),
            ("set", ("a", 1)),
            ("set_many", ({"a": 1},)),
            ("add", ("b", 1)),
            ("get_or_set", ("b", 1)),
            ("incr", ("a",)),
            ("decr", ("a",)),
            ("delete", ("a",)),
            ("delete_many", (["a"],)),
            ("clear", ()),
        ]
    )
    def test_asked(self, method, args):
        """An operation says by which name the program called, or awaited."""
        cache.set("a", 1)
        getattr(cache, method)(*args)
        self.caches["default"].cache[":1:a"] = 1
        cache.delete("b")
        before = len(self.caches["default"].operations)
        self.assertEqual({each.asked for each in self.caches["default"].operations[1 : before - 1]}, {method})
        async_to_sync(getattr(cache, f"a{method}"))(*args)
        self.assertEqual({each.asked for each in self.caches["default"].operations[before:]}, {f"a{method}"})

    def test_default_that_fails(self):
        """An error of the program's own default is no failure of the cache."""
        with self.assertRaises(ZeroDivisionError):
            cache.get_or_set("a", lambda: 1 / 0)
        self.assertEqual(kinds(self.caches["default"].operations), ["miss"])

    def test_culled_by_set_many(self):
        """An entry that goes for a later one of the same call is evicted after its put."""
        caches["small"].set_many(dict.fromkeys("abcd", 1))
        logged = [(each.kind, each.key[-1]) for each in self.caches["small"].operations]
        expected = [("put", "a"), ("put", "b"), ("put", "c"), ("eviction", "a"), ("put", "d")]
        self.assertEqual(logged, expected)

    def test_call_that_does_not_come_to_its_end(self):
        """A coroutine that is closed as garbage, in the middle of another call, leaves that as it is."""
        held = caches["default"]
        kind = kinds_of(settings.CACHES)["default"]
        one, other = (Call(kind, held, self.caches["default"], "get") for _ in range(2))
        begun = one.run_async(asyncio.sleep, 0)
        copy_context().run(begun.send, None)

        def collect():
            begun.close()
            return call_around()

        self.assertIs(other.run(collect), other)
        self.assertIsNone(call_around())

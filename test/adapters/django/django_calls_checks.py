"""What each call on a Django cache counts, and which caches are reached; run inside `django_project`."""

import asyncio
import os
import pickle
import threading
import unittest
import warnings
from unittest import mock

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.cache import CacheHandler, cache, caches, close_caches
from django.core.cache.backends.base import CacheKeyWarning, InvalidCacheBackendError
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.core.signals import request_finished
from django.test import override_settings
from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from cachetest.adapters import Django
from cachetest.errors import CacheTestError, LateOperationWarning, UnknownCacheError

from ...support import run_case

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
    ("delete_there", {"a": 1}, "delete", ("a",), True, "delete"),
    ("delete_absent", {}, "delete", ("a",), False, "delete"),
    ("delete_many", {"a": 1}, "delete_many", (["a", "b"],), None, "delete delete"),
    ("get_or_set_absent", {}, "get_or_set", ("a", 7), 7, "miss put"),
    ("get_or_set_callable", {}, "get_or_set", ("a", lambda: 7), 7, "miss put"),
    ("get_or_set_none", {}, "get_or_set", ("a", None), None, "miss put"),
    ("get_or_set_there", {"a": None}, "get_or_set", ("a", 7), None, "hit"),
    ("incr_there", {"a": 1}, "incr", ("a", 4), 5, "hit put"),
    ("incr_absent", {}, "incr", ("a",), ValueError, "miss"),
    ("incr_text", {"a": "one"}, "incr", ("a",), TypeError, "hit"),
    ("decr_there", {"a": 1}, "decr", ("a",), 0, "hit put"),
    ("decr_absent", {}, "decr", ("a",), ValueError, "miss"),
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


def named(function, number, given):
    return f"{function.__name__}_{given.args[0]}"


def on_a_thread(function):
    """Return what *function* returns on a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def kinds(operations):
    return [operation.kind for operation in operations]


def held_by_hand(alias):
    """Return an object like that of *alias* which `caches` does not know of."""
    return CacheHandler(settings.CACHES)[alias]


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
        """What another caller has added while the value was computed is what `get_or_set` returns."""

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
        """Where there is no room, Django culls, and each entry that goes is an eviction."""
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
            Django().components("sessions", "site:2:user:7")[:2], [("prefix", "site"), ("version", "2")]
        )
        caches["sessions"].set("user:7", 1)
        caches["sessions"].get("user:7", version=1)
        with self.assertRaisesRegex(AssertionError, "version: '2' -> '1'"):
            self.assertCacheStats("sessions", hits=1)

    @parameterized.expand([("foreign", "site2:2:a"), ("unmade", "site:a"), ("no_text", 7)])
    def test_other_components(self, _, key):
        """A key that Django did not make is taken apart as any other."""
        self.assertNotIn("version", dict(Django().components("sessions", key)))

    def test_warned_of(self):
        """Django's warning of keys that memcached would not take is given once for a call."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
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
            self.assertEqual(Django().components("default", ":1:cba")[0][0], "part 1")
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


class ReachTests(unittest.TestCase):
    @parameterized.expand([(alias,) for alias in settings.CACHES])
    def test_held_by_this_thread(self, alias):
        """What was taken from `caches` before is reached, and is back afterwards."""
        held = caches[alias]
        with PatchCaches() as patch:
            held.set("a", 1)
            self.assertEqual((held.get("a"), caches[alias].get("a")), (1, 1))
            self.assertEqual(patch.caches[alias].counts(), (1, 2, 0))
        self.assertIs(caches[alias], held)

    @parameterized.expand(
        [
            ("default",),
            ("sessions",),
            ("pages",),
            ("small",),
            ("lower",),
            ("files",),
            ("table",),
            ("backwards",),
        ]
    )
    def test_held_by_another_thread(self, alias):
        """So is what another thread had taken, by whichever thread it is used."""
        held = on_a_thread(lambda: caches[alias])
        with PatchCaches() as patch:
            held.set("a", 1)
            self.assertEqual(on_a_thread(lambda: held.get("a")), 1)
            self.assertIn("a", held)
            self.assertEqual(patch.caches[alias].counts(), (1, 1, 0))

    def test_used_by_its_own_thread(self):
        """A thread that lives on goes on with what it has of caches that can't be told apart."""
        asked, done, found = threading.Event(), threading.Event(), []

        def live():
            held = caches["second"]
            done.set()
            asked.wait(60)
            held.set("a", 1)
            found.append(caches["second"] is held)

        thread = threading.Thread(target=live)
        thread.start()
        done.wait(60)
        with PatchCaches() as patch:
            asked.set()
            thread.join()
            self.assertEqual(patch.caches["second"].counts(), (1, 0, 0))
        self.assertEqual(found, [False])

    def test_nothing_on_disk(self):
        """A cache in files writes none."""
        with PatchCaches():
            caches["files"].set("a", 1)
        self.assertEqual(os.listdir(settings.CACHES["files"]["LOCATION"]), [])

    def test_kept_from_inside(self):
        """What the program takes in a test is real afterwards, and of the next test in that."""
        self.addCleanup(cache.clear)
        cache.set("a", "real")
        with PatchCaches():
            kept = caches["default"]
            kept.set("a", "mock")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.assertEqual(kept.get("a"), "real")
            self.assertIn("a", kept)
            with PatchCaches() as patch:
                self.assertIsNone(kept.get("a"))
            self.assertEqual(patch.caches["default"].counts(), (0, 0, 1))

    def test_late(self):
        """A thread that outlives its test stays off the real cache, and is told of by the next one."""
        self.addCleanup(cache.clear)
        go = threading.Event()

        def outlive():
            go.wait(60)
            caches_inside.set("a", "late")

        with PatchCaches():
            caches_inside = caches["default"]
            thread = threading.Thread(target=outlive)
            thread.start()
        go.set()
        thread.join()
        self.assertIsNone(cache.get("a"))
        with self.assertWarns(LateOperationWarning), PatchCaches():
            pass

    def test_unattributed(self):
        """A call that may be of either of two tests fails both, and does not reach the real cache."""
        self.addCleanup(cache.clear)
        begin, opened, go, done = (threading.Event() for _ in range(4))
        with PatchCaches():
            kept = caches["default"]
        raised = []

        def use():
            go.wait(60)
            kept.set("a", 1)

        def run_another():
            begin.wait(60)
            try:
                with PatchCaches():
                    opened.set()
                    done.wait(60)
            except AssertionError as error:
                raised.append(str(error))

        threads = [threading.Thread(target=each) for each in (use, run_another)]
        for thread in threads:
            thread.start()
        with self.assertRaisesRegex(AssertionError, ":1:a"), PatchCaches():
            begin.set()
            opened.wait(60)
            go.set()
            threads[0].join()
            done.set()
            threads[1].join()
        self.assertIn(":1:a", raised[0])
        self.assertIsNone(cache.get("a"))

    def test_not_to_be_told(self):
        """A held object that may be either of two caches configured alike is an error that says so."""
        held = on_a_thread(lambda: caches["second"])
        with PatchCaches(), self.assertRaisesRegex(CacheTestError, "may be any of first, second"):
            held.get("a")

    def test_not_of_the_settings(self):
        """An object that the program has made for itself is left alone, made before or inside."""
        before = LocMemCache("elsewhere", {})
        with PatchCaches() as patch:
            inside = LocMemCache("elsewhere", {})
            before.set("a", 1)
            self.assertEqual(inside.get("a"), 1)
            self.assertEqual(patch.caches["default"].counts(), (0, 0, 0))
        self.addCleanup(before.clear)
        self.assertEqual(before.get("a"), 1)

    def test_made_by_another_handler(self):
        """One that another handler makes of the settings is of its alias."""
        with PatchCaches() as patch:
            held_by_hand("pages").set("a", 1)
            self.assertEqual(held_by_hand("lower").get("a"), None)
            self.assertEqual(patch.caches["pages"].counts(), (1, 0, 0))
            self.assertEqual(patch.caches["lower"].counts(), (0, 0, 1))

    def test_what_a_class_adds(self):
        """A method that only this class has is refused, on both sides, with the reason."""
        held = caches["lower"]
        with PatchCaches():
            for each in (held, caches["lower"]):
                with self.assertRaisesRegex(AttributeError, "has no 'size' .* what LowerCaseCache adds"):
                    each.size()
        self.assertEqual(held.size(), 0)

    def test_real_entries(self):
        """What was cached before is not there in the test, and there again afterwards."""
        self.addCleanup(cache.clear)
        cache.set("a", "real")
        with PatchCaches():
            self.assertIsNone(cache.get("a"))
            cache.set("a", "mock")
        self.assertEqual(cache.get("a"), "real")

    def test_some(self):
        """With aliases, those are patched and no others."""
        self.addCleanup(cache.clear)
        held, other = held_by_hand("sessions"), held_by_hand("default")
        with PatchCaches(Django("sessions")) as patch:
            self.assertEqual(list(patch.caches), ["sessions"])
            for each in (cache, other):
                each.set("a", "real")
            for each in (held, caches["sessions"]):
                each.set("a", "mock")
            self.assertEqual(patch.caches["sessions"].counts(), (2, 0, 0))
        self.assertEqual((cache.get("a"), caches["sessions"].get("a")), ("real", None))

    def test_some_inside_all(self):
        """Adapters for some and for all can be nested; the inner scope has what was done inside."""
        held = on_a_thread(lambda: caches["pages"])
        with PatchCaches(Django()) as outer:
            with PatchCaches(Django("pages")) as inner:
                for each in (held, caches["pages"]):
                    each.set("a", 1)
                self.assertEqual(inner.caches["pages"].counts(), (2, 0, 0))
            held.get("a")
            caches["pages"].get("a")
            self.assertEqual(outer.caches["pages"].counts(), (0, 0, 2))

    def test_unknown(self):
        """An alias that the settings lack is an error that lists those there are, the closest first."""
        before = dict(vars(caches))
        with self.assertRaisesRegex(
            UnknownCacheError, r"no cache 'sesions' in settings.CACHES; .*: sessions, "
        ):
            PatchCaches(Django("sesions")).__enter__()
        self.assertEqual(vars(caches), before)
        with self.assertRaisesRegex(TypeError, "expected aliases of settings.CACHES, not 7"):
            Django(7)

    def test_what_cannot_be_imported(self):
        """A backend that is not there is Django's own error, when it is used and not before."""
        absent = {"BACKEND": "test.adapters.django.django_backends.Nothing"}
        with override_settings(CACHES={**settings.CACHES, "absent": absent}), PatchCaches():
            cache.get("a")
            with self.assertRaises(InvalidCacheBackendError):
                caches["absent"].get("a")

    def test_found_by_itself(self):
        """Without adapters, Django is found, each alias a cache from the start."""
        with PatchCaches() as patch:
            self.assertEqual(list(patch.caches), list(settings.CACHES))
        self.assertEqual(repr(Django()), "<Django adapter of every alias>")
        self.assertEqual(repr(Django("a", "b")), "<Django adapter of a, b>")


class OverrideTests(CacheTestCase):
    def test_of_the_same_alias(self):
        """Inside the test, an override's keys, timeouts and limits hold, and its caches are counted."""
        small = {
            "BACKEND": settings.CACHES["default"]["BACKEND"],
            "KEY_PREFIX": "x",
            "OPTIONS": {"MAX_ENTRIES": 1, "CULL_FREQUENCY": 1},
        }
        with override_settings(CACHES={"default": small, "more": small}):
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
        self.assertEqual(self.state(), before)

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
        """What the handler had not read yet, it has not read afterwards."""
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

"""The short ways of calls come to what the long way does; run inside `django_project`."""

import unittest
import warnings
from unittest import mock

from django.core.cache import caches
from django.test import override_settings
from parameterized import parameterized

from cachetest import PatchCaches
from cachetest.adapters import Django
from cachetest.adapters.django import swap
from cachetest.adapters.django.call import Call

from .django_project import LOCMEM, NOWHERE

JSON = "test.adapters.django.django_backends.JSONSerializer"
REDIS = "django.core.cache.backends.redis.RedisCache"
BACKENDS = {
    "memory": {"BACKEND": LOCMEM, "OPTIONS": {"MAX_ENTRIES": 2}},
    "redis": {"BACKEND": REDIS, "LOCATION": NOWHERE},
    "json": {"BACKEND": REDIS, "LOCATION": NOWHERE, "OPTIONS": {"serializer": JSON}},
    "memcached": {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": "127.0.0.1:1",
    },
    "several": {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": ["127.0.0.1:1", "127.0.0.1:2"],
    },
    "reversed": {
        "BACKEND": LOCMEM,
        "LOCATION": "reversed",
        "KEY_FUNCTION": "test.adapters.django.django_backends.backwards",
    },
    "lower": {"BACKEND": "test.adapters.django.django_backends.LowerCaseCache", "LOCATION": "lower"},
    "strict": {"BACKEND": "test.adapters.django.django_backends.StrictCache", "LOCATION": "strict"},
    "dummy": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}

# Method, arguments, arguments by name.
CALLS = [
    ("get", ("A",), {}),
    ("get", ("A", 5), {}),
    ("get", (), {"key": "A", "default": 6}),
    ("get", (), {}),
    ("get", ("A", 1, None, 4), {}),
    ("set", ("A", (1, 2)), {}),
    ("get", ("A",), {}),
    ("get", ("A", None, 7), {}),
    ("set", ("A", 3, 60, 7), {}),
    ("set", ("B", 3), {"version": 8}),
    ("set", (), {"key": "C", "value": None}),
    ("get", ("C", 5), {}),
    ("get", ("C",), {"version": 8}),
    ("set", ("D", 1, 0), {}),
    ("get", ("D",), {}),
    ("set", ("D", 1, -5), {}),
    ("get", ("D", 9), {}),
    ("set", ("E", lambda: None), {}),
    ("set", ("F",), {}),
    ("get", ("a b",), {}),
    ("set", ("a b", 1), {}),
    ("get", (7,), {}),
    ("set", (7, 1), {}),
    ("get", (["not", "text"],), {}),
    ("set_many", ({"a": 1, "b": 2},), {}),
    ("set_many", ({"a b": 1, "c": 2},), {}),
    ("set_many", ({"a": 1}, 60), {"version": 8}),
    ("set_many", ({},), {}),
    ("set_many", ({"f": lambda: None},), {}),
    ("get_many", (["a", "none", "b", "a"],), {}),
    ("get_many", (["a", 7, "a b"],), {}),
    ("get_many", (["a"],), {"version": 8}),
    ("get_many", ([],), {}),
    ("get_many", ("ab",), {}),
    ("get_many", (5,), {}),
    ("add", ("a", 2), {}),
    ("add", ("new", 2), {}),
    ("incr", ("new", 3), {}),
    ("incr", ("none",), {}),
    ("touch", ("a",), {}),
    ("has_key", ("a",), {}),
    ("get_or_set", ("a", 5), {}),
    ("get_or_set", ("g", 5), {}),
    ("delete", ("a",), {}),
    ("delete_many", (["b", "none"],), {}),
    ("delete_many", (["a b"],), {}),
    ("clear", (), {}),
]


class QuickTests(unittest.TestCase):
    def outcomes(self, backend):
        """Return what each call comes to, with what is logged."""
        found = []
        with override_settings(CACHES={"default": BACKENDS[backend]}), PatchCaches(Django()) as patch:
            log = patch.caches["default"].operations
            for method, args, kwargs in CALLS:
                before = len(log)
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    try:
                        result = getattr(caches["default"], method)(*args, **kwargs)
                    except Exception as error:
                        result = type(error), str(error).partition(" at 0x")[0]
                said = [
                    (each.kind, each.key, each.asked, each.store, each.where.filename)
                    for each in log[before:]
                ]
                found.append((method, args, kwargs, result, said, len(caught)))
            found.append(sorted(patch.caches["default"].cache.items(), key=repr))
        return found

    @parameterized.expand([(name,) for name in BACKENDS])
    def test_equal(self, backend):
        """Results, exceptions, warnings, operations and entries are the same."""
        quick = self.outcomes(backend)
        with mock.patch.object(swap, "QUICK", {}):
            self.assertEqual(quick, self.outcomes(backend))
            with mock.patch.object(Call, "make_beforehand", lambda call: None):
                self.assertEqual(quick, self.outcomes(backend))
        files = {each[4] for _, _, _, _, said, _ in quick[:-1] for each in said}
        self.assertEqual(files, {__file__})


class UnwatchedTests(unittest.TestCase):
    def seen(self, backend):
        """Return the objects that the class of *backend* is called on, in a call of it, and the cache."""
        found = []

        def validate(held, key):
            found.append(held)

        with override_settings(CACHES={"default": BACKENDS[backend]}), PatchCaches(Django()):
            cache = caches["default"]
            with mock.patch.object(type(cache), "validate_key", validate):
                cache.get_many(["a"])
        return found, cache

    @parameterized.expand(["redis", "memcached"])
    def test_shares_attributes(self, backend):
        """What runs has the attributes of the cache, and what it is given is the cache's."""
        (twin,), cache = self.seen(backend)
        self.assertIsInstance(twin, type(cache))
        self.assertIs(vars(twin), vars(cache))
        twin.more = 1
        self.assertEqual((cache.more, type(twin).__name__), (1, type(cache).__name__))

    def test_class_of_a_project(self):
        """A class of a project is called on its own object, which it may keep."""
        (held,), cache = self.seen("strict")
        self.assertIs(held, cache)

    def test_method_of_the_object(self):
        """What a test puts on the object in place of a method is called."""
        with override_settings(CACHES={"default": BACKENDS["redis"]}), PatchCaches(Django()) as patch:
            cache = caches["default"]
            cache.validate_key = mock.Mock()
            cache.set_many({"a": 1})
            cache.validate_key.assert_called_once_with(":1:a")
            self.assertEqual(patch.caches["default"].num_put, 1)

"""The same calls on Django's real caches and on ours, compared; run inside `django_project`."""

import unittest
import warnings
from contextlib import ExitStack

from django.core.cache import caches
from django.test import override_settings
from parameterized import parameterized

from cachetest import PatchCaches

from ...servers import server
from ...support import ignore_collected
from .django_project import LOCMEM

LONG = "k" * 251

# Each is called after those before it, on one cache: method and arguments.
CALLS = [
    ("get", "a"),
    ("get", "a", "default"),
    ("set", "a", 1),
    ("get", "a"),
    ("set", "a", "text"),
    ("get", "a"),
    ("set", "none", None),
    ("get", "none", "default"),
    ("set", "false", False),
    ("get", "false", "default"),
    ("set", "zero", 0),
    ("get", "zero", "default"),
    ("set", "bytes", b""),
    ("get", "bytes", "default"),
    ("set", "nested", {"a": [1, (2, 3)], "b": {4.5}}),
    ("get", "nested"),
    ("set", "unicode", "ключ"),
    ("get", "unicode"),
    ("set", "ключ", 7),
    ("get", "ключ"),
    ("set", "gone", 1, 0),
    ("get", "gone"),
    ("set", "negative", 1, -5),
    ("get", "negative"),
    ("set", "forever", 1, None),
    ("get", "forever"),
    ("add", "a", 2),
    ("get", "a"),
    ("add", "new", 2),
    ("get", "new"),
    ("add", "brief", 1, 0),
    ("get", "brief"),
    ("get_many", ["a", "new", "absent"]),
    ("get_many", []),
    ("set_many", {"m": 1, "n": None}),
    ("get_many", ["m", "n"]),
    ("set_many", {}),
    ("set_many", {"p": 1}, 60),
    ("has_key", "a"),
    ("has_key", "none"),
    ("has_key", "absent"),
    ("__contains__", "m"),
    ("delete", "a"),
    ("delete", "a"),
    ("get", "a"),
    ("delete_many", ["m", "n", "absent"]),
    ("get_many", ["m", "n"]),
    ("delete_many", []),
    ("incr", "absent"),
    ("decr", "absent"),
    ("set", "count", 5),
    ("incr", "count"),
    ("incr", "count", 10),
    ("incr", "count", -2),
    ("decr", "count", 4),
    ("decr", "count", 100),
    ("get", "count"),
    ("set", "word", "one"),
    ("incr", "word"),
    ("touch", "new"),
    ("touch", "new", 60),
    ("touch", "new", None),
    ("touch", "absent"),
    ("touch", "new", 0),
    ("get", "new"),
    ("get_or_set", "made", 3),
    ("get_or_set", "made", 4),
    ("get_or_set", "called", list),
    ("get_or_set", "nothing", None),
    ("get_or_set", "nothing", 5),
    ("set", "versioned", 1, 60, 2),
    ("get", "versioned"),
    ("get", "versioned", None, 2),
    ("set", "up", 1),
    ("incr_version", "up"),
    ("get", "up"),
    ("get", "up", None, 2),
    ("decr_version", "up", 1, 2),
    ("get", "up"),
    ("incr_version", "absent"),
    ("get", "a b"),
    ("set", LONG, 1),
    ("get", LONG),
    ("delete", "a b"),
    ("set", "unpicklable", open),
    ("set", "code", lambda: None),
    ("get", ["not", "text"]),
    ("make_key", "a"),
    ("make_key", "a", 7),
    ("clear",),
    ("get", "forever"),
    ("get_many", ["made", "versioned"]),
    ("close",),
]

BACKENDS = {
    "locmem": (None, LOCMEM, "replay"),
    "redis": ("redis-server", "django.core.cache.backends.redis.RedisCache", "redis://127.0.0.1:{}"),
    "memcached": ("memcached", "django.core.cache.backends.memcached.PyMemcacheCache", "127.0.0.1:{}"),
}


def outcome(cache, call):
    """Return what *call* comes to: its result, or exception, and the warnings."""
    method, *args = call
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ignore_collected()
        try:
            result = getattr(cache, method)(*args)
        except Exception as error:
            came = (type(error), str(error))
        else:
            came = (type(result), result)
    return came, [str(each.message) for each in caught]


class ReplayTests(unittest.TestCase):
    def replay(self, name):
        """Return what each call comes to on the real back end, and on ours in its place."""
        program, backend, location = BACKENDS[name]
        with ExitStack() as stack:
            port = stack.enter_context(server(program)) if program else None
            parameters = {"BACKEND": backend, "LOCATION": location.format(port), "KEY_PREFIX": "p"}
            stack.enter_context(override_settings(CACHES={"default": parameters}))
            cache = caches["default"]
            real = [outcome(cache, call) for call in CALLS]
        with override_settings(CACHES={"default": parameters}), PatchCaches() as patch:
            # Its server is gone by now.
            ours = [outcome(caches["default"], call) for call in CALLS]
            self.assertGreater(sum(patch.caches["default"].counts()), 40)
        return real, ours

    @parameterized.expand([(name,) for name in BACKENDS])
    def test_replay(self, name):
        """Each call comes to the same as on the real back end."""
        self.assertGreaterEqual(len(CALLS), 90)
        real, ours = self.replay(name)
        differ = [(call, *came) for call, *came in zip(CALLS, real, ours, strict=True) if came[0] != came[1]]
        self.assertEqual(differ, [])

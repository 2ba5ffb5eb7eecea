"""A fault on an alias is what the client of its server meets; run inside `django_project`."""

import asyncio
import unittest

import redis
from django.core.cache import cache
from django.test import override_settings
from parameterized import parameterized
from pymemcache.exceptions import MemcacheServerError, MemcacheUnexpectedCloseError

from cachetest import (
    CacheTestCase,
    Damaged,
    Dropped,
    Fails,
    Gone,
    LosesReply,
    Slow,
    Stale,
    TooLarge,
)

from ...support import is_there
from ..outages import DOWN, in_a_test, on_a_real_server
from .django_project import NOWHERE

REDIS = "django.core.cache.backends.redis.RedisCache"
DJANGO_REDIS = "django_redis.cache.RedisCache"
MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
IGNORING = {"OPTIONS": {"IGNORE_EXCEPTIONS": True}}
ON_REDIS = [("redis", REDIS, {})] + [("django_redis", DJANGO_REDIS, {})] * is_there("django_redis")
ON_SERVERS = [*ON_REDIS, ("memcached", MEMCACHED, {"LOCATION": "127.0.0.1:1"})]
REFUSED = "Error 111 connecting to 127.0.0.1:1. Connection refused."


def shown(operations):
    return ", ".join(f"{each.kind} {each.key.removeprefix(':1:')}" for each in operations)


def backend(backend, parameters):
    return override_settings(CACHES={"default": {"BACKEND": backend, "LOCATION": NOWHERE, **parameters}})


class FaultCase(CacheTestCase):
    def enter(self, name, parameters):
        """Have the alias "default" be of this back end, with two entries, and return the cache."""
        override = backend(name, parameters)
        override.enable()
        self.addCleanup(override.disable)
        cache.set_many({"a": "whole", "b": "other"})
        return self.caches["default"]


class FaultTests(FaultCase):
    @parameterized.expand(ON_REDIS)
    def test_down(self, _, name, parameters):
        """It raises what its users get, cold and warm, on a thread of Django's too; `get_many` as a whole."""
        mock = self.enter(name, parameters)
        for key in (None, "a"):
            with mock.inject(Fails(), **({} if key is None else {"key": key})) as injected:
                for call in (
                    lambda: cache.get("a"),
                    lambda: asyncio.run(cache.aget("a")),
                    lambda: cache.get_many(["a", "b"]),
                ):
                    self.assertRaisesRegex(redis.ConnectionError, REFUSED, call)
            self.assertEqual(shown(injected.struck), "failure a, failure a, failure a, failure b")
        self.assertEqual(cache.get_many(["a", "b"]), {"a": "whole", "b": "other"})

    def test_memcached_down(self):
        """So it does where that is memcached, whose client remembers that a server is down."""
        mock = self.enter(*ON_SERVERS[-1][1:])
        with mock.inject(Fails()) as injected:
            self.assertRaises(MemcacheUnexpectedCloseError, cache.get, "a")
            self.assertRaises(ConnectionRefusedError, cache.get, "a")
        self.assertEqual(shown(injected.struck), "failure a, failure a")

    @unittest.skipUnless(is_there("django_redis"), "needs django_redis: pip install django-redis")
    def test_ignored(self):
        """What a back end ignores is logged as what the program met: a miss, or nothing that was put."""
        mock = self.enter(DJANGO_REDIS, IGNORING)
        with mock.inject(Fails()) as injected:
            self.assertIsNone(cache.get("a"))
            self.assertEqual(cache.get_many(["a", "b"]), {})
            self.assertIsNone(cache.set("a", 1))
        self.assertEqual(shown(injected.struck), "miss a, miss a, miss b, failure a")
        self.assertEqual(injected.struck[-1].error, "the back end has ignored that its server failed")
        self.assertEqual(cache.get("a"), "whole")

    @parameterized.expand(ON_SERVERS)
    def test_error_of_the_test(self, _, name, parameters):
        """An error that is given is raised as it is."""
        mock = self.enter(name, parameters)
        with mock.inject(Fails(LookupError("no")), on="put"):
            self.assertRaisesRegex(LookupError, "no", cache.set, "a", 1)
        self.assertEqual(cache.get("a"), "whole")

    @parameterized.expand(ON_SERVERS)
    def test_loses_reply(self, _, name, parameters):
        """What was counted is counted, whatever the program learns of it."""
        mock = self.enter(name, parameters)
        cache.set("n", 1)
        with mock.inject(LosesReply(), key="n") as injected:
            self.assertRaises((redis.ConnectionError, MemcacheUnexpectedCloseError), cache.incr, "n")
        self.assertEqual(shown(injected.struck), "failure n")
        self.assertEqual(cache.get("n"), 2)

    @parameterized.expand(ON_SERVERS)
    def test_slow(self, _, name, parameters):
        """A call is late once, however many commands it comes to."""
        mock = self.enter(name, parameters)
        with mock.inject(Slow(2), key="a") as injected:
            self.assertEqual(cache.get_many(["a", "b"]), {"a": "whole", "b": "other"})
            cache.set("a", 1)
            self.assertEqual(cache.incr("a"), 2)
        self.assertEqual(self.caches.clock.offset, 6)
        self.assertEqual(shown(injected.struck), "hit a, hit b, put a, hit a, put a")

    @parameterized.expand(ON_REDIS)
    def test_too_late(self, _, name, parameters):
        """Past the time limit of the client it raises that, as the client of the back end does."""
        # Older releases of redis-py have no time limit by themselves.
        limit = "SOCKET_TIMEOUT" if name == DJANGO_REDIS else "socket_timeout"
        # In a place of its own: django-redis keeps a pool for each, with the options of the first.
        of_its_own = {"LOCATION": f"{NOWHERE}/7", "OPTIONS": {limit: 5}}
        mock = self.enter(name, {**parameters, **of_its_own})
        with mock.inject(Slow(60), on="get"):
            self.assertRaisesRegex(redis.TimeoutError, "Timeout reading from socket", cache.get, "a")
        self.assertEqual(self.caches.clock.offset, 5)


class StoredTests(FaultCase):
    @parameterized.expand(ON_SERVERS)
    def test_damaged(self, _, name, parameters):
        """The bytes on the server are damaged, of the key alone that is meant: the serializer meets them."""
        mock = self.enter(name, parameters)
        with mock.inject(Damaged(), keys="a*") as injected:
            self.assertEqual(cache.get("b"), "other")
            if name == MEMCACHED:
                # Django keeps text there as it is.
                self.assertEqual(cache.get("a"), "wh")
            else:
                self.assertRaisesRegex(Exception, "truncated", cache.get, "a")
        self.assertEqual({each.key for each in injected.struck}, {":1:a"})

    def test_of_two_servers(self):
        """Each entry is damaged, or gone, on the server that has it, once for a call."""
        mock = self.enter(MEMCACHED, {"LOCATION": ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"]})
        keys = [f"k{n}" for n in range(20)]
        cache.set_many(dict.fromkeys(keys, "whole"))
        self.assertGreater(len({each.store for each in mock.operations}), 1)
        with mock.inject(Damaged(), on="get") as injected:
            self.assertEqual(cache.get_many(keys), dict.fromkeys(keys, "wh"))
        self.assertEqual(len(injected.struck), 20)
        with mock.inject(Gone(), on="get") as injected:
            self.assertEqual(cache.get_many(keys), {})
        self.assertEqual(len(injected.struck), 20)

    @parameterized.expand(ON_SERVERS)
    def test_gone(self, _, name, parameters):
        """An entry is evicted before a lookup, and before what counts on it."""
        mock = self.enter(name, parameters)
        with mock.inject(Gone(), key="a") as injected:
            self.assertEqual(cache.get_many(["a", "b"]), {"b": "other"})
            cache.set("a", 1)
            self.assertRaises(ValueError, cache.incr, "a")
            self.assertFalse(cache.touch("a"))
        self.assertEqual(shown(injected.struck), "miss a, failure a")
        found = shown(mock.operations[2:])
        self.assertEqual(found, "eviction a, miss a, hit b, put a, eviction a, failure a")

    @parameterized.expand(ON_SERVERS)
    def test_dropped(self, _, name, parameters):
        """A put is acknowledged, and what was there stays."""
        mock = self.enter(name, parameters)
        with mock.inject(Dropped(), key="a") as injected:
            cache.set_many({"a": 1, "b": 2})
            cache.set("a", 3)
        self.assertEqual(cache.get_many(["a", "b"]), {"a": "whole", "b": 2})
        self.assertEqual(shown(injected.struck), "put a, put a")

    @parameterized.expand(ON_SERVERS)
    def test_stale(self, _, name, parameters):
        """Lookups see what was there when the block began."""
        mock = self.enter(name, parameters)
        with mock.inject(Stale()) as injected:
            cache.set("a", "new")
            cache.set("c", "new")
            self.assertEqual(cache.get_many(["a", "b", "c"]), {"a": "whole", "b": "other"})
        self.assertEqual(shown(injected.struck), "hit a, miss c")
        self.assertEqual(cache.get("a"), "new")

    @parameterized.expand(ON_SERVERS)
    def test_too_large(self, _, name, parameters):
        """What is too large is refused as the server refuses it."""
        mock = self.enter(name, parameters)
        error = MemcacheServerError if name == MEMCACHED else redis.exceptions.OutOfMemoryError
        with mock.inject(TooLarge(30)) as injected:
            self.assertRaises(error, cache.set, "a", "long" * 20)
            cache.set("b", "x")
        self.assertEqual(shown(injected.struck), "failure a")
        self.assertEqual(cache.get("b"), "x")

    @parameterized.expand(ON_SERVERS)
    def test_by_hand(self, _, name, parameters):
        """An entry is evicted, or has its time pass, by hand, by the key that the program gives."""
        mock = self.enter(name, parameters)
        mock.evict("a")
        mock.expire("b")
        self.assertEqual(cache.get_many(["a", "b"]), {})
        self.assertEqual(shown(mock.operations[2:]), "eviction a, expiration b, miss a, miss b")

    @parameterized.expand(ON_SERVERS)
    def test_below(self, _, name, parameters):
        """A fault on the server itself strikes what the program asks of that, and not the alias."""
        self.enter(name, parameters)
        below = "pymemcache" if name == MEMCACHED else "redis"
        with self.caches[below].inject(Fails(), must_strike=False) as injected:
            self.assertEqual(cache.get("a"), "whole")
        self.assertEqual(injected.struck, [])


class DownForRealTests(unittest.TestCase):
    @parameterized.expand(
        [
            (f"{name}_{'warm' if warm else 'cold'}_{'ignoring' if more else 'loud'}", backend_, more, warm)
            for name, backend_, _ in ON_SERVERS
            for more in ([{}, IGNORING] if name == "django_redis" else [{}])
            for warm in (True, False)
        ]
    )
    def test_get(self, _, name, parameters, warm):
        """Class and text are those of a real server that is down, each time."""
        program, scheme = ("memcached", "") if name == MEMCACHED else ("redis-server", "redis://")

        # pymemcache forgets that a server was down when that is a while ago: on no machine it is so long.
        more = {"OPTIONS": {"retry_timeout": 3600}} if name == MEMCACHED else {}

        def make(port):
            override = backend(name, {**parameters, **more, "LOCATION": f"{scheme}127.0.0.1:{port}"})
            override.enable()
            self.addCleanup(override.disable)
            return cache

        def call(cache):
            return cache.get("a", "default")

        real = on_a_real_server(program, DOWN, make, call, warm=warm, times=3)
        self.assertEqual(in_a_test("django", "default", DOWN, make, call, warm=warm, times=3), real)

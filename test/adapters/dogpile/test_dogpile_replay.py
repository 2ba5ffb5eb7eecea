"""The same calls on a patched region and on one that is not, on each of its stores, come to the same."""

import unittest
from contextlib import ExitStack
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from parameterized import parameterized

from cachetest import PatchCaches
from test.servers import needs_redis_server, server
from test.support import needs, sample_or_all

KEYS = st.sampled_from("abcd")
VALUES = st.sampled_from([None, 0, "", b"", "text", 1.5, [1, 2], {"a": None}])
TIMES = st.sampled_from([None, 2, 5, -1])


def call(name, *arguments, **keywords):
    """Return a strategy of calls: a method's name, its arguments, and those by name."""
    return st.tuples(st.just(name), st.tuples(*arguments), st.fixed_dictionaries(keywords))


def make(*keys):
    return [key * 2 for key in keys]


def fail(*keys):
    raise LookupError(f"nothing for {keys}")


def one():
    return "made"


def not_text(value):
    return not isinstance(value, str)


MAKERS = {"expiration_time": TIMES, "should_cache_fn": st.sampled_from([None, not_text])}
CALLS = st.one_of(
    call("tick", st.integers(1, 4)),
    call("get", KEYS, expiration_time=TIMES, ignore_expiration=st.booleans()),
    call("get_value_metadata", KEYS, expiration_time=TIMES, ignore_expiration=st.booleans()),
    call("get_multi", st.lists(KEYS, max_size=5), expiration_time=TIMES, ignore_expiration=st.booleans()),
    call("set", KEYS, VALUES),
    call("set_multi", st.dictionaries(KEYS, VALUES, max_size=3)),
    call("delete", KEYS),
    call("delete_multi", st.lists(KEYS, min_size=1, max_size=3)),
    call("get_or_create", KEYS, st.sampled_from([one, fail]), **MAKERS),
    call(
        "get_or_create_multi", st.lists(KEYS, min_size=1, max_size=4), st.sampled_from([make, fail]), **MAKERS
    ),
    call("invalidate", st.booleans()),
    call("key_is_locked", KEYS),
    call("function", KEYS),
    call("forget", KEYS),
)


class Program:
    """A region that is called by name, and a function that it caches."""

    def __init__(self, region):
        self.region = region
        self.function = region.cache_on_arguments()(lambda key: [key, key])
        self.forget = self.function.invalidate

    def outcome(self, name, arguments, keywords):
        """Return what a call comes to."""
        method = getattr(self if name in ("function", "forget") else self.region, name)
        try:
            return method(*arguments, **keywords)
        except Exception as error:
            return type(error), str(error)


@needs("dogpile", "dogpile.cache")
class ReplayTests(unittest.TestCase):
    now = 1000.0

    def setUp(self):
        clock = mock.patch("time.time", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    def replay(self, make_real, make_patched, examples):
        """Replay sequences of calls on a region that is not patched, and on another that is."""
        from cachetest.adapters import Dogpile

        @settings(max_examples=examples, deadline=None)
        @given(st.lists(CALLS, max_size=15))
        def each(calls):
            real, patched = Program(make_real()), Program(make_patched())
            with PatchCaches(Dogpile(region=patched.region)):
                for name, arguments, keywords in calls:
                    if name == "tick":
                        self.now += arguments[0]
                        continue
                    self.assertEqual(
                        patched.outcome(name, arguments, keywords),
                        real.outcome(name, arguments, keywords),
                        (name, arguments, keywords, calls),
                    )

        each()

    @parameterized.expand([("memory", None), ("memory", 3), ("memory_pickle", 3), ("null", 3)])
    def test_in_process(self, backend, expiration_time):
        """Results and exceptions are those of dogpile's own stores."""
        from dogpile.cache import make_region

        def configured():
            return make_region().configure(f"dogpile.cache.{backend}", expiration_time=expiration_time)

        self.replay(configured, configured, sample_or_all(20, of=100))

    @needs("redis", "redis")
    @needs_redis_server
    def test_redis(self):
        """And those of a Redis server, with mangled keys, which the patched region never asks."""
        from dogpile.cache import make_region
        from dogpile.cache.util import sha1_mangle_key
        from redis import Redis

        with ExitStack() as stack:
            port = stack.enter_context(server("redis-server"))
            client = stack.enter_context(Redis(port=port))

            def configured(port):
                client.flushdb()
                return make_region(key_mangler=lambda key: sha1_mangle_key(key.encode())).configure(
                    "dogpile.cache.redis", expiration_time=3, arguments={"host": "127.0.0.1", "port": port}
                )

            # Nothing listens where the patched region would connect to.
            self.replay(lambda: configured(port), lambda: configured(1), sample_or_all(15, of=60))


if __name__ == "__main__":
    unittest.main()

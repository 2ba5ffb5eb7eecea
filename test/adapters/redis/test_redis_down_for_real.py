"""What a client raises through a fault is what it raises with a real server that is down, or slow."""

import asyncio
import contextlib
import unittest
from unittest import mock

from ...servers import needs_redis_server
from ...support import expand
from ..outages import DOWN, LIMIT, SLOW, in_a_test, on_a_real_server
from .redis_support import is_recent, needs_redis, ten_retries

# Connecting to one that is frozen takes no time, but on a machine that is busy otherwise.
_PATIENT = {"socket_connect_timeout": 30, "socket_timeout": LIMIT}


@contextlib.contextmanager
def waits():
    """Count how often redis-py waits before it tries again, and have it wait for next to nothing."""
    from redis import backoff

    compute = mock.Mock(return_value=1e-9)
    with contextlib.ExitStack() as stack:
        for name in ("ExponentialBackoff", "ExponentialWithJitterBackoff"):
            if hasattr(backoff, name):
                stack.enter_context(mock.patch.object(getattr(backoff, name), "compute", compute))
        yield compute


def make_client(port, **options):
    import redis

    return redis.Redis("localhost", port, **{**_PATIENT, **options})


def make_with_retries(port):
    return make_client(port, **ten_retries())


def make_of_pool(port):
    import redis

    pool = redis.ConnectionPool(host="localhost", port=port, **_PATIENT)
    return redis.Redis(connection_pool=pool)


def make_of_url(port):
    import redis

    return redis.Redis.from_url(f"redis://localhost:{port}/0", **_PATIENT)


def make_without_retries(port):
    return make_client(port, retry=None)


def make_asyncio(port):
    import redis.asyncio

    return redis.asyncio.Redis(host="localhost", port=port, **_PATIENT)


def make_asyncio_with_retries(port):
    import redis.asyncio
    from redis.asyncio.retry import Retry

    return redis.asyncio.Redis(host="localhost", port=port, **_PATIENT, **ten_retries(Retry))


def get(client):
    return client.get("a")


def count(client):
    return client.incr("n")


def pipeline(client, *, transaction):
    with client.pipeline(transaction=transaction) as pipe:
        return pipe.set("a", 1).get("a").execute()


def lock(client):
    return client.lock("l", timeout=1, blocking=False).acquire()


def script(client):
    return client.eval("return 1", 0)


def subscribe(client):
    pubsub = client.pubsub()
    try:
        return pubsub.subscribe("news")
    finally:
        pubsub.close()


CLIENTS = [
    ("get", make_client, get),
    ("incr", make_client, count),
    ("pipeline", make_client, lambda client: pipeline(client, transaction=False)),
    ("multi", make_client, lambda client: pipeline(client, transaction=True)),
    ("lock", make_client, lock),
    ("eval", make_client, script),
    ("ping", make_client, lambda client: client.ping()),
    ("subscribe", make_client, subscribe),
    ("of_a_pool", make_of_pool, get),
    ("of_a_url", make_of_url, get),
    ("with_retries", make_with_retries, get),
    ("without_retries", make_without_retries, get),
]


ASYNCIO = [("get", make_asyncio, get), ("with_retries", make_asyncio_with_retries, get)]
# Each takes as long as all of its tries, on a real server.
_TIMED = ("get", "pipeline", "multi", "ping", "of_a_url", "with_retries")


def cases(clients, *hows):
    return [
        (f"{how}_{'warm' if warm else 'cold'}_{name}", how, warm, make, call)
        for how in hows
        for warm in (True, False)
        for name, make, call in clients
    ]


@needs_redis
@needs_redis_server
@unittest.skipUnless(is_recent(), "needs redis-py 6: where an older one tries again is not reproduced")
class DownForRealTests(unittest.TestCase):
    def check(self, how, warm, make, call, runner=lambda function: function):
        from cachetest.adapters import Redis

        options = {"warm": warm, "waits": waits}
        call = runner(call)
        real = on_a_real_server("redis-server", how, make, call, **options)
        self.assertTrue(all(isinstance(found, tuple) for found, _ in real), real)
        self.assertEqual(in_a_test(Redis(), "redis", how, make, call, **options), real)

    # Nobody waits for what a server says of a subscription.
    @expand(cases(CLIENTS, DOWN) + cases([c for c in CLIENTS if c[0] in _TIMED], SLOW), quick=9)
    def test_client(self, _, how, warm, make, call):
        """Class, text, and number of tries are equal, each time, whatever the client sends."""
        self.check(how, warm, make, call)

    @expand(cases(ASYNCIO, DOWN, SLOW), quick=2)
    def test_asyncio(self, _, how, warm, make, call):
        """So they are of the asyncio client, which has texts of its own."""
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)

        def runner(function):
            def run(client):
                async def call_it():
                    return await function(client)

                return loop.run_until_complete(call_it())

            return run

        self.check(how, warm, make, call, runner)


if __name__ == "__main__":
    unittest.main()

"""The redis adapter passes the contract of adapters."""

import pickle
import time
import unittest
from typing import ClassVar
from unittest import mock

from cachetest._behaving.gate import MISSING
from cachetest.contract import AdapterContract, Subject, patching_cases

from ...support import needs, sample_or_all

PAGES, USERS = "redis://localhost:6379/0", "redis://localhost:6379/1"
URLS = {"pages": PAGES, "users": USERS}


class RedisSubject(Subject):
    """A program that keeps pickled values in Redis, as most do."""

    caches = ("pages", "users")

    def __init__(self, case):
        from redis import Redis as Client

        from cachetest.adapters import Redis

        self.adapter = Redis(**URLS)
        self.held = Client.from_url(PAGES).connection_pool.make_connection()
        self.now = mock.patch("time.time", side_effect=self.time)
        self.real, self.later = time.time, 0
        self.now.start()
        case.addCleanup(self.now.stop)

    def time(self):
        return self.real() + self.later

    def advance(self, seconds):
        self.later += seconds

    def open(self, name):
        from redis import Redis as Client

        return Client.from_url(URLS[name])

    def get(self, cache, key):
        found = cache.get(key)
        return MISSING if found is None else pickle.loads(found)

    def put(self, cache, key, value):
        cache.set(key, pickle.dumps(value))

    def put_for(self, cache, key, value, seconds):
        cache.set(key, pickle.dumps(value), ex=seconds)

    def put_many(self, cache, values):
        cache.mset({key: pickle.dumps(value) for key, value in values.items()})

    def get_many(self, cache, keys):
        found = zip(keys, cache.mget(keys), strict=True)
        return {key: pickle.loads(value) for key, value in found if value is not None}

    def delete(self, cache, key):
        cache.delete(key)

    def state(self):
        return dict(vars(self.held))


class AsyncRedisSubject(RedisSubject):
    """The same program with the asyncio client, each call in an event loop of its own."""

    def __init__(self, case):
        super().__init__(case)
        from redis.asyncio import Redis as Client

        self.held = Client.from_url(PAGES).connection_pool.make_connection()

    def open(self, name):
        import asyncio

        from redis.asyncio import Redis as Client

        class InLoops:
            """Runs each call of a client to its end."""

            def __getattr__(self, method):
                async def call(args, kwargs):
                    async with Client.from_url(URLS[name]) as client:
                        return await getattr(client, method)(*args, **kwargs)

                return lambda *args, **kwargs: asyncio.run(call(args, kwargs))

        return InLoops()

    def state(self):
        return {name: getattr(self.held, name, None) for name in ("_reader", "_writer", "_parser")}


@needs("fakeredis", "cachetest[redis]")
class RedisContract(AdapterContract, unittest.TestCase):
    def make_subject(self):
        return RedisSubject(self)


@needs("fakeredis", "cachetest[redis]")
class AsyncRedisContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = {
        "call_site": "the subject calls the client in a coroutine of its own, not in its methods; "
        "test_redis_asyncio has the case",
    }

    def setUp(self):
        super().setUp()
        # An event loop for each call is slow, and the client is the one whose contract is above.
        rounds = mock.patch.object(patching_cases, "ROUNDS", sample_or_all(3, of=25))
        rounds.start()
        self.addCleanup(rounds.stop)

    def make_subject(self):
        return AsyncRedisSubject(self)


if __name__ == "__main__":
    unittest.main()

"""Redis that is off keeps nothing, whatever is asked of it; what is put over an entry is compared."""

import asyncio
import unittest

import redis
import redis.asyncio
from parameterized import parameterized

from cachetest import CacheTestCase
from cachetest.adapters import Redis

from ...support import needs

SCRIPT = "redis.call('set', KEYS[1], 1) return redis.call('get', KEYS[1])"


@needs("fakeredis", "'cachetest[redis]'")
class OffTests(CacheTestCase):
    patch_caches = ("redis",)

    def setUp(self):
        self.client = redis.Redis()
        self.client.set("before", 1)

    @parameterized.expand(
        [
            ("set", lambda client: client.set("k", 1), True),
            ("set_nx", lambda client: client.set("k", 1, nx=True), True),
            ("set_xx", lambda client: client.set("k", 1, xx=True), None),
            ("set_get", lambda client: client.set("k", 1, get=True), None),
            ("incr", lambda client: client.incr("k"), 1),
            ("append", lambda client: client.append("k", "ab"), 2),
            ("expire", lambda client: client.expire("k", 60), False),
            ("ttl", lambda client: client.ttl("before"), -2),
            ("exists", lambda client: client.exists("before"), 0),
            ("keys", lambda client: client.keys(), []),
            ("dbsize", lambda client: client.dbsize(), 0),
            ("hset", lambda client: client.hset("k", "field", 1), 1),
            ("lpush", lambda client: client.lpush("k", 1), 1),
            ("sadd", lambda client: client.sadd("k", 1), 1),
            ("delete", lambda client: client.delete("k"), 0),
            ("script", lambda client: client.eval(SCRIPT, 1, "k"), b"1"),
        ]
    )
    def test_command(self, _, call, expected):
        """Each time it is done as on a server that has nothing, and afterwards that has nothing again."""
        with self.caches.in_state("off"):
            found = [call(self.client), call(self.client)]
            left = self.client.get("k")
        self.assertEqual(found, [expected, expected])
        self.assertIsNone(left)
        self.assertEqual(len(self.caches.redis.cache), 0)

    def test_pipeline(self):
        """Each command of a pipeline is a call of its own, unless that is a transaction."""
        with self.caches.in_state("off"):
            pipe = self.client.pipeline(transaction=False)
            self.assertEqual(pipe.set("k", 1).get("k").execute(), [True, None])

    def test_transaction(self):
        """A transaction is one call: within it, what it has written is there."""
        with self.caches.in_state("off"):
            self.assertEqual(self.client.pipeline().set("k", 1).get("k").execute(), [True, b"1"])
            self.assertIsNone(self.client.get("k"))

    def test_watch(self):
        """That an entry is dropped is no change that ends a transaction."""
        with self.caches.in_state("off"), self.client.pipeline() as pipe:
            pipe.watch("k")
            self.assertIsNone(pipe.get("k"))
            self.client.get("k")
            pipe.multi()
            pipe.set("k", 1)
            self.assertEqual(pipe.execute(), [True])

    def test_asyncio(self):
        """So it is with the asyncio client, whose tasks take turns."""

        async def work(client):
            await client.set("k", 1)
            return await client.get("k")

        async def main():
            async with redis.asyncio.Redis() as client:
                return await asyncio.gather(*(work(client) for _ in range(5)))

        with self.caches.in_state("off"):
            self.assertEqual(asyncio.run(main()), [None] * 5)


@needs("fakeredis", "'cachetest[redis]'")
class NamedTests(CacheTestCase):
    patch_caches = (Redis(pages="redis://localhost/0", users="redis://localhost/1"),)

    def test_one_is_off(self):
        """Of two databases of one server, one is off."""
        pages, users = redis.Redis(), redis.Redis(db=1)
        with self.caches.in_state("off", caches=("pages",)):
            for client in (pages, users):
                client.set("k", 1)
            self.assertEqual((pages.get("k"), users.get("k")), (None, b"1"))
        self.assertEqual(users.get("k"), b"1")


@needs("fakeredis", "'cachetest[redis]'")
class VerifyingTests(CacheTestCase):
    patch_caches = ("redis",)

    def setUp(self):
        self.client = redis.Redis()

    @parameterized.expand(
        [
            ("set", lambda client, value: client.set("k", value)),
            ("set_nx", lambda client, value: client.set("k", value, nx=True)),
            ("set_ex", lambda client, value: client.set("k", value, ex=60)),
            ("mset", lambda client, value: client.mset({"k": value})),
            ("hset", lambda client, value: client.hset("k", "field", value)),
            ("transaction", lambda client, value: client.pipeline().set("k", value).expire("k", 9).execute()),
            ("with_a_get", lambda client, value: client.pipeline().get("a").set("k", value).execute()),
        ]
    )
    def test_put(self, _, put):
        """The same again is right, and another value is told."""
        with self.caches.redis.verifying():
            for _ in range(2):
                put(self.client, "one")
        with self.assertRaisesRegex(AssertionError, r"1 of 1 put over an entry .*\n  .*: b'one' -> b'two'"):
            with self.caches.redis.verifying():
                for value in ("one", "two"):
                    put(self.client, value)

    @parameterized.expand(
        [
            ("incr", lambda client: client.incr("k")),
            ("transaction", lambda client: client.pipeline().incr("k").expire("k", 9).execute()),
            ("lpush", lambda client: client.lpush("k", 1)),
        ]
    )
    def test_part(self, _, call):
        """What counts or adds writes another value by its nature."""
        self.client.set("k", 7)
        with self.caches.redis.verifying():
            call(self.client)
            for _ in range(2):
                self.client.set("other", 1)

    def test_kind_of_a_transaction(self):
        """A transaction that puts, and says for how long, is a put to what is in force."""
        kinds = []

        def notes(call, proceed):
            kinds.append(call.kind)
            return proceed()

        self.client.ping()
        self.caches._begin(notes)
        self.client.pipeline().set("k", 1).expire("k", 9).execute()
        self.client.pipeline().set("k", 1).get("k").execute()
        self.assertEqual([kind for kind in kinds if kind], ["put"])

    def test_two_places(self):
        """A key in two databases is two entries."""
        with self.caches.redis.verifying():
            for _ in range(2):
                for number in (0, 1):
                    redis.Redis(db=number).set("k", number)

    def test_decoded(self):
        """A value is compared as the client decodes it."""
        client, compared = redis.Redis(decode_responses=True), []

        def equal(one, other):
            compared.append((one, other))
            return one == other

        with self.caches.redis.verifying(equal=equal):
            for _ in range(2):
                client.set("k", "ä")
        self.assertEqual(compared, [("ä", "ä")])


if __name__ == "__main__":
    unittest.main()

"""Each command goes through the gate: what is in force acts before it is executed."""

import unittest

from parameterized import parameterized

from cachetest._caches.attribution import scope_of_caller

from ..._behaving.behaviours import Records, put_in_force
from .redis_support import client, needs_redis, patched, shown


def in_force(*behaviours):
    """Have these, and no others, be in force in the scope that is open."""
    put_in_force(scope_of_caller(), *behaviours)


class Refuses:
    """A behaviour that raises *error* in place of each call that *accept* takes, *times* times."""

    def __init__(self, error, accept=lambda call: call.kind == "get", times=1):
        self.error = error
        self.accept = accept
        self.times = times

    def __call__(self, call, proceed):
        if self.times and self.accept(call):
            self.times -= 1
            raise self.error
        return proceed()


def one_retry():
    """Return what has redis-py try once more, at once."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return Retry(NoBackoff(), 1)


@needs_redis
class InForceTests(unittest.TestCase):
    def test_calls(self):
        """It is told of each command before that is executed: its kind, its name, and its keys as text."""
        with patched():
            connection = client()
            connection.ping()
            records = Records()
            in_force(records)
            connection.mset({"a": 1, b"\xff": 2})
            connection.mget("a", "b")
            connection.set("a", 1, get=True)
            connection.hget("h", "x")
            connection.delete("a", "b")
            connection.exists("a")
            connection.flushdb()
            connection.ping()
        found = [(call.kind, call.asked, call.keys) for call in records.calls]
        self.assertEqual(
            found,
            [
                ("put", "MSET", ("a", b"\xff")),
                ("get", "MGET", ("a", "b")),
                (None, "SET", ("a",)),
                ("get", "HGET", (("h", "x"),)),
                ("delete", "DEL", ("a", "b")),
                (None, "EXISTS", ("a",)),
                ("delete", "FLUSHDB", (b"\xff",)),
                (None, "PING", ()),
            ],
        )

    def test_calls_of_a_transaction(self):
        """A transaction is one call, its EXEC: of all keys, and of the kind of each of its commands."""
        with patched():
            connection = client()
            connection.set("a", 1)
            records = Records()
            in_force(records)
            for transaction in (True, False):
                with connection.pipeline(transaction=transaction) as pipe:
                    pipe.get("a").get("b").execute()
                    pipe.get("a").set("b", 1).execute()
        found = [(call.kind, call.asked, call.keys) for call in records.calls]
        self.assertEqual(
            found,
            [
                (None, "MULTI", ()),
                ("get", "EXEC", ("a", "b")),
                (None, "MULTI", ()),
                (None, "EXEC", ("a", "b")),
                ("get", "GET", ("a",)),
                ("get", "GET", ("b",)),
                ("get", "GET", ("a",)),
                ("put", "SET", ("b",)),
            ],
        )

    def test_refuses(self):
        """An exception reaches the program, the command is not executed, and the connection goes on."""
        for single in (True, False):
            with self.subTest(single=single), patched() as patch:
                connection = client(single_connection_client=single)
                connection.set("a", 1)
                in_force(Refuses(LookupError("no"), lambda call: call.asked == "GETDEL"))
                with self.assertRaisesRegex(LookupError, "^no$"):
                    connection.getdel("a")
                self.assertEqual(connection.get("a"), b"1")
                operations = patch.caches.redis.operations
                self.assertEqual(shown(operations), "put a, failure a, hit a")
                self.assertEqual((operations[1].error, operations[1].asked), ("LookupError: no", "GETDEL"))
                self.assertEqual(operations[1].where.function, "test_refuses")

    def test_refuses_in_a_pipeline(self):
        """A pipeline is executed up to the command that is refused."""
        with patched() as patch:
            connection = client()
            connection.ping()
            in_force(Refuses(LookupError("no")))
            with connection.pipeline(transaction=False) as pipe:
                pipe.set("a", 1).get("a").set("b", 1)
                with self.assertRaisesRegex(LookupError, "^no$"):
                    pipe.execute()
            self.assertEqual(dict(patch.caches.redis.cache), {"a": b"1"})
            with connection.pipeline(transaction=False) as pipe:
                self.assertEqual(pipe.get("a").get("b").execute(), [b"1", None])
            self.assertEqual(shown(patch.caches.redis.operations), "put a, failure a, hit a, miss b")

    def test_refuses_a_transaction(self):
        """Nothing of it is executed, and each of its keys has a failure."""
        with patched() as patch:
            connection = client(single_connection_client=True)
            connection.ping()
            in_force(Refuses(LookupError("no"), lambda call: call.asked == "EXEC"))
            with connection.pipeline() as pipe:
                with self.assertRaisesRegex(LookupError, "^no$"):
                    pipe.set("a", 1).get("b").execute()
            self.assertEqual(shown(patch.caches.redis.operations), "failure a, failure b")
            self.assertIsNone(connection.get("a"))
            with connection.pipeline() as pipe:
                self.assertEqual(pipe.set("a", 1).get("a").execute(), [True, b"1"])

    def test_refuses_what_was_queued(self):
        """The transaction of a connection that goes on is still there, as the server has not heard of it."""
        import redis

        with patched() as patch:
            connection = redis.Connection(protocol=2)
            connection.connect()
            link = connection._sock
            in_force(Refuses(LookupError("no"), lambda call: call.asked == "EXEC"))
            link.sendall(b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n")
            with self.assertRaises(LookupError):
                link.sendall(b"*1\r\n$4\r\nEXEC\r\n*1\r\n$4\r\nPI")
            # What was begun after it is gone.
            link.sendall(b"*1\r\n$4\r\nEXEC\r\n")
            self.assertEqual(link.recv(1000), b"$2\r\nOK\r\n$6\r\nQUEUED\r\n")
            self.assertEqual(link.recv(1000), b"*1\r\n$2\r\nOK\r\n")
            self.assertEqual(shown(patch.caches.redis.operations), "failure a, put a")
            connection.disconnect()

    def test_down(self):
        """An OSError is an error of the connection to redis-py, which tries again."""
        import redis

        with patched() as patch:
            connection = client(retry=one_retry(), retry_on_error=[redis.ConnectionError])
            connection.set("a", 1)
            in_force(Refuses(OSError("down")))
            self.assertEqual(connection.get("a"), b"1")
            self.assertEqual(shown(patch.caches.redis.operations), "put a, failure a, hit a")
            in_force(Refuses(OSError("down"), times=2))
            with self.assertRaisesRegex(redis.ConnectionError, "down"):
                connection.get("a")
            self.assertEqual(connection.get("a"), b"1")

    def test_down_from_the_first(self):
        """It can be in force before anything connects."""
        import redis

        with patched() as patch:
            in_force(Refuses(redis.ConnectionError("down"), lambda call: True, times=99))
            with self.assertRaisesRegex(redis.ConnectionError, "down"):
                client(retry=one_retry()).get("a")
            in_force()
            self.assertIsNone(client().get("a"))
            self.assertEqual(patch.caches.redis.counts(), (0, 0, 1))

    @parameterized.expand([(b"mine", "hit a"), (None, "miss a")])
    def test_answers(self, reply, expected):
        """It can answer in place of the server."""
        with patched() as patch:
            connection = client()
            connection.ping()
            in_force(lambda call, proceed: reply)
            self.assertEqual(connection.get("a"), reply)
            self.assertEqual(shown(patch.caches.redis.operations), expected)

    def test_hides_an_error(self):
        """The error that the server replies with reaches it as an exception."""
        import redis

        def hides(call, proceed):
            try:
                return proceed()
            except redis.ResponseError:
                return 0

        with patched() as patch:
            connection = client()
            connection.set("a", "x")
            in_force(hides)
            self.assertEqual(connection.incr("a"), 0)
            self.assertEqual(shown(patch.caches.redis.operations), "put a, put a")

    def test_loses_a_reply(self):
        """An exception after the command was executed is a failure of it all the same."""

        def loses(call, proceed):
            proceed()
            if call.kind == "put":
                raise LookupError("lost")

        with patched() as patch:
            connection = client()
            connection.ping()
            in_force(loses)
            with self.assertRaisesRegex(LookupError, "lost"):
                connection.set("a", 1)
            in_force()
            self.assertEqual(connection.get("a"), b"1")
            self.assertEqual(shown(patch.caches.redis.operations), "failure a, hit a")


@needs_redis
class AsyncInForceTests(unittest.IsolatedAsyncioTestCase):
    async def test_refuses(self):
        """With the asyncio client: a command, a pipeline, a transaction."""
        import redis.asyncio

        with patched() as patch:
            async with redis.asyncio.Redis() as connection:
                await connection.set("a", 1)
                in_force(Refuses(LookupError("no")))
                with self.assertRaisesRegex(LookupError, "^no$"):
                    await connection.get("a")
                self.assertEqual(await connection.get("a"), b"1")
                for transaction, asked in ((False, "GET"), (True, "EXEC")):
                    in_force(Refuses(LookupError("no"), lambda call, asked=asked: call.asked == asked))
                    async with connection.pipeline(transaction=transaction) as pipe:
                        with self.assertRaisesRegex(LookupError, "^no$"):
                            await pipe.set(asked, 1).get("b").set("c", 1).execute()
                self.assertEqual(await connection.mget("GET", "EXEC", "c"), [b"1", None, None])
            expected = (
                "put a, failure a, hit a, put GET, failure b, failure EXEC, failure b, failure c, hit GET, "
                "miss EXEC, miss c"
            )
            self.assertEqual(shown(patch.caches.redis.operations), expected)
            functions = {each.where.function for each in patch.caches.redis.operations}
            self.assertEqual(functions, {"test_refuses"})

    async def test_down(self):
        """An OSError has redis-py try again here, too."""
        import redis.asyncio
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        with patched() as patch:
            options = {"retry": Retry(NoBackoff(), 1), "retry_on_error": [redis.ConnectionError]}
            async with redis.asyncio.Redis(**options) as connection:
                await connection.set("a", 1)
                in_force(Refuses(OSError("down")))
                self.assertEqual(await connection.get("a"), b"1")
            self.assertEqual(shown(patch.caches.redis.operations), "put a, failure a, hit a")

    async def test_replies_in_their_order(self):
        """A command that was sent while another one waits is counted with its own reply."""
        import redis.asyncio

        with patched() as patch:
            async with redis.asyncio.Redis() as connection, connection.pipeline(transaction=False) as pipe:
                pipe.execute_command("BLPOP", "jobs", 0.001)
                replies = await pipe.set("a", 1).get("a").get("b").execute()
            self.assertEqual(replies, [None, True, b"1", None])
            self.assertEqual(shown(patch.caches.redis.operations), "miss jobs, put a, hit a, miss b")


if __name__ == "__main__":
    unittest.main()

"""Commands that wait do so in reading, as with a socket: time limits hold, and the end of the test."""

import asyncio
import queue
import threading
import unittest

from parameterized import parameterized

from cachetest._recording.patience import Patience

from ..._behaving.behaviours import put_in_force
from .redis_support import client, is_reading, needs_redis, no_retries, patched, shown


def waiting(connection, *words):
    """Have *connection* send a command that waits, and return when it does."""
    connection.connect()
    connection.send_command(*words)
    assert connection._sock._server_socket.peer.wait is not None


def connection(**options):
    import redis

    return redis.Connection(protocol=2, **options)


@needs_redis
class WaitingTests(unittest.TestCase):
    def test_socket_timeout(self):
        """The time limit of the socket is kept, and what the command waited for is left to others."""
        import redis

        with patched() as patch:
            with self.assertRaises(redis.TimeoutError):
                no_retries(socket_timeout=0.01).brpop("jobs", 0)
            client().rpush("jobs", "x")
            self.assertEqual(client().llen("jobs"), 1)
            self.assertEqual(shown(patch.caches.redis.operations), "put jobs")

    def test_socket_timeout_of_a_link(self):
        """A link has it from the start: hiredis' parser does not set it."""
        with patched():
            self.assertEqual(connection(socket_timeout=5)._connect()._timeout, 5)

    def test_own_limit(self):
        """So is that of the command, whose reply is counted."""
        with patched() as patch:
            self.assertIsNone(client().blpop("jobs", timeout=0.01))
            self.assertEqual(shown(patch.caches.redis.operations), "miss jobs")

    def test_disconnect(self):
        """Who reads in another thread is told that the connection is closed, and nothing waits any more."""
        with patched():
            found = queue.SimpleQueue()
            waits = connection()
            waiting(waits, "BLPOP", "jobs", "0")
            link = waits._sock
            thread = threading.Thread(target=lambda: found.put(link.recv(100)))
            thread.start()
            waits.disconnect()
            self.assertEqual(found.get(timeout=60), b"")
            thread.join()
            client().rpush("jobs", "x")
            self.assertEqual(client().llen("jobs"), 1)

    @parameterized.expand([("0", "UNBLOCKED the test that it waited in is over"), ("1000", None)])
    def test_end_of_the_test(self, limit, expected):
        """What still waits when the test ends is answered: that its time is up, or that the test is over."""
        import redis

        found = queue.SimpleQueue()
        with patched():
            waits = connection()
            waiting(waits, "BLPOP", "jobs", limit)

            def read():
                try:
                    found.put(waits.read_response())
                except redis.ResponseError as error:
                    found.put(str(error))

            thread = threading.Thread(target=read)
            thread.start()
            until = Patience(60)
            while not is_reading(thread) and not until.is_over():
                pass
        got = found.get(timeout=60)
        thread.join()
        if expected is None:
            self.assertIsNone(got)
        else:
            self.assertIn(expected, got)

    def test_in_their_order(self):
        """Who has waited the longest is served first, and what nobody waits for is kept."""
        with patched() as patch:
            connections = [connection() for _ in range(3)]
            for each in connections:
                waiting(each, "BLPOP", "jobs", "0")
            client().rpush("jobs", "1", "2")
            self.assertEqual(
                [each.read_response() for each in connections[:2]], [[b"jobs", b"1"], [b"jobs", b"2"]]
            )
            client().rpush("jobs", "3", "4")
            self.assertEqual(connections[2].read_response(), [b"jobs", b"3"])
            self.assertEqual(client().lrange("jobs", 0, -1), [b"4"])
            self.assertEqual(
                shown(patch.caches.redis.operations),
                "put jobs, hit jobs, put jobs, hit jobs, put jobs, put jobs, hit jobs, put jobs, hit jobs",
            )
            for each in connections:
                each.disconnect()

    def test_whose_it_is(self):
        """What a served command comes to is of the line and the thread that sent it, not of who served it."""
        with patched() as patch:
            waits = connection()

            def send():
                waiting(waits, "BLPOP", "jobs", "0")

            thread = threading.Thread(target=send, name="worker")
            thread.start()
            thread.join()
            client().rpush("jobs", "x")
            self.assertEqual(waits.read_response(), [b"jobs", b"x"])
            put, *served = patch.caches.redis.operations
            self.assertEqual(put.where.function, "test_whose_it_is")
            self.assertEqual({each.where.function for each in served}, {"waiting"})
            self.assertEqual({each.thread for each in served}, {"worker"})
            waits.disconnect()

    def test_what_is_sent_after_it(self):
        """Commands behind one that waits are executed after it, in their order."""
        with patched() as patch:
            waits = connection()
            waiting(waits, "BLPOP", "jobs", "0")
            waits.send_command("SET", "a", "1")
            waits.send_command("BLPOP", "more", "0")
            waits.send_command("GET", "a")
            self.assertIsNone(client().get("a"))
            client().rpush("jobs", "x")
            self.assertEqual(waits.read_response(), [b"jobs", b"x"])
            self.assertEqual(waits.read_response(), b"OK")
            client().set("a", "2")
            client().rpush("more", "y")
            self.assertEqual(waits.read_response(), [b"more", b"y"])
            self.assertEqual(waits.read_response(), b"2")
            self.assertEqual(
                shown(patch.caches.redis.operations),
                "miss a, put jobs, hit jobs, put jobs, put a, put a, put more, hit more, put more, hit a",
            )
            waits.disconnect()

    def test_refused_after_it(self):
        """A fault at a command behind one that waits is raised to who has sent that."""
        from cachetest._caches.attribution import scope_of_caller

        def refuses(call, proceed):
            if call.asked == "SET":
                raise LookupError("no")
            return proceed()

        with patched():
            waits = connection()
            waiting(waits, "BLPOP", "jobs", "0")
            waits.send_command("SET", "a", "1")
            put_in_force(scope_of_caller(), refuses)
            client().rpush("jobs", "x")
            self.assertEqual(waits.read_response(), [b"jobs", b"x"])
            with self.assertRaisesRegex(LookupError, "^no$"):
                waits.read_response()

    def test_unblock(self):
        """CLIENT UNBLOCK ends it, as though its time were up or with an error."""
        import redis

        with patched():
            for words, expected in (((), None), (("ERROR",), redis.ResponseError)):
                waits = connection()
                waits.connect()
                waits.send_command("CLIENT", "ID")
                number = waits.read_response()
                waiting(waits, "BLPOP", "jobs", "0")
                self.assertEqual(client().execute_command("CLIENT UNBLOCK", number, *words), 1)
                if expected is None:
                    self.assertIsNone(waits.read_response())
                else:
                    with self.assertRaisesRegex(expected, "^UNBLOCKED client unblocked via CLIENT UNBLOCK$"):
                        waits.read_response()
                waits.disconnect()

    def test_stream(self):
        """Reading a stream that is empty waits in the same way."""
        with patched():
            waits = connection()
            waiting(waits, "XREAD", "BLOCK", "0", "STREAMS", "s", "$")
            client().xadd("s", {"f": "v"}, id="1-1")
            self.assertEqual(waits.read_response(), [[b"s", [[b"1-1", [b"f", b"v"]]]]])
            waits.disconnect()

    def test_in_a_transaction(self):
        """In a transaction it does not wait."""
        with patched(), client().pipeline() as pipe:
            self.assertEqual(pipe.execute_command("BLPOP", "jobs", 0).set("a", 1).execute(), [None, True])


@needs_redis
class AsyncWaitingTests(unittest.IsolatedAsyncioTestCase):
    def client(self, **options):
        import redis.asyncio

        return redis.asyncio.Redis(**options)

    @parameterized.expand([(False,), (True,)])
    async def test_stampede(self, limited):
        """Each command lets other tasks run: those that look at once all miss, as with a real server."""
        loads = []

        async def page(connection):
            if await connection.get("page") is None:
                loads.append(1)
                await connection.set("page", "text")

        with patched() as patch:
            async with self.client(socket_timeout=60 if limited else None) as connection:
                await asyncio.gather(*(connection.ping() for _ in range(8)))
                await asyncio.gather(*(page(connection) for _ in range(8)))
            self.assertEqual((len(loads), patch.caches.redis.counts()), (8, (8, 0, 8)))

    async def test_polling(self):
        """A task that only asks Redis leaves others their turn, and so it can be stopped."""
        stop = []
        with patched():
            async with self.client() as connection:
                for n in range(1000):
                    if stop:
                        break
                    await connection.get("job")
                    if n == 1:
                        asyncio.get_running_loop().call_soon(stop.append, 1)
        self.assertLess(n, 5)

    async def test_cancelled(self):
        """A cancelled command leaves no task, and takes nothing from who comes after it."""
        with patched():
            async with self.client() as connection:
                worker = asyncio.create_task(connection.blpop("jobs", timeout=0))
                for _ in range(100):
                    await asyncio.sleep(0)
                worker.cancel()
                await asyncio.gather(worker, return_exceptions=True)
                self.assertEqual(asyncio.all_tasks(), {asyncio.current_task()})
                await connection.rpush("jobs", "x")
                self.assertEqual(await connection.llen("jobs"), 1)

    async def test_limits(self):
        """The time limits of the socket and of the command are kept."""
        import redis

        with patched() as patch:
            async with self.client(socket_timeout=0.01, retry=None) as connection:
                with self.assertRaises(redis.TimeoutError):
                    await connection.blpop("jobs", timeout=0)
            async with self.client() as connection:
                self.assertIsNone(await connection.blpop("jobs", timeout=0.01))
            self.assertEqual(shown(patch.caches.redis.operations), "miss jobs")

    async def test_served_by_a_thread(self):
        """What a thread gives it arrives on its loop."""
        with patched() as patch:
            async with self.client() as connection:
                waits = asyncio.create_task(connection.blpop("jobs", timeout=0))
                for _ in range(100):
                    await asyncio.sleep(0)
                await asyncio.to_thread(client().rpush, "jobs", "x")
                self.assertEqual(list(await waits), [b"jobs", b"x"])
            self.assertEqual(shown(patch.caches.redis.operations), "put jobs, hit jobs, put jobs")

    async def test_end_of_the_test(self):
        """What still waits when the test ends is told that it is over."""
        import redis

        with patched():
            connection = self.client()
            waits = asyncio.create_task(connection.blpop("jobs", timeout=0))
            for _ in range(100):
                await asyncio.sleep(0)
        with self.assertRaisesRegex(redis.ResponseError, "UNBLOCKED the test that it waited in is over"):
            await waits
        await connection.aclose()


if __name__ == "__main__":
    unittest.main()

"""All that a server in memory keeps time by moves with the clock of the scope, and what waits is woken."""

import asyncio
import datetime
import importlib
import queue
import threading
import time
import unittest
from contextlib import contextmanager
from unittest import mock

from parameterized import parameterized

from ...support import is_there
from .redis_support import client, needs_redis, patched, shown
from .test_redis_waiting import connection, waiting

# By them an entry comes into being that lives a minute.
PUTS = {
    "set_ex": lambda r: r.set("k", 1, ex=60),
    "set_px": lambda r: r.set("k", 1, px=60_000),
    "setex": lambda r: r.execute_command("SETEX", "k", 60, 1),
    "psetex": lambda r: r.execute_command("PSETEX", "k", 60_000, 1),
    "expire": lambda r: (r.set("k", 1), r.expire("k", 60)),
    "pexpire": lambda r: (r.set("k", 1), r.pexpire("k", 60_000)),
    "getex": lambda r: (r.set("k", 1), r.getex("k", ex=60)),
    "list": lambda r: (r.lpush("k", 1), r.expire("k", 60)),
    "pipeline": lambda r: r.pipeline().set("k", 1, ex=60).execute(),
    "expire_in_one": lambda r: r.pipeline().set("k", 1).expire("k", 60).execute(),
    "script": lambda r: r.eval("redis.call('SET', 'k', 1, 'EX', 60)", 0),
}


@contextmanager
def telling(clock):
    """Yield an event that is set once something waits for *clock* to be moved."""
    begun, tell = threading.Event(), clock.tell

    def tell_and_say(listener):
        tell(listener)
        begun.set()

    with mock.patch.object(clock, "tell", tell_and_say):
        yield begun


@needs_redis
class ExpiryTests(unittest.TestCase):
    @parameterized.expand(PUTS)
    def test_moved(self, how):
        """What lives a minute is there just before it is over, and gone then; so says TTL."""
        if how == "script" and not is_there("lupa"):
            self.skipTest("needs lupa")
        with mock.patch("time.time", return_value=1000.6), patched() as patch:
            PUTS[how](client())
            patch.caches.clock.advance(59.75)
            self.assertEqual(client().exists("k"), 1)
            self.assertEqual(client().pttl("k"), 250)
            patch.caches.clock.advance(0.25 + 0.001)
            self.assertEqual(client().exists("k"), 0)
            self.assertEqual(client().ttl("k"), -2)

    def test_logged(self):
        """The next lookup finds it expired."""
        with patched() as patch:
            client().set("k", 1, ex=60)
            client().get("k")
            patch.caches.clock.advance(61)
            client().get("k")
            self.assertEqual(shown(patch.caches.redis.operations), "put k, hit k, expiration k, miss k")
            self.assertEqual(dict(patch.caches.redis.cache), {})

    def test_fields(self):
        """Fields of a hash that have a time of their own."""
        with patched() as patch:
            client().hset("h", mapping={"a": 1, "b": 2})
            client().execute_command("HEXPIRE", "h", 60, "FIELDS", 1, "a")
            patch.caches.clock.advance(61)
            self.assertEqual(client().hgetall("h"), {b"b": b"2"})

    def test_time_of_the_server(self):
        """TIME, also in a script, and the ids of streams; the program's time stays."""
        with mock.patch("time.time", return_value=1000.5), patched() as patch:
            patch.caches.clock.advance(datetime.timedelta(days=1))
            self.assertEqual(client().time(), (87400, 500000))
            self.assertEqual(client().xadd("s", {"a": 1}), b"87400500-0")
            if is_there("lupa"):
                self.assertEqual(client().eval("return redis.call('TIME')", 0)[0], b"87400")
            self.assertEqual(time.time(), 1000.5)

    def test_absolute_times(self):
        """By the server's clock a moment that the program's has yet to reach may be over."""
        with patched() as patch:
            patch.caches.clock.advance(100)
            client().set("k", 1, exat=int(time.time()) + 60)
            self.assertIsNone(client().get("k"))
            self.assertEqual(shown(patch.caches.redis.operations), "put k, expiration k, miss k")
            self.assertIn(
                "until a moment that was over already by the clock of the test (100 s ahead of the program)",
                str(patch.caches.redis.explain()),
            )

    def test_asyncio(self):
        async def use(clock):
            from redis.asyncio import Redis

            async with Redis() as redis:
                await redis.set("k", 1, ex=60)
                clock.advance(59)
                found = await redis.get("k")
                clock.advance(2)
                return found, await redis.get("k")

        with patched() as patch:
            self.assertEqual(asyncio.run(use(patch.caches.clock)), (b"1", None))

    def test_nested(self):
        """An inner scope has a clock of its own."""
        with patched() as outer:
            client().set("k", 1, ex=60)
            outer.caches.clock.advance(30)
            with patched() as inner:
                client().set("k", 2, ex=60)
                inner.caches.clock.advance(61)
                self.assertIsNone(client().get("k"))
            self.assertEqual(client().ttl("k"), 30)

    def test_two_at_once(self):
        """Two tests on two threads move their own."""
        both, found = threading.Barrier(2, timeout=60), {}

        def test(by):
            with patched() as patch:
                client().set("k", 1, ex=60)
                both.wait()
                patch.caches.clock.advance(by)
                both.wait()
                found[by] = client().get("k")
                both.wait()

        threads = [threading.Thread(target=test, args=(by,)) for by in (30, 90)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual(found, {30: b"1", 90: None})

    @parameterized.expand([("freezegun",), ("time_machine",)])
    def test_above_another(self, name):
        """What moves the program's time goes on doing so, and the clock adds to it."""
        if not is_there(name):
            self.skipTest(f"needs {name}")
        library = importlib.import_module(name)
        start = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
        travelling = library.freeze_time(start) if name == "freezegun" else library.travel(start, tick=False)
        with patched() as patch, travelling as moving:
            client().set("k", 1, ex=60)
            move = moving.tick if name == "freezegun" else moving.shift
            move(datetime.timedelta(seconds=30))
            patch.caches.clock.advance(20)
            self.assertEqual(client().ttl("k"), 10)
            move(datetime.timedelta(seconds=11))
            self.assertIsNone(client().get("k"))


@needs_redis
class WaitingTests(unittest.TestCase):
    def test_command(self):
        """A command that waits ends when its time is up by the clock, and not before."""
        with patched() as patch:
            waits = connection()
            waiting(waits, "BLPOP", "jobs", "1000")
            patch.caches.clock.advance(900)
            self.assertIsNotNone(waits._sock._server_socket.peer.wait)
            patch.caches.clock.advance(100)
            self.assertIsNone(waits.read_response())
            self.assertEqual(shown(patch.caches.redis.operations), "miss jobs")
            self.assertEqual(patch.caches.clock._listeners, ())

    def test_command_on_a_thread(self):
        found = queue.SimpleQueue()
        with patched() as patch:
            with telling(patch.caches.clock) as begun:
                thread = threading.Thread(target=lambda: found.put(client().blpop("jobs", 1000)), daemon=True)
                thread.start()
                self.assertTrue(begun.wait(60))
            patch.caches.clock.advance(1001)
            self.assertIsNone(found.get(timeout=60))

    def test_lock(self):
        """So does waiting for a lock, however long it sleeps in between."""
        found = queue.SimpleQueue()

        def acquire():
            found.put(client().lock("L", sleep=300, blocking_timeout=1000).acquire())

        with patched() as patch:
            client().lock("L", timeout=50_000).acquire()
            with telling(patch.caches.clock) as begun:
                thread = threading.Thread(target=acquire, daemon=True)
                thread.start()
                self.assertTrue(begun.wait(60))
            patch.caches.clock.advance(1001)
            self.assertFalse(found.get(timeout=60))

    def test_lock_that_is_let_go(self):
        """One whose own time has come is had by who waits for it."""
        found = queue.SimpleQueue()

        def acquire():
            found.put(client().lock("L", sleep=300, blocking_timeout=1000).acquire())

        with patched() as patch:
            client().lock("L", timeout=60).acquire()
            with telling(patch.caches.clock) as begun:
                thread = threading.Thread(target=acquire, daemon=True)
                thread.start()
                self.assertTrue(begun.wait(60))
            patch.caches.clock.advance(301)
            self.assertTrue(found.get(timeout=60))

    def test_asyncio(self):
        """The same in tasks."""

        async def use(clock):
            from redis.asyncio import Redis

            async with Redis() as redis:
                await redis.lock("L", timeout=50_000).acquire()
                waits = asyncio.ensure_future(redis.blpop("jobs", 1000))
                lock = asyncio.ensure_future(redis.lock("L", sleep=300, blocking_timeout=1000).acquire())
                while len(clock._listeners) < 2:
                    await asyncio.sleep(0)
                clock.advance(1001)
                return await asyncio.wait_for(asyncio.gather(waits, lock), 60)

        with patched() as patch:
            self.assertEqual(asyncio.run(use(patch.caches.clock)), [None, False])

    def test_sleep_that_a_test_has_replaced(self):
        """It is called, as without the clock."""
        with patched() as patch, mock.patch("time.sleep") as sleep:
            client().lock("L").acquire()
            sleep.side_effect = lambda _: patch.caches.clock.advance(10)
            self.assertFalse(client().lock("L", sleep=2, blocking_timeout=5).acquire())
        sleep.assert_called_once_with(2)


@needs_redis
class PatchedTests(unittest.TestCase):
    def test_by_the_librarys_name(self):
        """A test that replaces the library's time replaces the one that there is, and puts it back."""
        import fakeredis._helpers

        found = time.time
        with patched() as patch:
            with mock.patch("fakeredis._helpers.time.time", lambda: 1000.0):
                self.assertEqual(time.time(), 1000.0)
                patch.caches.clock.advance(5)
                self.assertEqual(fakeredis._helpers.current_time(), 1_005_000)
            self.assertIs(time.time, found)
            self.assertIn("sleep", dir(fakeredis._helpers.time))
            with mock.patch("fakeredis._helpers.time") as other:
                other.time.return_value = 7
                self.assertEqual(fakeredis._helpers.current_time(), 7000)
        self.assertIs(fakeredis._helpers.time, time)
        self.assertIs(vars(time)["time"], found)


if __name__ == "__main__":
    unittest.main()

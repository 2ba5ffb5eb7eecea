"""Faults strike what redis-py sends: whole packets of commands, however often they are tried."""

import gc
import time
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, Fails, LosesReply
from cachetest.adapters import tries

from ...support import run_method, takes_a_while
from .redis_support import client, needs_redis, patched, shown, ten_retries

REFUSED = "Error 111 connecting to localhost:6379. Connection refused."


def pipelined(connection, *, transaction):
    return connection.pipeline(transaction=transaction).set("a", 1).get("b").set("c", 2)


@needs_redis
class FailsTests(unittest.TestCase):
    @parameterized.expand([(False,), (True,)])
    def test_nothing_of_a_packet(self, transaction):
        """Where one command of a pipeline is struck, none is executed, and each key has failed."""
        import redis

        with patched() as patch:
            connection = client()
            connection.ping()
            with (
                patch.caches.redis.inject(Fails(), key="c") as injected,
                pipelined(connection, transaction=transaction) as pipe,
                self.assertRaisesRegex(redis.ConnectionError, REFUSED),
            ):
                pipe.execute()
            self.assertEqual(dict(patch.caches.redis.cache), {})
            self.assertEqual(shown(injected.struck), "failure a, failure b, failure c")
            self.assertEqual({each.fault for each in injected.struck}, {Fails()})
            self.assertEqual({each.where.function for each in injected.struck}, {"test_nothing_of_a_packet"})
            self.assertEqual(injected.struck[0].error, f"ConnectionError: {REFUSED}")
            with pipelined(connection, transaction=transaction) as pipe:
                self.assertEqual(pipe.execute(), [True, None, True])

    def test_one_strike_for_all_tries(self):
        """All tries of a call are one: the next call is the second."""
        import redis

        with patched() as patch:
            connection = client()
            with patch.caches.redis.inject(Fails(), on="get", nth={1, 3}) as injected:
                for expected in (redis.ConnectionError, None, redis.ConnectionError, None):
                    if expected is None:
                        self.assertIsNone(connection.get("a"))
                    else:
                        self.assertRaisesRegex(expected, REFUSED, connection.get, "a")
            self.assertEqual(shown(injected.struck), "failure a, failure a")
            self.assertEqual(shown(patch.caches.redis.operations), "failure a, miss a, failure a, miss a")

    def test_refused_meanwhile(self):
        """Nothing connects for as long as a call that was struck is tried again."""
        import redis

        connects = mock.Mock(side_effect=lambda connection: connection.on_connect())
        with patched() as patch:
            connection = client(redis_connect_func=connects, **ten_retries())
            self.assertIsNone(connection.get("a"))
            with patch.caches.redis.inject(Fails(), on="get"):
                self.assertRaises(redis.ConnectionError, connection.get, "a")
            self.assertEqual(connects.call_count, 1)
            self.assertIsNone(connection.get("a"))
            self.assertEqual(connects.call_count, 2)

    def test_no_wait(self):
        """A hundred calls with redis-py's ten retries wait by the clock of the scope alone."""
        import redis

        with mock.patch("redis.retry.sleep") as slept, patched() as patch:
            connection = client(**ten_retries())
            with patch.caches.redis.inject(Fails(), on="get") as injected:
                for _ in range(100):
                    self.assertRaises(redis.ConnectionError, connection.get, "a")
            self.assertEqual(slept.call_count, 0)
            self.assertEqual(len(injected.struck), 100)
            self.assertGreater(patch.caches.clock.offset, 100)

    @takes_a_while
    def test_sweep(self):
        """So does a sweep over all that can happen, whose runs are more than a hundred."""
        import redis

        runs = []

        def greeting(connection):
            runs.append(1)
            for key in "abcd":
                try:
                    if connection.get(key) == b"hello":
                        continue
                    connection.set(key, "hello")
                except redis.RedisError:
                    pass
            return "hello"

        def body(case):
            connection = client(**ten_retries())
            case.assertCacheSurvives(lambda: greeting(connection))

        with mock.patch("redis.retry.sleep") as slept:
            _, result = run_method(CacheTestCase, body, patch_caches=("redis",))
        self.assertEqual((result.failures, result.errors), ([], []))
        self.assertGreater(len(runs), 100)
        self.assertEqual(slept.call_count, 0)

    def test_others_wait(self):
        """A call that nothing strikes waits as it does: nobody else's clock is looked at."""
        import redis

        with mock.patch("redis.retry.sleep") as slept, patched() as patch:
            connection = client(**ten_retries())
            with patch.caches.redis.inject(Fails(), on="put", must_strike=False):
                self.assertRaises(redis.ConnectionError, connection.set, "a", 1)
                lost = mock.patch("redis.Redis.parse_response", side_effect=redis.ConnectionError("lost"))
                with lost, self.assertRaisesRegex(redis.ConnectionError, "lost"):
                    connection.get("a")
            self.assertEqual(slept.call_count, 10)
        self.assertIs(redis.retry.sleep, time.sleep)

    @parameterized.expand([("class", LookupError), ("instance", LookupError("gone fishing"))])
    def test_error_of_the_test(self, _, error):
        """An error that is given is raised as it is, once, and a warm connection goes on."""
        with patched() as patch:
            for connection in (client(), client(single_connection_client=True)):
                connection.set("a", 1)
                with patch.caches.redis.inject(Fails(error), on="get") as injected:
                    with self.assertRaises(LookupError) as raised:
                        connection.get("a")
                self.assertEqual(str(raised.exception), "" if error is LookupError else "gone fishing")
                self.assertEqual(shown(injected.struck), "failure a")
                self.assertEqual(connection.get("a"), b"1")
            self.assertEqual(patch.caches.clock.offset, 0)

    def test_error_that_is_tried_again(self):
        """One of redis-py's own is tried again, which is one strike all the same."""
        import redis

        with patched() as patch:
            connection = client(**ten_retries())
            with patch.caches.redis.inject(Fails(redis.BusyLoadingError("loading")), on="get") as injected:
                self.assertRaisesRegex(redis.BusyLoadingError, "loading", connection.get, "a")
            self.assertEqual(shown(injected.struck), "failure a")
            self.assertGreater(patch.caches.clock.offset, 0)

    def test_all_that_reaches_a_server(self):
        """With nothing said, connecting fails, what is not counted, and scripts."""
        import redis

        with patched() as patch:
            warm = client()
            warm.ping()
            pubsub = warm.pubsub()
            calls = {
                "ping": warm.ping,
                "script": lambda: warm.eval("return 1", 0),
                "publish": lambda: warm.publish("news", "x"),
                "administration": warm.client_list,
                "subscribe": lambda: pubsub.subscribe("news"),
                "lock": lambda: warm.lock("l").acquire(blocking=False),
                "connect": warm.connection_pool.make_connection().connect,
                "client of one connection": lambda: client(single_connection_client=True),
            }
            with patch.caches.redis.inject(Fails()):
                for name, call in calls.items():
                    with self.subTest(name), self.assertRaisesRegex(redis.ConnectionError, REFUSED):
                        call()
            self.assertTrue(warm.ping())

    def test_said_for_some(self):
        """With anything said, connecting and what is not counted go on."""
        with patched() as patch, patch.caches.redis.inject(Fails(), on="get", must_strike=False):
            self.assertTrue(client().ping())
            self.assertTrue(client().set("a", 1))

    def test_connecting_is_no_call(self):
        """What redis-py sends as it connects, or to see whether it still is, is not among those counted."""
        import redis

        with patched() as patch, patch.caches.redis.inject(Fails(), nth=2):
            connection = client(health_check_interval=1e-9)
            self.assertIsNone(connection.get("a"))
            self.assertRaises(redis.ConnectionError, connection.get, "a")
            self.assertIsNone(connection.get("a"))

    def test_nothing_is_kept(self):
        """What strikes a call is forgotten as the call ends."""
        import redis

        with patched() as patch:
            connection = client()
            with patch.caches.redis.inject(Fails(), on="get"):
                self.assertRaises(redis.ConnectionError, connection.get, "a")
            gc.collect()
            self.assertEqual(tries._tries, {})


@needs_redis
class LosesReplyTests(unittest.TestCase):
    def test_done_twice(self):
        """With redis-py's retries a lost reply is not seen, and what was counted is counted twice."""
        with patched() as patch:
            connection = client(**ten_retries())
            with patch.caches.redis.inject(LosesReply(), key="n") as injected:
                self.assertEqual(connection.incr("n"), 2)
            self.assertEqual(shown(injected.struck), "failure n")
            self.assertEqual(shown(patch.caches.redis.operations), "failure n, put n")

    def test_then_down(self):
        """Then it is done once, and can't be reached for the rest of the call."""
        import redis

        with patched() as patch:
            connection = client(**ten_retries())
            with patch.caches.redis.inject(LosesReply(then_down=True), key="n", times=1):
                self.assertRaisesRegex(redis.ConnectionError, REFUSED, connection.incr, "n")
            self.assertEqual(connection.get("n"), b"1")

    def test_without_retries(self):
        """A client that does not try again learns that its connection was closed."""
        import redis

        with patched() as patch:
            connection = client(retry=None)
            with (
                patch.caches.redis.inject(LosesReply(), on="put", times=1) as injected,
                self.assertRaisesRegex(redis.ConnectionError, r"^Connection closed by server\.$"),
            ):
                connection.set("a", 1)
            self.assertEqual(injected.struck[0].error, "ConnectionError: Connection closed by server.")
            self.assertEqual(connection.get("a"), b"1")

    def test_error_of_the_test(self):
        """An error that is given is raised once it was done."""
        with patched() as patch:
            connection = client()
            with patch.caches.redis.inject(LosesReply(LookupError), on="put"):
                self.assertRaises(LookupError, connection.set, "a", 1)
            self.assertEqual(connection.get("a"), b"1")


if __name__ == "__main__":
    unittest.main()

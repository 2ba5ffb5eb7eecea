"""A server that is slow: its answers are late by the clock of the scope, or too late for the client."""

import unittest

from cachetest import Damaged, Slow

from .redis_support import client, needs_redis, patched, shown, ten_retries


@needs_redis
class SlowTests(unittest.TestCase):
    def test_late(self):
        """The answer comes, later by the clock of the scope; a pipeline is late as a whole."""
        with patched() as patch:
            connection = client()
            connection.set("a", 1)
            with patch.caches.redis.inject(Slow(2), on="get") as injected:
                self.assertEqual(connection.get("a"), b"1")
                self.assertEqual(patch.caches.clock.offset, 2)
                with connection.pipeline(transaction=False) as pipe:
                    self.assertEqual(pipe.get("a").get("b").execute(), [b"1", None])
            self.assertEqual(patch.caches.clock.offset, 4)
            self.assertEqual(shown(injected.struck), "hit a, hit a, miss b")

    def test_too_late(self):
        """Past its time limit redis-py tries again: it is done each time, and has failed in the end."""
        import redis

        with patched() as patch:
            connection = client(socket_timeout=3, retry=None)
            with patch.caches.redis.inject(Slow(3.5), key="n") as injected:
                self.assertRaisesRegex(
                    redis.TimeoutError, "^Timeout reading from socket$", connection.incr, "n"
                )
            self.assertEqual(patch.caches.clock.offset, 3)
            self.assertEqual(shown(injected.struck), "failure n")
            self.assertEqual(injected.struck[0].error, "TimeoutError: Timeout reading from socket")
            self.assertEqual(connection.get("n"), b"1")
            connection = client(socket_timeout=3, **ten_retries())
            with patch.caches.redis.inject(Slow(3.5), key="n") as injected:
                self.assertRaises(redis.TimeoutError, connection.incr, "n")
            self.assertEqual(len(injected.struck), 1)
            self.assertEqual(connection.get("n"), b"12")

    def test_at_once(self):
        """Two that wait at once wait together, as long as the longer one."""
        import redis

        with patched() as patch:
            connections = [redis.Connection(protocol=2) for _ in range(2)]
            with (
                patch.caches.redis.inject(Slow(2), on="get", nth=1),
                patch.caches.redis.inject(Slow(3), on="get", nth=2),
            ):
                for each in connections:
                    each.send_command("GET", "a")
                self.assertEqual([each.read_response() for each in connections], [None, None])
            self.assertEqual(patch.caches.clock.offset, 3)
            for each in connections:
                each.disconnect()

    def test_not_there_yet(self):
        """Who does not wait finds nothing, and the answer when it does."""
        import redis

        with patched() as patch:
            connection = redis.Connection(protocol=2)
            connection.connect()
            with patch.caches.redis.inject(Slow(2), on="get"):
                connection.send_command("GET", "a")
            connection._sock.settimeout(0)
            self.assertRaises(BlockingIOError, connection._sock.recv, 10)
            connection._sock.settimeout(5)
            self.assertIsNone(connection.read_response())
            self.assertEqual(patch.caches.clock.offset, 2)
            connection.disconnect()

    def test_with_another(self):
        """What strikes a key is there as well: a damaged value that comes late."""
        with patched() as patch:
            connection = client()
            connection.set("a", "whole")
            with patch.caches.redis.inject(Slow(1), Damaged(), on="get"):
                self.assertEqual(connection.get("a"), b"wh")
            self.assertEqual(patch.caches.clock.offset, 1)


if __name__ == "__main__":
    unittest.main()

"""A scope remembers what a connection has in it: of that one alone, and as long as it is there."""

import gc
import socket
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from cachetest._caches.attribution import scope_of_caller

from .redis_support import client, needs_redis, patched


@needs_redis
class RememberedTests(unittest.TestCase):
    def connection(self):
        import redis

        return redis.Connection(protocol=2)

    def ask(self, connection, *command):
        connection.send_command(*command)
        return connection.read_response()

    def test_goes_while_its_server_is_held(self):
        """A connection that is garbage may go while the thread is in a command of its server."""
        from cachetest.adapters.redis.store import store_of

        with patched() as patch:
            connection = self.connection()
            self.ask(connection, "SET", "a", 1)
            (server,) = store_of(patch.caches.redis).servers.values()
            with server.lock:
                # Looked at first: another attempt would wait for ever.
                self.assertTrue(server.lock.acquire(blocking=False))
                server.lock.release()
                del connection
                gc.collect()
            self.assertEqual(patch.caches.redis.cache["a"], b"1")

    def test_collected(self):
        """Nothing is remembered of a connection that is gone, and a new one with its id has nothing of it."""
        # What other tests have left behind is looked at as it goes, and would be remembered here.
        gc.collect()
        with patched():
            remembered = scope_of_caller().remembered
            first = self.connection()
            self.ask(first, "SET", "a", 1)
            self.assertIn(id(first), remembered)
            other = self.connection()
            # As if the first were gone, and the other had been made at its place.
            remembered[id(other)] = remembered[id(first)]
            self.assertIsNone(other._sock)
            self.assertEqual(self.ask(other, "GET", "a"), b"1")
            self.assertIsNot(other._sock, first._sock)
            del first, other
            gc.collect()
            self.assertEqual(remembered, {})

    def test_nested(self):
        """A connection has in the outer block again what it had there before the inner one."""
        with patched() as outer:
            connection = self.connection()
            self.ask(connection, "SET", "a", 1)
            link = connection._sock
            with patched() as inner:
                self.assertIsNone(self.ask(connection, "GET", "a"))
                self.assertIsNot(connection._sock, link)
            self.assertIs(connection._sock, link)
            self.assertEqual(self.ask(connection, "GET", "a"), b"1")
        self.assertEqual((outer.caches.redis.counts(), inner.caches.redis.counts()), ((1, 1, 0), (0, 0, 1)))
        self.assertIsNone(connection._sock)

    def test_shared_by_threads(self):
        """Two tests on two threads that share a connection have each their own of it."""
        connection = self.connection()
        turns = threading.Barrier(2, timeout=60)

        def work(name):
            with patched() as patch:
                turns.wait()
                found = [self.ask(connection, "SET", "key", name)]
                for _ in range(20):
                    turns.wait()
                    found.append(self.ask(connection, "GET", "key"))
                turns.wait()
                return found, patch.caches.redis.counts()

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(work, ["x", "y"]))
        self.assertEqual(results, [([b"OK", *[n] * 20], (1, 20, 0)) for n in (b"x", b"y")])

    def test_another_address(self):
        """A connection that is pointed elsewhere is of the cache that is there when it connects anew."""
        with patched(a="redis://h", b="redis://i") as patch:
            connection = client(host="h").connection_pool.make_connection()
            self.ask(connection, "SET", "key", 1)
            connection.disconnect()
            connection.host = "i"
            self.assertIsNone(self.ask(connection, "GET", "key"))
            self.assertEqual([each.counts() for each in patch.caches.values()], [(1, 0, 0), (0, 0, 1)])

    def test_closed(self):
        """A link that was closed is a broken pipe to who sends, and at its end to who reads."""
        with patched():
            connection = self.connection()
            connection.connect()
            link = connection._sock
            connection.disconnect()
            with self.assertRaises(BrokenPipeError):
                link.sendall(b"*1\r\n$4\r\nPING\r\n")
            self.assertEqual([link.recv(10), link.recv(10)], [b"", b""])

    def test_reading(self):
        """A reply is read in parts, and can be looked at before."""
        with patched():
            connection = self.connection()
            connection.connect()
            link = connection._sock
            link.settimeout(0)
            with self.assertRaises(BlockingIOError):
                link.recv(10)
            link.settimeout(0.001)
            with self.assertRaises(TimeoutError):
                link.recv(10)
            link.sendall(b"*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n")
            self.assertEqual(link.recv(4, socket.MSG_PEEK), b"$5\r\n")
            self.assertEqual([link.recv(4), link.recv(100)], [b"$5\r\n", b"hello\r\n"])
            connection.disconnect()


if __name__ == "__main__":
    unittest.main()

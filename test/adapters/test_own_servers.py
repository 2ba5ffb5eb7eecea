"""What connects to a server that a test has started itself reaches it, and nothing else does."""

import asyncio
import socket
import tempfile
import unittest
from pathlib import Path

from parameterized import parameterized

from cachetest import PatchCaches

from ..support import needs
from .own_server import OwnServer

needs_redis = needs("fakeredis", "cachetest[redis]")
needs_pymemcache = needs("pymemcache", "pymemcache")


class ListeningTests(unittest.TestCase):
    @needs_redis
    @needs_pymemcache
    @parameterized.expand([("first_out_last", (0, 1)), ("first_out_first", (1, 0))])
    def test_put_back(self, _, order):
        """Sockets are what they were once the last that watches them has gone."""
        blocks = [PatchCaches("redis"), PatchCaches("pymemcache")]
        for block in blocks:
            block.__enter__()
        for each in order:
            self.assertIn("listen", vars(socket.socket))
            blocks[each].__exit__(None, None, None)
        self.assertNotIn("listen", vars(socket.socket))


@needs_redis
class RedisTests(unittest.TestCase):
    def make(self, module, address, **options):
        at = {"unix_socket_path": address} if isinstance(address, str) else {"port": address[1]}
        return module.Redis(**at, protocol=2, retry=None, socket_timeout=10, **options)

    def check(self, ask, path=None):
        """Check that *ask*, given an address, is answered by the test's own server while that is there."""
        import redis

        with PatchCaches("redis") as patch:
            server = OwnServer(b"*", b"+own\r\n", path)
            self.assertEqual(ask(server.address), b"own")
            self.assertTrue(server.stop())
            if path is not None:
                Path(path).unlink()
            # As in reality, nobody answers there any more.
            with self.assertRaises(redis.ConnectionError):
                ask(server.address)
            elsewhere = redis.Redis()
            elsewhere.set("a", 1)
            self.assertEqual(elsewhere.get("a"), b"1")
            self.assertEqual(patch.caches.redis.counts(), (1, 1, 0))

    def ask(self, address):
        import redis

        with self.make(redis, address) as client:
            return client.get("a")

    def ask_async(self, address):
        import redis.asyncio

        async def ask():
            async with self.make(redis.asyncio, address) as client:
                return await client.get("a")

        return asyncio.run(ask())

    @parameterized.expand(["ask", "ask_async"])
    def test_port(self, ask):
        """It is told by its port, on whichever name of this machine."""
        self.check(getattr(self, ask))

    @parameterized.expand(["ask", "ask_async"])
    def test_path(self, ask):
        """So is one by the path of its socket."""
        with tempfile.TemporaryDirectory() as folder:
            self.check(getattr(self, ask), str(Path(folder, "redis.sock")))

    def test_from_before(self):
        """One that has listened before the test is stood in for, as all others are."""
        import redis

        with socket.create_server(("127.0.0.1", 0)) as listening, PatchCaches("redis") as patch:
            with self.make(redis, listening.getsockname()) as client:
                client.set("a", 1)
                self.assertEqual(client.get("a"), b"1")
            self.assertEqual(patch.caches.redis.counts(), (1, 1, 0))

    def test_of_another_test(self):
        """Its address means nothing in the next test."""
        import redis

        with PatchCaches("redis"), socket.create_server(("127.0.0.1", 0)) as listening:
            address = listening.getsockname()
        with PatchCaches("redis"), self.make(redis, address) as client:
            self.assertIsNone(client.get("a"))


@needs_pymemcache
class PymemcacheTests(unittest.TestCase):
    def test_port(self):
        """A client of memcached reaches it as well."""
        from pymemcache.client.base import Client

        with PatchCaches("pymemcache") as patch:
            server = OwnServer(b"get", b"VALUE a 0 3\r\nown\r\nEND\r\n")
            client = Client(server.address, timeout=10)
            self.assertEqual(client.get("a"), b"own")
            client.close()
            self.assertTrue(server.stop())
            with self.assertRaises(OSError):
                client.get("a")
            elsewhere = Client("localhost:11211")
            elsewhere.set("a", b"1", noreply=False)
            self.assertEqual(elsewhere.get("a"), b"1")
            self.assertEqual(patch.caches.pymemcache.counts(), (1, 1, 0))


if __name__ == "__main__":
    unittest.main()

"""Sockets that a program brings itself, by a ``socket_module`` or by hand."""

import socket
import tempfile
import types
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestError, PatchCaches

from ...support import run_method
from .pymemcache_support import ADDRESS, PymemcacheTestCase, needs_pymemcache


class Refusing:
    AF_UNIX, AF_INET, SOCK_STREAM, AF_UNSPEC, IPPROTO_TCP = range(5)

    def __getattr__(self, name):
        raise ConnectionRefusedError("down")


class Stub:
    """A socket, and a module that makes it."""

    AF_UNIX, AF_INET, SOCK_STREAM, AF_UNSPEC, IPPROTO_TCP = range(5)

    def __init__(self, *_):
        self.sent = []

    socket = property(lambda self: Stub)

    def getaddrinfo(self, *_):
        return [(1, 2, 3, "", ("h", 1))]

    def sendall(self, data):
        self.sent.append(data)

    def recv(self, size):
        return b"STORED\r\n"

    def settimeout(self, timeout):
        pass

    connect = close = setsockopt = settimeout


@needs_pymemcache
class StandInTests(unittest.TestCase):
    def test_its_sockets_are_of_the_test(self):
        """After the test the client connects by its module anew, in the next test too."""
        from pymemcache import Client

        client = Client(ADDRESS, socket_module=Stub(), default_noreply=False)
        used = []
        for _ in range(2):
            with PatchCaches("pymemcache"):
                client.set("k", "1")
                used.append(client.sock)
            self.assertIsNone(client.sock)
        self.assertIsNot(used[0], used[1])

    def test_module_that_makes_real_sockets(self):
        """A real socket of such a module is told of, and nothing is sent by it."""
        from pymemcache import Client

        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as there:
            address = f"{folder}/s"
            there.bind(address)
            there.listen()
            with socket.socket(socket.AF_UNIX) as real, mock.patch.object(Stub, "socket", lambda *_: real):
                with (
                    PatchCaches("pymemcache"),
                    self.assertRaisesRegex(CacheTestError, "socket_module of its own, .*made a real socket"),
                ):
                    Client(address, socket_module=Stub()).get("k")
            taken, _ = there.accept()
            with taken:
                self.assertEqual(taken.recv(100), b"")


class Forwarding:
    """A module that is nearly the real one."""

    def __getattr__(self, name):
        return getattr(socket, name)


@needs_pymemcache
class SocketTests(PymemcacheTestCase):
    @parameterized.expand([(ADDRESS,), ("/var/run/memcached.sock",)])
    def test_module_that_raises(self, address):
        """What a program's own module raises arrives, as for a server that is down."""
        from pymemcache import Client, PooledClient

        for make in (Client, PooledClient):
            with self.assertRaisesRegex(ConnectionRefusedError, "^down$"):
                make(address, socket_module=Refusing()).get("k")
        self.assertIsNone(Client(address, socket_module=Refusing(), ignore_exc=True).get("k"))
        self.assertCacheStats("pymemcache", puts=0, hits=0, misses=0)

    @parameterized.expand([(ADDRESS,), ("/var/run/memcached.sock",)])
    def test_module_that_makes_sockets(self, address):
        """What the sockets of a program's own module answer arrives, and nobody counts it."""
        from pymemcache import Client, PooledClient

        for make in (Client, PooledClient):
            client = make(address, socket_module=Stub(), default_noreply=False)
            self.assertIs(client.set("k", "1"), True)
        self.assertCacheStats("pymemcache", puts=0, hits=0, misses=0)
        # Others are served as ever.
        self.assertIsNone(Client(address).get("k"))
        self.assertCacheStats("pymemcache", misses=1)

    def test_real_modules(self):
        """A real module, or one that has its sockets from there, is passed over."""
        from pymemcache import Client

        other = types.ModuleType("other_socket")
        for module in (socket, Forwarding(), other):
            for address in (ADDRESS, "/a.sock"):
                client = Client(address, socket_module=module, default_noreply=False)
                self.assertTrue(client.set("k", "1"))
                self.assertEqual(client.get("k"), b"1")
        self.assertCacheStats("pymemcache", puts=6, hits=6)

    def test_stub_socket(self):
        """A socket that is set by hand is told for what it is."""
        from pymemcache import Client

        client, stub = Client(ADDRESS), Stub()
        with self.assertRaisesRegex(
            CacheTestError, "^Client for 'h:11211' was given a socket of its own, <.*Stub"
        ):
            client.sock = stub
        self.assertEqual(stub.sent, [])
        self.assertIsNone(client.get("k"))
        self.assertCacheStats("pymemcache", misses=1)

    def test_told_in_a_test(self):
        """It is an error of the test that does it."""
        from pymemcache import Client

        def body(case):
            Client(ADDRESS).sock = Stub()

        _, result = run_method(PymemcacheTestCase, body)
        self.assertIn("leave it out where Pymemcache() is patched", result.errors[0][1])


if __name__ == "__main__":
    unittest.main()

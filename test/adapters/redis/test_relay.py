"""What a connection of a child has in place of a socket, and of streams: how it waits, and how it ends."""

import asyncio
import select
import socket
import unittest
from types import SimpleNamespace
from unittest import mock

from parameterized import parameterized

from cachetest import ChildOperationError

from ...support import needs


class FarEnd:
    """The other end: it does nothing, and gives for each read what comes next."""

    def __init__(self, *reads):
        self.reads = list(reads)
        self.done = []

    def do(self, what, *args):
        self.done.append(what)
        found = self.reads.pop(0) if what == "read" and self.reads else None
        if isinstance(found, Exception):
            raise found
        return found


@needs("fakeredis", "'cachetest[redis]'")
class RelayCase(unittest.TestCase):
    def opened(self, kind, end, **of_connection):
        from cachetest.adapters.redis import relay

        connection = SimpleNamespace(socket_timeout=None, **of_connection)
        with mock.patch.object(relay, "_opened", return_value=end):
            return getattr(relay, kind)(connection)


class SocketTests(RelayCase):
    def test_waits(self):
        """It looks again and again for what comes, and is read from as a socket is."""
        end = FarEnd(None, None, None, b"+OK\r\n")
        relayed = self.opened("RelayedSocket", end)
        relayed.sendall(b"PING")
        self.assertEqual(relayed.recv(64), b"+OK\r\n")
        self.assertEqual(end.done, ["send", *["read"] * 4])

    def test_time_out(self):
        relayed = self.opened("RelayedSocket", FarEnd())
        relayed.settimeout(0.005)
        with self.assertRaisesRegex(TimeoutError, "^timed out$"):
            relayed.recv(64)

    def test_closed_while_it_waits(self):
        """One that another thread closes has come to its end."""
        end = FarEnd()
        relayed = self.opened("RelayedSocket", end)
        end.do = lambda what: relayed.close() if what == "read" else None
        self.assertEqual(relayed._wait_for_next(), b"")

    @parameterized.expand([("close",), ("shutdown", 2)])
    def test_closed(self, how, *args):
        """It is closed once, also where the parent is gone; what is sent then is an error."""
        end = FarEnd()
        relayed = self.opened("RelayedSocket", end)
        getattr(relayed, how)(*args)
        getattr(relayed, how)(*args)
        self.assertEqual(end.done, ["close"])
        self.assertEqual(relayed.recv(64), b"")
        with self.assertRaisesRegex(BrokenPipeError, "the connection was closed"):
            relayed.sendall(b"PING")

    @parameterized.expand([(ChildOperationError("gone"),), (ConnectionError("gone"),)])
    def test_parent_is_gone(self, error):
        end = FarEnd()
        relayed = self.opened("RelayedSocket", end)
        end.do = mock.Mock(side_effect=error)
        relayed.close()
        self.assertEqual(end.do.mock_calls, [mock.call("close")])

    def test_polled(self):
        """Its descriptor can be read as long as something is there, as hiredis' parser has it looked at."""
        relayed = self.opened("RelayedSocket", FarEnd(None, b"+OK\r\n"))

        def is_readable():
            return bool(select.select([relayed.fileno()], [], [], 0)[0])

        self.assertFalse(is_readable())
        self.assertTrue(is_readable())
        self.assertEqual(relayed.recv(2, socket.MSG_PEEK), b"+O")
        self.assertEqual(relayed.recv(2), b"+O")
        self.assertTrue(is_readable())
        buffer = bytearray(64)
        self.assertEqual((relayed.recv_into(buffer), bytes(buffer[:3])), (3, b"K\r\n"))
        self.assertFalse(is_readable())
        relayed.close()
        self.assertTrue(is_readable())
        self.assertEqual(relayed.getpeername(), ("127.0.0.1", 6379))

    def test_without_waiting(self):
        """With no time to wait it says so where nothing has come, and gives what has."""
        relayed = self.opened("RelayedSocket", FarEnd(None, b"+OK\r\n"))
        relayed.settimeout(0)
        with self.assertRaisesRegex(BlockingIOError, "nothing to read"):
            relayed.recv(64)
        self.assertEqual(relayed.recv(64), b"+OK\r\n")


class StreamTests(RelayCase):
    def stream(self, end):
        return self.opened("RelayedStream", end)

    def test_waits(self):
        """The reader looks again until something comes, or nothing will."""

        async def main():
            end = FarEnd(None, None, None, b"+OK\r\n", b"")
            relayed = self.stream(end)
            self.assertEqual(await relayed.reader.read(64), b"+OK\r\n")
            self.assertEqual(await relayed.reader.read(64), b"")
            self.assertTrue(relayed.reader.at_eof())
            self.assertEqual(await relayed.reader.read(64), b"")
            self.assertEqual(end.done, ["read"] * 5)

        asyncio.run(main())

    def test_fed_while_it_waits(self):
        """What comes to the reader by another task ends the wait."""

        async def main():
            relayed = self.stream(FarEnd())
            reading = asyncio.ensure_future(relayed.reader.read(64))
            await asyncio.sleep(0)
            relayed.reader.feed_data(b"+OK\r\n")
            self.assertEqual(await reading, b"+OK\r\n")

        asyncio.run(main())

    def test_time_out(self):
        """It is the error of asyncio, which until Python 3.11 is another."""

        async def main():
            with self.assertRaises(asyncio.TimeoutError):
                await self.stream(FarEnd(TimeoutError("late"))).reader.read(64)

        asyncio.run(main())

    def test_closed(self):
        """It is closed once, also where the parent is gone or the loop is; what is sent then is an error."""

        async def main():
            end = FarEnd()
            relayed = self.stream(end)
            end.do = mock.Mock(side_effect=ConnectionError("gone"))
            relayed.close()
            relayed.close()
            self.assertEqual(end.do.mock_calls, [mock.call("close")])
            await relayed.wait_closed()
            self.assertIsNone(relayed.get_extra_info("peername"))
            self.assertEqual(await relayed.reader.read(64), b"")
            with self.assertRaisesRegex(BrokenPipeError, "the connection was closed"):
                relayed.writelines([b"PING"])

        asyncio.run(main())


del RelayCase

if __name__ == "__main__":
    unittest.main()

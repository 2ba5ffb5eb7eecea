"""What redis-py holds in place of a socket, and in place of the streams of asyncio."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import weakref
from typing import TYPE_CHECKING, Any

from fakeredis import FakeRedisConnection
from fakeredis.aioredis import AsyncFakeSocket
from redis.asyncio import Redis

from .link import Link

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakeredis import FakeServer

    from .store import Store

__all__ = ["RefusingStream", "SocketLink", "StreamLink"]


class SocketLink(Link):
    """A link that is read from as a socket is."""

    def __init__(self, store: Store, server: FakeServer, only: int | None) -> None:
        # Kept, because it closes its socket when it goes.
        self._connection = FakeRedisConnection(server=server, protocol=2)
        super().__init__(store, server, self._connection.get_socket(), only)
        self._data = b""
        self._changed = threading.Condition()
        self._timeout: float | None = None
        self._pipe: Pipe | None = None

    def deliver(self, data: bytes) -> None:
        with self._changed:
            self._data += data
            self._tell()

    def settimeout(self, seconds: float | None) -> None:
        """Wait so long, in seconds, for something to read; None is for ever."""
        self._timeout = seconds

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return at most *size* bytes, empty when the link was closed; MSG_PEEK leaves them there."""
        with self._changed:
            if not self._changed.wait_for(self._readable, self._timeout):
                if self._timeout == 0:
                    raise BlockingIOError(errno.EWOULDBLOCK, "nothing to read")
                raise TimeoutError("timed out")
            data = self._data[:size]
            if not flags & socket.MSG_PEEK:
                self._data = self._data[size:]
                self._tell()
            return data

    def recv_into(self, buffer: Any) -> int:
        """Put what `recv` returns into *buffer*, and return its length."""
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def fileno(self) -> int:
        """Return a descriptor that can be read when this can: redis-py polls it where hiredis parses."""
        with self._changed:
            self._pipe = self._pipe or Pipe()
            self._tell()
            return self._pipe.fileno()

    def shutdown(self, how: int) -> None:
        """Do what `close` does: there are no two directions."""
        self.close()

    def close(self) -> None:
        with self._changed:
            super().close()
            self._tell()

    def _readable(self) -> bool:
        return bool(self._data) or self._far is None

    def _tell(self) -> None:
        self._changed.notify_all()
        if self._pipe is not None:
            self._pipe.be_readable(self._readable())

    def getpeername(self) -> tuple[str, int]:
        """Return a loopback address, which spares redis-py from asking for that of its host."""
        return "127.0.0.1", 6379

    getsockname = getpeername


class Pipe:
    """A descriptor that can be read or can't, as it is told."""

    def __init__(self) -> None:
        self._reads, self._writes = os.pipe()
        self._readable = False
        weakref.finalize(self, os.close, self._reads)
        weakref.finalize(self, os.close, self._writes)

    def fileno(self) -> int:
        """Return the descriptor, open as long as this object is there."""
        return self._reads

    def be_readable(self, readable: bool) -> None:
        """Make it so, or not."""
        if readable and not self._readable:
            os.write(self._writes, b"x")
        elif self._readable and not readable:
            os.read(self._reads, 1)
        self._readable = readable


class StreamLink(Link):
    """A link that is written to as an `asyncio.StreamWriter` is, and read from by its ``reader``."""

    def __init__(self, store: Store, server: FakeServer, only: int | None) -> None:
        far = AsyncFakeSocket(
            server, 0, client_class=Redis, client_info={"addr": "127.0.0.1:0", "flags": "N"}
        )
        super().__init__(store, server, far, only)
        self.reader = asyncio.StreamReader()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def deliver(self, data: bytes) -> None:
        # Another thread's command may have published to this connection.
        if threading.get_ident() == self._thread:
            self.reader.feed_data(data)
        else:
            self._loop.call_soon_threadsafe(self.reader.feed_data, data)

    def writelines(self, data: Iterable[bytes]) -> None:
        """Execute the commands in *data*."""
        for each in data:
            self.sendall(each)

    async def drain(self) -> None:
        """Return at once."""

    def close(self) -> None:
        if self._far is not None:
            super().close()
            self.reader.feed_eof()

    async def wait_closed(self) -> None:
        """Return at once."""

    def get_extra_info(self, name: str) -> None:
        """Return nothing."""


class RefusingStream:
    """Raises *error* when it is written to.

    What connecting raises would be an error of the connection to redis-py, and be tried again and again.
    """

    def __init__(self, error: Exception) -> None:
        self.reader = asyncio.StreamReader()
        self._error = error

    def writelines(self, data: Iterable[bytes]) -> None:
        """Raise the error."""
        raise self._error

    def close(self) -> None:
        """Do nothing."""

    async def wait_closed(self) -> None:
        """Return at once."""

    def get_extra_info(self, name: str) -> None:
        """Return nothing."""

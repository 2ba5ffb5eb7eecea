"""What a connection of a child process has in place of a socket, or of streams."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from time import monotonic, sleep
from types import coroutine
from typing import TYPE_CHECKING, Any

from ...errors import ChildOperationError
from ..relay import FarEnd, pauses
from ..tries import is_inside
from .addresses import address_of
from .reader import Reader
from .refusals import limit_of_caller
from .serving import LIBRARIES
from .transport import SocketEnd
from .unreachable import SENDING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

__all__ = ["RelayedSocket", "RelayedStream"]


def _opened(connection: Any, *, is_async: bool) -> FarEnd:
    encoder = connection.encoder
    decoding = (encoder.encoding, encoder.encoding_errors) if encoder.decode_responses else None
    sends = is_inside(SENDING, "redis.")
    return FarEnd("redis", LIBRARIES, address_of(connection), decoding, is_async, sends)


class RelayedSocket(SocketEnd):
    """A connection to a server of the parent's test, read from as a socket is."""

    def __init__(self, connection: Any) -> None:
        super().__init__()
        self._end = _opened(connection, is_async=False)
        self.settimeout(connection.socket_timeout)

    def sendall(self, data: bytes | str) -> None:
        """Have the commands in *data* executed, and have the client read the replies."""
        if self._is_closed:
            raise BrokenPipeError(errno.EPIPE, "the connection was closed")
        found = self._end.do("send", data, self._timeout)
        if found:
            self._arrivals.put(found)
            self._tell_pipe()

    def _look(self) -> None:
        found = None if self._is_closed else self._end.do("read")
        if found is not None:
            self._arrivals.put(found)

    def _wait_for_next(self) -> bytes:
        end = None if self._timeout is None else monotonic() + self._timeout
        for pause in pauses():
            if self._is_closed:
                return b""
            found: bytes | None = self._end.do("read")
            if found is not None:
                return found
            if end is not None and monotonic() >= end:
                raise TimeoutError("timed out")
            sleep(pause if end is None else max(0.0, min(pause, end - monotonic())))
        raise AssertionError("looking has no end")

    def shutdown(self, how: int) -> None:
        """Do what `close` does: there are no two directions."""
        self.close()

    def close(self) -> None:
        """Leave the server."""
        if not self._is_closed:
            self._is_closed = True
            # A parent that is gone has closed it.
            with suppress(ChildOperationError, ConnectionError):
                self._end.do("close")
            self._arrivals.put(b"")
            self._tell_pipe()


class RelayedStream:
    """A connection to a server of the parent's test, written to as an `asyncio.StreamWriter` is."""

    def __init__(self, connection: Any) -> None:
        self._end = _opened(connection, is_async=True)
        self._connection = connection
        self._is_closed = False
        self.reader = _RelayedReader(self._end)

    def writelines(self, data: Iterable[bytes]) -> None:
        """Have the commands in *data* executed."""
        if self._is_closed:
            raise BrokenPipeError(errno.EPIPE, "the connection was closed")
        found = self._end.do("send", b"".join(data), limit_of_caller(self._connection))
        if found:
            self.reader.feed_data(found)

    @coroutine
    def drain(self) -> Generator[None, None, None]:
        """Return when other tasks have had their turn: of a real server, no reply is there at once."""
        yield

    def close(self) -> None:
        """Leave the server."""
        if not self._is_closed:
            self._is_closed = True
            with suppress(ChildOperationError, ConnectionError):
                self._end.do("close")
            with suppress(RuntimeError):
                self.reader.feed_eof()

    async def wait_closed(self) -> None:
        """Return at once."""

    def get_extra_info(self, name: str) -> None:
        """Return nothing."""


class _RelayedReader(Reader):
    """A stream of what a server in the parent replies."""

    def __init__(self, end: FarEnd) -> None:
        super().__init__()
        self._end = end

    async def _wait_for_data(self, name: str) -> None:
        for pause in pauses():
            if self._buffer or self.at_eof():
                return
            try:
                found: bytes | None = self._end.do("read")
            except TimeoutError:
                # Until Python 3.11 it is another one.
                raise asyncio.TimeoutError from None
            if found is not None:
                if found:
                    self.feed_data(found)
                else:
                    self.feed_eof()
                return
            await asyncio.sleep(pause)

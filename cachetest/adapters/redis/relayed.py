"""In the parent: the server's end of a connection that redis-py has in a child process."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any
from weakref import ref

import redis.asyncio.connection as asyncio_redis
import redis.connection as sync_redis
from redis.connection import Encoder

from .late import Late
from .routes import route_of
from .transport import Transport
from .unreachable import refuse_struck, sending

if TYPE_CHECKING:
    from .addresses import Address
    from .store import Store

__all__ = ["open_end"]


def open_end(address: Address, decoding: tuple[str, str] | None, is_async: bool, sends: bool) -> ServedLink:
    """Do what a connection to *address* does as it connects; it *sends* a command of the program's then.

    *decoding* are encoding and errors, where the client decodes replies.
    """
    module: Any = asyncio_redis if is_async else sync_redis
    if len(address) == 2:
        connection = module.UnixDomainSocketConnection(path=address[0], db=address[1])
    else:
        connection = module.Connection(host=address[0], port=address[1], db=address[2])
    route = route_of(connection)
    if sends:
        sending(refuse_struck, connection, route[0].cache)
    else:
        refuse_struck(connection, route[0].cache)
    link = ServedLink(*route, connection)
    link.decode = None if decoding is None else Encoder(*decoding, True).decode
    return link


class ServedLink(Transport):
    """A link that a child writes to, and looks into for what has come."""

    def __init__(self, store: Store, address: Address, only: int | None, stand_in: Any) -> None:
        """Talk to a server as `Link` does; *stand_in* is a connection such as the child has."""
        super().__init__(store, address, only)
        self._stand_in = stand_in
        self.connection = ref(stand_in)
        self._coming: deque[bytes | Exception] = deque()
        self._limit: float | None = None
        self._hangs_up = False

    def deliver(self, data: bytes) -> None:
        if data:
            self._coming.append(data)

    def break_off(self, error: Exception) -> None:
        self._coming.append(error)

    def deliver_late(self, late: Late) -> None:
        self._coming.append(late)

    def end(self) -> None:
        self._coming.append(b"")

    def hang_up(self) -> None:
        self._hangs_up = True

    def time_limit(self) -> float | None:
        return self._limit

    def _text_of_timeout(self) -> str:
        if isinstance(self._stand_in, asyncio_redis.AbstractConnection):
            return f"Timeout reading from {self._stand_in._host_error()}"
        return super()._text_of_timeout()

    def send(self, data: bytes | str, limit: float | None) -> bytes:
        """Execute the commands in *data* of a client that waits for *limit* seconds; return the replies.

        They are empty where they come later.
        """
        self._limit = limit
        self.sendall(data)
        if self._hangs_up:
            self.close()
        return self._taken()

    def _taken(self) -> bytes:
        """Return the bytes that come before anything else."""
        found = []
        while self._coming and isinstance(self._coming[0], bytes) and self._coming[0]:
            found.append(self._coming.popleft())
        return b"".join(found)  # type: ignore[arg-type]

    def read(self) -> bytes | None:
        """Return what comes next, nothing where the connection was closed, and None where nothing comes yet.

        Raises what a socket raises.
        """
        wait = self._peer.wait
        if wait is not None and wait.until is not None and self._server.monotonic() >= wait.until:
            self._server.end(wait)
        if not self._coming:
            return b"" if self._is_closed else None
        first = self._coming[0]
        if isinstance(first, bytes):
            return self._taken() if first else b""
        self._coming.popleft()
        if not isinstance(first, Late):
            raise first
        first.wait()
        if first.is_too_late:
            raise TimeoutError("timed out")
        return first.data

    def close(self) -> None:
        if not self._is_closed:
            super().close()
            self._coming.append(b"")

"""In the parent: the server's end of a connection that a client has in a child process."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .adapter import store_at
from .connection import Connection

if TYPE_CHECKING:
    from .addresses import Address

__all__ = ["open_end"]

_AT_ONCE = 1 << 30


def open_end(server: Address) -> ServedConnection:
    """Do what a client of *server* does as it connects."""
    return ServedConnection(server)


class _Client:
    """Stands for the client: how long that waits for an answer, in seconds; None for ever."""

    timeout: float | None = None


class ServedConnection:
    """A connection to *server* that a child sends commands on."""

    def __init__(self, server: Address) -> None:
        self._client = _Client()
        self._connection = Connection(partial(store_at, server), self._client)

    def send(self, data: bytes, limit: float | None) -> bytes:
        """Do the commands in *data* of a client that waits for *limit* seconds; return what is answered."""
        self._client.timeout = limit
        self._connection.sendall(data)
        return self._connection.taken()

    def read(self) -> bytes:
        """Return what comes next; raise what a socket raises."""
        return self._connection.recv(_AT_ONCE)

    def close(self) -> None:
        """Do nothing: there is nothing that is held open."""

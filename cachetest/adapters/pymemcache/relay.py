"""The connection that a client has in a child process: the server is in the parent."""

from __future__ import annotations

from contextlib import suppress
from os import getpid
from typing import Any

from ...errors import ChildOperationError
from ..relay import FarEnd
from .addresses import normal

__all__ = ["RelayedConnection"]


class RelayedConnection:
    """The other end of a connection of *client*, in the process of the parent."""

    def __init__(self, client: Any, libraries: frozenset[str]) -> None:
        """Open it; *libraries* are the packages that are not the caller."""
        self.process = getpid()
        self._client = client.timeout
        self._end = FarEnd("pymemcache", libraries, normal(client.server))

    def send(self, data: bytes) -> bytes:
        """Have the commands in *data* done, and return the answers that come at once."""
        found: bytes = self._end.do("send", data, self._client)
        return found

    def read(self) -> bytes:
        """Return what comes next; raise what a socket raises."""
        found: bytes = self._end.do("read")
        return found

    def close(self) -> None:
        """Leave the server, unless it is that of the process that this one was forked from."""
        if self.process == getpid():
            # A parent that is gone has closed it.
            with suppress(ChildOperationError, ConnectionError):
                self._end.do("close")

"""The servers that a test starts itself, in its own process: what connects to one is meant to reach it.

A test that speaks the protocol by a server of its own, to send what no real one would, waits until somebody
connects to it. It is known by its address from the moment it listens, and when it has gone, too: then nobody
answers there.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from .._recording.locks import make_lock

if TYPE_CHECKING:
    from .._patching.undo import Undo

__all__ = ["own_servers"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_WILDCARDS = frozenset({"", "0.0.0.0", "::"})


class OwnServers:
    """Where this process has listened since the first of those that watch it began to."""

    def __init__(self) -> None:
        self._lock = make_lock()
        self._watching: set[object] = set()
        # (host, port) of each, or the path of its socket.
        self._addresses: list[Any] = []
        self._listen: Any = None

    def watch(self, undo: Undo) -> None:
        """Take note of each server that starts, until *undo* runs."""
        token = object()
        undo.add(lambda: self._end(token))
        with self._lock:
            self._watching.add(token)
            if self._listen is None:
                self._addresses = []
                self._listen = _listening(self._addresses)
                socket.socket.listen = self._listen  # type: ignore[method-assign]

    def _end(self, token: object) -> None:
        with self._lock:
            self._watching.discard(token)
            if self._watching or self._listen is None:
                return
            if vars(socket.socket).get("listen") is self._listen:
                del socket.socket.listen
            self._listen = None
            self._addresses = []

    def has(self, address: object) -> bool:
        """Return whether there is one at *address*: ``(host, port)``, or ``(path,)``, or a path."""
        if not self._addresses:
            return False
        if isinstance(address, tuple) and len(address) == 2:
            host, port = str(address[0]).lower(), address[1]
            return any(
                not isinstance(each, str)
                and each[1] == port
                and (each[0] == host or (host in _LOOPBACK and each[0] in _LOOPBACK | _WILDCARDS))
                for each in self._addresses
            )
        path = address[0] if isinstance(address, tuple) else address
        return isinstance(path, (str, os.PathLike)) and os.fspath(path) in self._addresses


def _listening(addresses: list[Any]) -> Any:
    """Return the `listen` of sockets, which adds the address of each that listens to *addresses*."""
    # The class of eventlet has none, and hands it on to the socket that it wraps.
    found = getattr(socket.socket, "listen", None) or _handed_on

    def listen(self: socket.socket, *args: int) -> None:
        found(self, *args)
        at = self.getsockname()
        addresses.append(at[:2] if isinstance(at, tuple) else os.fsdecode(at))

    return listen


def _handed_on(self: Any, *args: int) -> None:
    self.__getattr__("listen")(*args)


own_servers = OwnServers()

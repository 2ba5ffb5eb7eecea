"""Sockets that a program has put in place of real ones by itself."""

from __future__ import annotations

import _socket
import socket
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .addresses import shown

if TYPE_CHECKING:
    from types import CodeType

__all__ = ["is_stand_in", "why_not_ours"]


def is_stand_in(module: Any, by_address: bool) -> bool:
    """Return whether a *module* for sockets is a program's own, and makes no real ones; it may raise."""
    if isinstance(module, ModuleType):
        return False
    # In the order in which the library asks for them.
    if by_address and module.getaddrinfo in (socket.getaddrinfo, _socket.getaddrinfo):
        return False
    made = module.socket
    return not (isinstance(made, type) and issubclass(made, _socket.socket))


def why_not_ours(client: Any, sock: object, code: CodeType, *, of_library: bool) -> str:
    """Return the text of the error that *code*, which may be *of_library*, gives *client* another socket."""
    cls, server = type(client).__qualname__, shown(client.server)
    what = f"{cls} for {server!r}"
    if of_library:
        return (
            f"{what} has a socket_module of its own, {client.socket_module!r}, which has made a real socket: "
            "leave it out where Pymemcache() is patched, which gives each client a server in memory"
        )
    if code is getattr(type(client)._connect, "__code__", None):
        return (
            f"{cls} connects in a way of its own, to {server!r}: its _connect has to call the one that it "
            "overrides"
        )
    return (
        f"{what} was given a socket of its own, {sock!r}, and nobody counts what goes through it: leave it "
        "out where Pymemcache() is patched, which gives each client a server in memory"
    )

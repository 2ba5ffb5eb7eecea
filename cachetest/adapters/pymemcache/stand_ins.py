"""Sockets that a program has put in place of real ones by itself."""

from __future__ import annotations

import _socket
import socket
from types import ModuleType
from typing import Any

__all__ = ["is_stand_in"]


def is_stand_in(module: Any, by_address: bool) -> bool:
    """Return whether a *module* for sockets is a program's own, and makes no real ones; it may raise."""
    if isinstance(module, ModuleType):
        return False
    # In the order in which the library asks for them.
    if by_address and module.getaddrinfo in (socket.getaddrinfo, _socket.getaddrinfo):
        return False
    made = module.socket
    return not (isinstance(made, type) and issubclass(made, _socket.socket))

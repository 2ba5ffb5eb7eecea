"""The addresses of memcached servers: checked, compared and shown."""

from __future__ import annotations

import re
from typing import Any, cast

from pymemcache.client.base import normalize_server_spec

__all__ = ["Address", "checked", "name_of", "normal", "shown"]

Address = str | tuple[str, int]


def checked(name: str, address: object) -> Address:
    """Return the server at *address*, given for the cache *name*; raise ``ValueError`` where it is none."""
    try:
        server = normal(normalize_server_spec(cast("Address", address)))
    except (AttributeError, TypeError, ValueError):
        server = ""
    if isinstance(server, str):
        is_server = server.startswith("/")
    else:
        is_server = len(server) == 2 and _is_host_and_port(*server, address)
    if not is_server:
        raise ValueError(
            f"{name}={address!r}: expected a memcached server: 'host:11211', 'host', ('host', 11211), or the "
            "path of its socket, '/var/run/memcached.sock'"
        )
    return server


def _is_host_and_port(host: str, port: int, address: object) -> bool:
    # A colon is in the brackets of an IPv6 address; one that is left over was not a port's.
    name = r"[^\s/]+" if isinstance(address, tuple) or "[" in str(address) else r"[^\s/:]+"
    return re.fullmatch(name, host) is not None and port in range(1, 65536)


def normal(server: Address) -> Address:
    """Return *server* as it is compared: a host's name is the same in capitals, and a port a number."""
    if not isinstance(server, tuple) or len(server) != 2:
        return server
    host, port = server
    return host.lower(), int(port)


def name_of(given: Any) -> str:
    """Return what texts name the server that a client is *given*; raises ``ValueError`` if it is none."""
    return shown(normal(normalize_server_spec(given)))


def shown(server: Address) -> str:
    """Return *server* as a text names it."""
    return server if isinstance(server, str) else f"{server[0]}:{server[1]}"

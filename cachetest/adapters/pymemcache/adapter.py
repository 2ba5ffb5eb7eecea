"""pymemcache: a swap of the socket of its clients, behind which is a memcached server in memory.

All of pymemcache stays in the tested path: its checks and prefixes of keys, its serialisers and flags,
noreply, its pools and its choice of a server. Clients made before the test are reached, with an open
connection too: it is kept aside, neither used nor closed, and is theirs again after the test.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from pymemcache.client.base import Client, normalize_server_spec

from ..._caches.attribution import cache_for, scope_of_caller
from ..._patching.undo import Undo, own_attribute
from ...errors import CacheTestError, closest_first
from ..base import Adapter
from ..registry import known_adapters
from .entries import key_of
from .protocol import Conversation
from .store import MemcachedStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches
    from ..._caches.scope import Scope

    Address = str | tuple[str, int]

__all__ = ["Pymemcache"]

# A framework that calls pymemcache for a program is no more the caller than pymemcache is.
_LIBRARIES = frozenset({"pymemcache", "django", "dogpile"})


class Pymemcache(Adapter):
    """Every pymemcache connection of the process is one cache ``"pymemcache"``; or each server, by name.

    ``Pymemcache(pages="h:11211", users="/var/run/memcached.sock")``: there a connection to any other server
    is an error. A test has one ``Pymemcache``. Nothing ever reaches the network; that a subclass of
    ``Client`` connects by a ``_connect`` of its own, that does not call the one it overrides, is an error.
    """

    name = "pymemcache"
    caches = known_adapters["pymemcache"].caches

    def __init__(self, **servers: Address) -> None:
        """Check the servers: each ``"host:port"``, ``"host"``, ``(host, port)``, or the path of a socket.

        Raises ``ValueError`` for what is none of these, and for a server that is given twice.
        """
        self._names: dict[Address, str] = {}
        for name, address in servers.items():
            server = _checked(name, address)
            other = self._names.setdefault(server, name)
            if other != name:
                raise ValueError(f"{other} and {name} are both the server {_shown(server)!r}: name it once")
        if servers:
            self.caches = tuple(servers)

    def install(self) -> Undo:
        """Swap the sockets of all clients, of those too that were made before."""
        return Undo(_swap)

    def patched_attributes(self) -> Mapping[str, object]:
        return {f"pymemcache.client.base.Client.{name}": own_attribute(Client, name) for name in _HOOKS}

    def scope_context(self, caches: MockCaches) -> None:
        """Remember which servers the scope that opens has."""
        for name in self.caches:
            _store_of(caches.ensure(name))
        scope = scope_of_caller()
        if scope is not None:
            _adapters[scope] = self

    def entry_key(self, cache: str, key: object) -> object:
        """Return bytes as text where they are UTF-8; the prefix of a client is for the program to give."""
        return key_of(key)

    def __repr__(self) -> str:
        return f"<Pymemcache adapter of {', '.join(self.caches)}>"

    def cache_of(self, server: Address) -> str:
        """Return the name of the cache that *server* is; raises `CacheTestError` if it is none."""
        if not self._names:
            return self.caches[0]
        if server in self._names:
            return self._names[server]
        address = _shown(server)
        known = ", ".join(closest_first(address, map(_shown, self._names)))
        raise CacheTestError(
            f"pymemcache was to connect to {address!r}, which is no cache of this test; these are, closest "
            f"first: {known}. Pymemcache(NAME={address!r}) makes it one; Pymemcache() makes one of all"
        )


class _Socket:
    """The connection of a client, to the store of the scope that each of its commands belongs to."""

    def __init__(self, server: Address) -> None:
        self._conversation = Conversation(lambda: _store_of(_cache_of(server)))
        self._answers = bytearray()

    def sendall(self, data: bytes) -> None:
        self._answers += self._conversation.send(data)

    def recv(self, size: int) -> bytes:
        if not self._answers and not self._conversation.closed:
            # Nobody else will ever answer.
            raise TimeoutError("timed out")
        head = bytes(self._answers[:size])
        del self._answers[:size]
        return head

    def close(self) -> None:
        """Do nothing: there is nothing that is held open."""


class _SockAttribute:
    """``Client.sock`` while patched: ours, and None until the client connects.

    A client's own stays in its ``__dict__``, where it is found again when this is gone.
    """

    def __get__(self, client: Any, cls: type) -> _Socket | None:
        if client is None:
            raise AttributeError(f"type object {cls.__name__!r} has no attribute 'sock'")
        return _sockets.get(client)

    def __set__(self, client: Any, sock: object) -> None:
        # A client that is made now connects anew when this is gone.
        vars(client).setdefault("sock", None)
        if sock is None:
            _sockets.pop(client, None)
        elif isinstance(sock, _Socket):
            _sockets[client] = sock
        else:
            raise CacheTestError(
                f"{type(client).__qualname__} connects in a way of its own, to {_shown(client.server)!r}: "
                "its _connect has to call the one that it overrides"
            )


def _connect(self: Any) -> None:
    self.sock = _Socket(_normal(self.server))


_HOOKS: dict[str, object] = {"sock": _SockAttribute(), "_connect": _connect}
# Only ours, for as long as they are swapped in.
_sockets: WeakKeyDictionary[Any, _Socket] = WeakKeyDictionary()
_adapters: WeakKeyDictionary[Scope, Pymemcache] = WeakKeyDictionary()


def _swap(undo: Undo) -> None:
    undo.add(_sockets.clear)
    for name, hook in _HOOKS.items():
        undo.set_attribute(Client, name, hook)


def _cache_of(server: Address) -> MockCache:
    """Return the cache that *server* is to the scope that an operation of the calling context belongs to."""
    scope = scope_of_caller()
    around = [] if scope is None else scope.lineage()
    adapter = next((_adapters[each] for each in around if each in _adapters), _default)
    return cache_for(adapter.cache_of(server))


def _store_of(cache: MockCache) -> MemcachedStore:
    store = cache.adapter_state("store", lambda: MemcachedStore(cache, _LIBRARIES))
    if cache.cache is not store:
        cache.cache = store
    return store


def _checked(name: str, address: object) -> Address:
    try:
        server = _normal(normalize_server_spec(cast("Address", address)))
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


def _normal(server: Address) -> Address:
    """Return *server* as it is compared: a host's name is the same in capitals, and a port a number."""
    if not isinstance(server, tuple) or len(server) != 2:
        return server
    host, port = server
    return host.lower(), int(port)


def _shown(server: Address) -> str:
    return server if isinstance(server, str) else f"{server[0]}:{server[1]}"


# The adapter of an operation that belongs to no scope, or to one without a Pymemcache.
_default = Pymemcache()

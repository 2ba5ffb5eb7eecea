"""pymemcache: a swap of the socket of its clients, behind which is a memcached server in memory.

All of pymemcache stays in the tested path: its checks and prefixes of keys, its serialisers and flags,
noreply, its pools and its choice of a server. Clients made before the test are reached, with an open
connection too: it is kept aside, neither used nor closed, and is theirs again after the test.
"""

from __future__ import annotations

import _socket
import sys
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheError

from ..._behaving.gate import text_of
from ..._caches.attribution import cache_for, is_late, scope_of_caller
from ..._caches.scope import marked
from ..._patching.undo import Undo, own_attribute
from ...errors import CacheTestError, closest_first
from ..base import Adapter
from ..calls_into import CallsInto
from ..outer_call import call_around
from ..own_servers import own_servers
from ..registry import known_adapters
from .addresses import checked, normal, shown
from .connection import Connection
from .entries import key_of
from .hash_memory import HASH_HOOKS, PLACES, HashClient
from .servers import Servers
from .stand_ins import is_stand_in, why_not_ours
from .storage import MemcachedStorage, failure_at, too_large
from .store import MemcachedStore
from .struck import carry_out, swap_sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import CodeType

    from ..._behaving.injection import Strike
    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches
    from ..._caches.scope import Scope
    from .addresses import Address

__all__ = ["Pymemcache", "store_at"]

# A framework that calls pymemcache for a program is no more the caller than pymemcache is.
_LIBRARIES = frozenset({"pymemcache", "django", "asgiref", "dogpile"})


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
            server = checked(name, address)
            other = self._names.setdefault(server, name)
            if other != name:
                raise ValueError(f"{other} and {name} are both the server {shown(server)!r}: name it once")
        if servers:
            self.caches = tuple(servers)

    def given(self) -> tuple[Sequence[object], Mapping[str, object]]:
        return (), {name: server for server, name in self._names.items()}

    def install(self) -> Undo:
        """Swap the sockets of all clients, of those too that were made before."""
        return Undo(_swap)

    def patched_attributes(self) -> Mapping[str, object]:
        return {
            f"{cls.__module__}.{cls.__name__}.{name}": own_attribute(cls, name)
            for cls, hooks in _HOOKS.items()
            for name in hooks
        }

    def scope_context(self, caches: MockCaches) -> None:
        """Remember which servers the scope that opens has."""
        for name in self.caches:
            _servers_of(caches.ensure(name))
        scope = scope_of_caller()
        if scope is not None:
            _adapters[scope] = self

    def resolution(self, cache: MockCache) -> float:
        return 1.0

    def entry_key(self, cache: str, key: object) -> object:
        """Return bytes as text where they are UTF-8; the prefix of a client is for the program to give."""
        if isinstance(key, tuple) and len(key) == 2:
            # A server, and the key in that.
            return key[0], key_of(key[1])
        return key_of(key)

    def carry_out(self, strike: Strike, proceed: Callable[[], Any]) -> Any:
        """Leave it to the connection, which decides for all commands of a packet before it does any."""
        return carry_out(super().carry_out, strike, proceed)

    def failure(self, cache: MockCache) -> Exception | None:
        return failure_at(())

    def too_large(self, cache: MockCache, key: object, size: int, limit: int) -> Exception | None:
        return too_large()

    def storage(self, cache: MockCache) -> MemcachedStorage:
        """Return what is kept on all servers of *cache*."""
        return MemcachedStorage(_servers_of(cache).stores)

    def __repr__(self) -> str:
        return f"<Pymemcache adapter of {', '.join(self.caches)}>"

    def cache_of(self, server: Address) -> str:
        """Return the name of the cache that *server* is; raises `CacheTestError` if it is none."""
        if not self._names:
            return self.caches[0]
        if server in self._names:
            return self._names[server]
        if call_around() is not None:
            # The caches of frameworks are at any server.
            return "pymemcache"
        address = shown(server)
        known = ", ".join(closest_first(address, map(shown, self._names)))
        raise CacheTestError(
            f"pymemcache was to connect to {address!r}, which is no cache of this test; these are, closest "
            f"first: {known}. Pymemcache(NAME={address!r}) makes it one; Pymemcache() makes one of all"
        )


class _SockAttribute:
    """``Client.sock`` while patched: ours, and None until the client connects.

    A client's own stays in its ``__dict__``, where it is found again when this is gone.
    """

    def __get__(self, client: Any, cls: type) -> Any:
        # By its id: to ask a WeakKeyDictionary takes longer than the command.
        found = _sockets.get(id(client))
        if found is not None and marked() is not None and not _at_rest:
            return found[1]
        if client is None:
            raise AttributeError(f"type object {cls.__name__!r} has no attribute 'sock'")
        if _has_real(client):
            return vars(client).get("sock")
        return None if found is None else found[1]

    def __set__(self, client: Any, sock: object) -> None:
        if _has_real(client):
            vars(client)["sock"] = sock
            return
        # A client that is made now connects anew when this is gone.
        vars(client).setdefault("sock", None)
        if sock is None:
            _sockets.pop(id(client), None)
        elif isinstance(sock, Connection) or _is_of_stand_in(sock, code := sys._getframe(1).f_code):
            at = id(client)
            _sockets[at] = ref(client, lambda _: _sockets.pop(at, None)), sock
        else:
            raise CacheTestError(
                why_not_ours(client, sock, code, of_library=code is _library_connect.__code__)
            )


def _is_of_stand_in(sock: object, code: CodeType) -> bool:
    """Return whether *sock*, which *code* sets, is no real one and was made by a program's socket_module."""
    return code is _library_connect.__code__ and not isinstance(sock, _socket.socket)


_library_connect = Client._connect


_connect_really: Any = Client._connect
_at_rest = False


def _rest(at_rest: bool) -> None:
    global _at_rest
    _at_rest = at_rest


def _has_real(client: Any) -> bool:
    """Return whether the caller, of *client*, has the server that is at its address."""
    return (
        (_at_rest and not is_late())
        or own_servers.has(getattr(client, "server", None))
        or not _calls.is_for_scope(client)
    )


def _connect(self: Any) -> None:
    if _has_real(self):
        _connect_really(self)
    elif is_stand_in(self.socket_module, isinstance(self.server, tuple)):
        # What it raises, or answers, is what the program is tested for.
        _library_connect(self)
    else:
        self.sock = Connection(partial(store_at, normal(self.server)), self)


def _extract_value(
    self: Any, expect_cas: Any, line: bytes, buf: Any, remapped_keys: Any, prefixed_keys: Any
) -> Any:
    """Read one value of an answer; what can't be deserialized was found all the same, and is refused."""
    try:
        return _real_extract_value(self, expect_cas, line, buf, remapped_keys, prefixed_keys)
    except (MemcacheError, OSError):
        raise
    except Exception as error:
        if _has_real(self):
            raise
        cache = _cache_of(normal(self.server))
        why = {"error": f"it can't be decoded: {text_of(error)}"}
        cache.record("refusal", key_of(line.split()[1]), _LIBRARIES, why)
        raise


_real_extract_value: Any = Client._extract_value


# What a thread from before has begun on a real connection ends on it.
_calls = CallsInto("pymemcache")
_HOOKS: dict[type, dict[str, object]] = {
    Client: {"sock": _SockAttribute(), "_connect": _connect, "_extract_value": _extract_value},
    HashClient: HASH_HOOKS,
}
# Ours, and those of a program's own socket_module, for as long as they are swapped in: by the ids of their
# clients, each with what takes it away as its client goes.
_sockets: dict[int, tuple[ref[Any], Any]] = {}
_adapters: WeakKeyDictionary[Scope, Pymemcache] = WeakKeyDictionary()


def _swap(undo: Undo) -> None:
    global _connect_really
    undo.add(_sockets.clear)
    undo.add(partial(_rest, False))
    undo.at_rest(_rest)
    own_servers.watch(undo)
    _connect_really = own_attribute(Client, "_connect")
    PLACES.move(undo)
    _calls.begin()
    for cls, hooks in _HOOKS.items():
        for name, hook in hooks.items():
            undo.set_attribute(cls, name, hook)
    swap_sleep(undo)
    undo.add(_calls.end)
    _calls.look()


def _cache_of(server: Address) -> MockCache:
    """Return the cache that *server* is to the scope that an operation of the calling context belongs to."""
    scope = scope_of_caller()
    around = [] if scope is None else scope.lineage()
    adapter = next((_adapters[each] for each in around if each in _adapters), _default)
    return cache_for(adapter.cache_of(server))


def store_at(server: Address) -> MemcachedStore:
    """Return the store of *server* in the scope that an operation of the calling context belongs to."""
    return _servers_of(_cache_of(server)).server(shown(server))


def _servers_of(cache: MockCache) -> Servers:
    """Return the servers of *cache*, made when they are first asked for."""
    servers = cache.adapter_state(
        "servers", lambda: Servers(partial(MemcachedStore, cache, _LIBRARIES)), Servers.begin_as
    )
    # Here, and not where they are made: of two threads that make them at once, one's are not kept.
    if cache.cache is not servers:
        cache.cache = servers
    return servers


# The adapter of an operation that belongs to no scope, or to one without a Pymemcache.
_default = Pymemcache()

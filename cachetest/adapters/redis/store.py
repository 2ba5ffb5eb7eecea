"""What one scope keeps of one Redis cache: the servers, and a live view of their entries."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from fakeredis import FakeRedis, FakeServer

from .keys import text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._caches.cache import MockCache

__all__ = ["Lifetimes", "Store", "store_of"]

Lifetimes = dict[tuple[FakeServer, int, bytes], float]
"""Until when a key (server, database, key) lives that was last seen with a time to live."""

# As many as Redis has unless it is configured otherwise.
_DATABASES = 16

# Read through the commands that a program would read them with, so that no detail of the server counts.
_READERS: dict[bytes, Callable[[Any, bytes], Any]] = {
    b"string": lambda client, key: client.get(key),
    b"hash": lambda client, key: client.hgetall(key),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"set": lambda client, key: client.smembers(key),
    b"zset": lambda client, key: dict(client.zrange(key, 0, -1, withscores=True)),
    b"stream": lambda client, key: client.xrange(key),
}


class Store:
    """The servers of one cache in one scope, and what each connection has there.

    ``states`` has, for each connection, the attributes that are its own in this scope.
    """

    def __init__(self, cache: MockCache) -> None:
        self.cache = cache
        self.entries = Entries(self)
        self.servers: dict[object, FakeServer] = {}
        self.states: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
        self._clients: dict[tuple[FakeServer, int], Any] = {}
        self.lifetimes: Lifetimes = {}

    def server(self, address: object) -> FakeServer:
        """Return the server at *address*, made when it is first connected to."""
        found = self.servers.get(address)
        if found is None:
            found = FakeServer()
            # A database that two threads make at once, by their first command, would be two.
            for number in range(_DATABASES):
                found.dbs[number]
            found = self.servers.setdefault(address, found)
        return found

    def clients(self) -> Iterator[Any]:
        """Yield a client, uncounted, of each first database and of each that has something."""
        for server in list(self.servers.values()):
            for number in range(_DATABASES):
                if number == 0 or len(server.dbs[number]):
                    client = self._clients.get((server, number))
                    if client is None:
                        client = self._clients[server, number] = FakeRedis(
                            server=server, db=number, protocol=2
                        )
                    yield client


def store_of(cache: MockCache) -> Store:
    """Return the store of *cache*, made when it is first asked for."""
    store: Store = cache.adapter_state("store", lambda: Store(cache))
    # Here, and not where it is made: of two threads that make one at once, one's is not kept.
    if cache.cache is not store.entries:
        cache.cache = store.entries
    return store


class Entries(MutableMapping[Any, Any]):
    """The entries of a store by key: text, or bytes that are no UTF-8; ``(key, field)`` finds one of a hash.

    Strings are bytes, and hashes, lists, sets, sorted sets (member to score) and streams what redis-py makes
    of them. Where several databases have a key, the first one's is shown.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getitem__(self, key: object) -> Any:
        if isinstance(key, tuple) and len(key) == 2:
            return self[key[0]][_raw(key[1])]
        raw = _raw(key)
        for client in self._store.clients():
            kind = client.type(raw)
            if kind in _READERS:
                return _READERS[kind](client, raw)
        raise KeyError(key)

    def __setitem__(self, key: object, value: Any) -> None:
        for client in self._store.clients():
            client.set(_raw(key), value)
            return
        raise KeyError(f"{key!r} can't be put here before a connection was made: put it by a client")

    def __delitem__(self, key: object) -> None:
        if not sum(client.delete(_raw(key)) for client in self._store.clients()):
            raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(
            dict.fromkeys(text_of(key) for client in self._store.clients() for key in client.scan_iter())
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Empty every database of every server."""
        for client in self._store.clients():
            client.flushdb()
        self._store.lifetimes.clear()

    def __repr__(self) -> str:
        return repr(dict(self))


def _raw(key: object) -> bytes:
    if isinstance(key, (bytes, bytearray)):
        return bytes(key)
    if isinstance(key, str):
        return key.encode()
    raise KeyError(key)

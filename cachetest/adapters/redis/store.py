"""The servers of one Redis cache in one scope."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from fakeredis import FakeRedis

from ..._behaving.clock import now
from ..._recording.lifetimes import Term
from ..outer_call import TENANTS, tenants_of
from .addresses import url_of
from .entries import Entries
from .keys import text_of
from .waits import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._caches.cache import MockCache
    from .addresses import Address

__all__ = ["Lifetimes", "Store", "store_of"]

Lifetimes = dict[tuple[Server, int, bytes], float]
"""Until when a key (server, database, key) lives that was last seen with a time to live."""

# As many as Redis has unless it is configured otherwise.
_DATABASES = 16


class Store:
    """The servers of one cache in one scope, and what each connection has there.

    The caches of a scope share one server for each host and port. ``states`` has, for each connection, the
    attributes that are its own in this scope.
    """

    def __init__(self, cache: MockCache, only: frozenset[Address] | None) -> None:
        """Have the databases that are *only* the cache's; None for all that there are."""
        self.cache = cache
        self._only = only
        self.entries = Entries(self)
        self.servers: dict[Address, Server] = cache.shared.setdefault("redis servers", {})
        self.lifetimes: Lifetimes = cache.shared.setdefault("redis lifetimes", {})
        self._beside: list[Store] = cache.shared.setdefault("redis stores", [])
        self.states: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
        self._clients: dict[tuple[Server, int], Any] = {}
        # What the connection that used a key last makes of it, by URL and key, where that is not bytes.
        self.decoders: dict[tuple[str, object], Callable[[Any], Any]] = {}

    def server(self, address: Address) -> Server:
        """Return the server at *address*, made when it is first connected to."""
        found = self.servers.get(address)
        if found is None:
            found = Server(self.cache.shared)
            # A database that two threads make at once, by their first command, would be two.
            for number in range(_DATABASES):
                found.dbs[number]
            found = self.servers.setdefault(address, found)
        return found

    def numbers(self, address: Address) -> list[int]:
        """Return the numbers of the databases of the server at *address* that are of this cache."""
        only = self._only
        return [number for number in range(_DATABASES) if only is None or (*address, number) in only]

    def places(self) -> list[tuple[Server, int]]:
        """Return each database of this cache, on each server that was connected to."""
        return [
            (server, number)
            for address, server in list(self.servers.items())
            for number in self.numbers(address)
        ]

    def on_server(self, address: Address) -> list[MockCache]:
        """Return the caches that have databases of the server at *address*, this one and frameworks' too."""
        stores = [self, *(each for each in self._beside if each is not self)]
        found = [each.cache for each in stores if each.numbers(address)]
        tenants = self.cache.shared.get(TENANTS, {})
        return found + [tenants[name] for name in tenants_of(address) if name in tenants]

    def begin_as(self, other: Store, copied: Callable[[object, Any], Any]) -> list[object]:
        """Take over what the servers of *other* have, and return the keys as they are logged."""
        keys: list[object] = []
        for address, server in other.servers.copy().items():
            own = self.server(address)
            # Each server once, whichever of its caches is used first.
            with own.lock:
                if not own.is_copied:
                    own.is_copied = True
                    own.script_cache.update(server.script_cache)
                    for number, database in list(server.dbs.items()):
                        self._copy(own, number, database, copied)
                    for (of, number, key), until in other.lifetimes.copy().items():
                        if of is server:
                            self.lifetimes[own, number, key] = until
                    own.born.update(server.born.copy())
            for number in other.numbers(address):
                with server.lock:
                    found = list(server.dbs[number]._dict)
                keys += map(text_of, found)
        return keys

    def _copy(self, own: Server, number: int, database: Any, copied: Callable[[object, Any], Any]) -> None:
        with database.condition:
            items = database._dict.copy()
        for key, item in items.items():
            made = copy.copy(item)
            made.value = copied(text_of(key), item.value)
            own.dbs[number][key] = made

    def databases(self) -> Iterator[tuple[str, Any]]:
        """Yield URL and client, uncounted, of each first database and of each that has something."""
        for address, server in list(self.servers.items()):
            numbers = self.numbers(address)
            for number in numbers:
                if number == numbers[0] or len(server.dbs[number]):
                    client = self._clients.get((server, number))
                    if client is None:
                        client = self._clients[server, number] = FakeRedis(
                            server=server, db=number, protocol=2
                        )
                    yield url_of((*address, number)), client

    def contents(self) -> Iterator[tuple[str, bytes, object]]:
        """Yield URL, key and value of each entry of each database; of what is no string, None for the value.

        A command for each would take as long as a program's.
        """
        for address, server in list(self.servers.items()):
            for number in self.numbers(address):
                with server.lock:
                    found = list(server.dbs[number]._dict.items())
                present, url = now(), url_of((*address, number))
                for key, item in found:
                    if item.expireat is None or item.expireat >= present:
                        yield url, key, item.value if type(item.value) is bytes else None

    def terms_of(self, url: str, key: bytes, field: bytes | None) -> Term:
        """Return when the entry of *key*, or a *field* of a hash, got its time, and when that is over."""
        for address, server in list(self.servers.items()):
            for number in self.numbers(address):
                if url_of((*address, number)) == url:
                    return _term_of(server, number, key, field)
        return Term(None, None)

    def clients(self) -> Iterator[Any]:
        """Yield the clients of `databases`."""
        for _, client in self.databases():
            yield client

    def drop(self) -> None:
        """Empty every database of this cache, and tell nobody: a WATCH, or who waits, sees no change."""
        for address, server in list(self.servers.items()):
            with server.lock:
                for number in self.numbers(address):
                    if server.dbs[number]._dict:
                        server.dbs[number]._dict.clear()
        self._forget_lifetimes()

    def forget_times(self) -> None:
        """Forget until when the entries lived that were there, and how clients decode them."""
        self._forget_lifetimes()
        self.decoders.clear()

    def _forget_lifetimes(self) -> None:
        for address, server in list(self.servers.items()):
            numbers = self.numbers(address)
            for place in list(self.lifetimes):
                if place[0] is server and place[1] in numbers:
                    self.lifetimes.pop(place, None)


def _term_of(server: Server, number: int, key: bytes, field: bytes | None) -> Term:
    with server.lock:
        item = server.dbs[number]._dict.get(key)
        if item is None:
            return Term(None, None)
        ends = getattr(item.value, "get_key_expireat", None) if field is not None else None
        end = None if ends is None else ends(field)
        if end is not None and (item.expireat is None or end / 1000 < item.expireat):
            return Term(None, end / 1000)
        return Term(server.born.get((number, key)), item.expireat)


def store_of(cache: MockCache, only: frozenset[Address] | None = None) -> Store:
    """Return the store of *cache*, made when it is first asked for; the databases that are *only* its."""
    store: Store = cache.adapter_state("store", lambda: Store(cache, only), Store.begin_as)
    # Here, and not where it is made: of two threads that make one at once, one's is not kept.
    if cache.cache is not store.entries:
        cache.cache = store.entries
        store._beside.append(store)
    return store

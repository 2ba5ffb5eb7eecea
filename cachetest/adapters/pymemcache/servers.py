"""The memcached servers of one cache in one scope, and a view of the entries of all of them."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from ...errors import CacheTestError, closest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._recording.lifetimes import Term
    from .store import MemcachedStore

__all__ = ["Servers"]


class Servers(MutableMapping[object, Any]):
    """The entries of all servers of a cache, as a mapping of key to value.

    A key that several servers have is there as ``(server, key)``, once for each: that finds the entry of one
    server, also where there is only one. The key alone finds the first. An entry that is put here by hand,
    with no server named, is put in each, those too that are connected to later: a client may choose any.
    """

    def __init__(self, make: Callable[[str], MemcachedStore]) -> None:
        """Have no server yet; *make* makes the one of a name."""
        self._make = make
        self._servers: dict[str, MemcachedStore] = {}
        self._of_every_server: dict[object, bytes] = {}

    def server(self, name: str) -> MemcachedStore:
        """Return the server called *name*, made when it is first connected to."""
        found = self._servers.get(name)
        if found is None:
            made = self._make(name)
            made.update(self._of_every_server)
            # setdefault is atomic: of two threads that make one at once, both get the same.
            found = self._servers.setdefault(name, made)
        return found

    def begin_as(self, other: Servers, copied: Callable[[object, Any], Any]) -> list[object]:
        """Take over what the servers of *other* have, and return the keys as they are logged."""
        self._of_every_server.update(other._of_every_server)
        keys = list(self._of_every_server)
        for name, server in other._servers.copy().items():
            keys += self.server(name).begin_as(server, copied)
        return keys

    def terms_of(self, key: object) -> dict[str, Term]:
        """Return when *key* was put, and when it ends, in each server that has it."""
        there = self.places_of(key)
        return {name: each.term_of(inner) for name, each, inner in self._wanted(key) if name in there}

    def places_of(self, key: object) -> dict[str, bytes]:
        """Return the value of *key* in each server that has it."""
        found = {name: each.get(inner) for name, each, inner in self._wanted(key)}
        return {name: value for name, value in found.items() if value is not None}

    def entry_of(self, key: object) -> tuple[bytes, int] | None:
        """Return value and flags of *key*, as a client has sent them, in the first server that has it."""
        for _, each, inner in self._wanted(key):
            found = each.sent_for(inner)
            if found is not None:
                return found
        return None

    def place_named(self, at: str) -> str:
        """Return the name of a server as `places_of` has it; a clear error if nothing has connected there."""
        if at not in self._servers:
            known = closest_first(str(at), self._servers)
            there_are = f"there are, the closest first: {', '.join(known)}" if known else "there is none"
            raise CacheTestError(f"at={at!r}: nothing has connected to this server in the test; {there_are}")
        return at

    def _wanted(self, key: object) -> list[tuple[str, MemcachedStore, object]]:
        """Return the servers that *key* may be in, and what it is called there."""
        # A copy is made at once; other threads connect to others meanwhile.
        servers = list(self._servers.items()) or [("", self._unconnected())]
        if isinstance(key, tuple) and len(key) == 2:
            return [(name, each, key[1]) for name, each in servers if name == key[0]]
        return [(name, each, key) for name, each in servers]

    def stores(self) -> list[MemcachedStore]:
        """Return each server that was connected to, or one that has what was put there by hand."""
        return list(self._servers.values()) or [self._unconnected()]

    def _unconnected(self) -> MemcachedStore:
        made = self._make("")
        made.update(self._of_every_server)
        return made

    def __getitem__(self, key: object) -> bytes:
        for value in self.places_of(key).values():
            return value
        raise KeyError(key)

    def __setitem__(self, key: object, value: bytes) -> None:
        if isinstance(key, tuple) and len(key) == 2:
            self.server(key[0])[key[1]] = value
            return
        for _, each, _ in self._wanted(key):
            each[key] = value
        self._of_every_server[key] = value

    def __delitem__(self, key: object) -> None:
        found = [(each, inner) for _, each, inner in self._wanted(key) if inner in each]
        if not found:
            raise KeyError(key)
        for each, inner in found:
            del each[inner]
        self._of_every_server.pop(key, None)

    def __iter__(self) -> Iterator[object]:
        places: dict[object, list[str]] = {}
        for name, each in list(self._servers.items()) or [("", self._unconnected())]:
            for key in each:
                places.setdefault(key, []).append(name)
        for key, names in places.items():
            yield from [key] if len(names) == 1 else [(name, key) for name in names]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Empty every server."""
        self._of_every_server.clear()
        for each in list(self._servers.values()):
            each.clear()

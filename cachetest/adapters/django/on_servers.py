"""The entries of an alias whose back end has a server in memory, decoded as that back end decodes them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .call import Call
from .places import places_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..._caches.cache import MockCache
    from ..._caches.caches import MockCaches
    from .call import Found
    from .kinds import Kind

__all__ = ["MemcachedEntries", "RedisEntries"]

_READERS: dict[bytes, Any] = {
    b"hash": lambda client, key: client.hgetall(key),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"set": lambda client, key: client.smembers(key),
    b"zset": lambda client, key: dict(client.zrange(key, 0, -1, withscores=True)),
    b"stream": lambda client, key: client.xrange(key),
}


class _ByHand(Call):
    """A call that a test makes by the entries: keys are made already, and nothing is counted."""

    def __init__(self, kind: Kind, held: Any, mock: MockCache, asked: str) -> None:
        super().__init__(kind, held, mock, asked)
        names = ("make_key", "make_and_validate_key", "key_func")
        self.special = {**self.special, **dict.fromkeys(names, _as_it_is)}


def _as_it_is(call: Call, name: str, found: Found) -> Any:
    return lambda key, *_, **__: key


class _OnServer:
    def __init__(self, scope: MockCaches, mock: MockCache, kind: Kind, held: Any) -> None:
        self._scope = scope
        self._mock = mock
        self._kind = kind
        self._held = held

    def _find(self, key: Any) -> Iterator[tuple[str, Any]]:
        """Yield the value of *key* in each place that has it, and the place."""
        raise NotImplementedError

    def places_of(self, key: Any) -> dict[str, Any]:
        """Return the value of *key* by the places that have it; ``(place, key)`` is about one of them."""
        place = None
        if isinstance(key, tuple) and len(key) == 2 and key[0] in places_of(self._kind):
            place, key = key
        return {at: value for at, value in self._find(key) if place in (None, at)}

    def terms_of(self, key: Any) -> dict[str, Any]:
        """Return when the entry of *key* was put, and when it ends, by the places that have it."""
        inner = key[1] if isinstance(key, tuple) and key[0] in places_of(self._kind) else key
        return {at: term for at in self.places_of(key) for term in self._terms(at, inner)}

    def _terms(self, at: str, key: Any) -> Iterator[Any]:
        """Yield when *key* was put in the place *at*, and when it ends."""
        raise NotImplementedError

    def read(self, key: str) -> Any:
        """Return the value of *key*; raises KeyError where there is none."""
        for value in self.places_of(key).values():
            return value
        raise KeyError(key)

    def write(self, key: str, value: Any) -> None:
        """Put an entry that stays, as the back end encodes it."""
        _ByHand(self._kind, self._held, self._mock, "set").run(lambda: self._held.set(key, value, None))

    def remove(self, key: str) -> None:
        """Forget the entry of *key*; raises KeyError where there is none."""
        if not _ByHand(self._kind, self._held, self._mock, "delete").run(lambda: self._held.delete(key)):
            raise KeyError(key)


class RedisEntries(_OnServer):
    """The entries in the database of a back end on Redis."""

    def _terms(self, at: str, key: Any) -> Iterator[Any]:
        for cache in self._caches():
            entries: Any = cache.cache
            yield from entries.terms_of((at, key)).values()

    def _caches(self) -> Iterator[MockCache]:
        from ..redis.entries import Entries

        yield from (each for each in tuple(self._scope.by_name().values()) if isinstance(each.cache, Entries))

    def _clients(self) -> Iterator[tuple[str, Any]]:
        from ..redis.store import store_of

        wanted = places_of(self._kind)
        for cache in self._caches():
            for url, client in store_of(cache).databases():
                if url in wanted:
                    yield url, client

    def live(self) -> list[str]:
        """Return the keys of the entries that have not expired."""
        found = [key for _, client in self._clients() for key in client.scan_iter()]
        return [key.decode(errors="backslashreplace") for key in found]

    keys = live

    def drop(self, keys: Iterable[Any]) -> None:
        """Forget the entries of *keys*, if there are any."""
        names = [str(key) for key in keys]
        for _, client in self._clients() if names else ():
            client.delete(*names)

    def _find(self, key: Any) -> Iterator[tuple[str, Any]]:
        key, field = key if isinstance(key, tuple) else (key, None)
        for url, client in self._clients():
            kind = client.type(key)
            if kind == b"hash" and field is not None:
                value = client.hget(key, field)
                if value is not None:
                    yield url, self._decoded(value)
            elif kind == b"string":
                yield url, self._decoded(client.get(key))
            elif kind in _READERS:
                yield url, _READERS[kind](client, key)

    def _decoded(self, raw: bytes) -> Any:
        try:
            if self._kind.makes_keys_below:
                return self._held.client.decode(raw)
            return self._held._cache._serializer.loads(raw)
        except Exception:
            # Somebody else's, in the same database.
            return raw


class MemcachedEntries(_OnServer):
    """The entries of a back end on memcached."""

    def _terms(self, at: str, key: Any) -> Iterator[Any]:
        for each in self._servers():
            yield from each.terms_of((at, key)).values()

    def _servers(self) -> Iterator[Any]:
        from ..pymemcache.servers import Servers

        for cache in tuple(self._scope.by_name().values()):
            if isinstance(cache.cache, Servers):
                yield cache.cache

    def live(self) -> list[str]:
        """Return the keys of the entries that have not expired."""
        found = [key[1] if isinstance(key, tuple) else key for each in self._servers() for key in each]
        return list(dict.fromkeys(map(str, found)))

    keys = live

    def drop(self, keys: Iterable[Any]) -> None:
        """Forget the entries of *keys*, if there are any."""
        for each in self._servers():
            for key in keys:
                with suppress(KeyError):
                    del each[key]

    def _find(self, key: Any) -> Iterator[tuple[str, Any]]:
        serde = self._held._options.get("serde")
        for each in self._servers():
            for name in each.places_of(key):
                entry = each.entry_of((name, key))
                if entry is not None:
                    value, flags = entry
                    yield name, value if serde is None else serde.deserialize(key.encode(), value, flags)

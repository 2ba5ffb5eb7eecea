"""A live view of the entries of a Redis cache in one scope."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, MutableMapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import CacheTestError, closest_first
from .addresses import address_in, url_of
from .keys import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..._recording.lifetimes import Term
    from .addresses import Address

__all__ = ["Entries"]

# Read through the commands that a program would read them with, so that no detail of the server counts.
_READERS: dict[bytes, Callable[[Any, bytes], Any]] = {
    b"string": lambda client, key: client.get(key),
    b"hash": lambda client, key: client.hgetall(key),
    b"list": lambda client, key: client.lrange(key, 0, -1),
    b"set": lambda client, key: client.smembers(key),
    b"zset": lambda client, key: dict(client.zrange(key, 0, -1, withscores=True)),
    b"stream": lambda client, key: client.xrange(key),
}


class Store(Protocol):
    """A store, as far as it matters here."""

    @property
    def servers(self) -> Mapping[Address, object]: ...
    @property
    def decoders(self) -> Mapping[tuple[str, object], Callable[[Any], Any]]: ...
    def databases(self) -> Iterator[tuple[str, Any]]: ...
    def contents(self) -> Iterator[tuple[str, bytes, object]]: ...
    def clients(self) -> Iterator[Any]: ...
    def forget_times(self) -> None: ...
    def terms_of(self, url: str, key: bytes, field: bytes | None) -> Term: ...


class Entries(MutableMapping[Any, Any]):
    """The entries of a store by key: text, or bytes that are no UTF-8; ``(key, field)`` finds one of a hash.

    Strings are bytes, and hashes, lists, sets, sorted sets (member to score) and streams what redis-py makes
    of them. A key that several databases have is there as ``(url, key)``, once for each: that finds the entry
    in one database, also where there is only one. The key alone finds the first.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def terms_of(self, key: object) -> dict[str, Term]:
        """Return when the entry of *key* was given its time, and when that is over, by the URL."""
        found = {}
        for place in self.places_of(key):
            inner = key[1] if isinstance(key, tuple) and len(key) == 2 and key[0] == place else key
            name, field = inner if isinstance(inner, tuple) and len(inner) == 2 else (inner, None)
            raw_field = None if field is None else _raw(field)
            found[place] = self._store.terms_of(place, _raw(name), raw_field)
        return found

    def places_of(self, key: object) -> dict[str, Any]:
        """Return the value of *key* in each server and database that has it, by the URL of that."""
        found = {}
        for url, client, inner in self._wanted(key):
            field: object = None
            if isinstance(inner, tuple) and len(inner) == 2:
                inner, field = inner
            try:
                raw, raw_field = _raw(inner), None if field is None else _raw(field)
            except KeyError:
                continue
            kind = client.type(raw)
            if kind in _READERS:
                value = _READERS[kind](client, raw)
                if raw_field is None:
                    found[url] = value
                elif isinstance(value, dict) and raw_field in value:
                    found[url] = value[raw_field]
        return found

    def place_named(self, at: str) -> str:
        """Return the URL of a server and database as `places_of` has it; a clear error if there is none."""
        expected = f"at={at!r}: expected a URL such as 'redis://localhost:6379/0'"
        if not isinstance(at, str):
            raise TypeError(expected)
        try:
            *server, number = address_in(at)
        except ValueError as error:
            raise ValueError(f"{expected}: {error}") from None
        url = url_of((*server, number))
        if tuple(server) not in self._store.servers:
            known = closest_first(url, [place for place, _ in self._store.databases()])
            there_are = f"there are, the closest first: {', '.join(known)}" if known else "there is none"
            raise CacheTestError(f"at={at!r}: nothing has connected to this server in the test; {there_are}")
        return url

    def decoder_of(self, place: str, key: object) -> Callable[[Any], Any] | None:
        """Return what makes of the value of *key* what the client that used it last does, if not bytes."""
        name = text_of(key[0] if isinstance(key, tuple) and len(key) == 2 else key)
        decode = self._store.decoders.get((place, name))
        return None if decode is None else partial(_decoded, decode)

    def _wanted(self, key: object) -> Iterator[tuple[str, Any, object]]:
        """Yield the databases that *key* may be in, and what it is called there."""
        databases = list(self._store.databases())
        named = [each for each in databases if isinstance(key, tuple) and len(key) == 2 and each[0] == key[0]]
        for url, client in named or databases:
            yield url, client, key[1] if named else key  # type: ignore[index]

    def __getitem__(self, key: object) -> Any:
        for value in self.places_of(key).values():
            return value
        raise KeyError(key)

    def __setitem__(self, key: object, value: Any) -> None:
        for _, client, inner in self._wanted(key):
            client.set(_raw(inner), value)
            return
        raise KeyError(f"{key!r} can't be put here before a connection was made: put it by a client")

    def __delitem__(self, key: object) -> None:
        if not sum(client.delete(_raw(inner)) for _, client, inner in list(self._wanted(key))):
            raise KeyError(key)

    def __iter__(self) -> Iterator[Any]:
        return iter([key for key, _ in self._with_strings()])

    def items(self) -> ItemsView[Any, Any]:
        return _Items(self)

    def _with_strings(self) -> list[tuple[Any, object]]:
        """Return each key, and its value where that is a string; else None."""
        places: dict[Any, list[tuple[str, object]]] = {}
        for url, raw, value in self._store.contents():
            places.setdefault(text_of(raw), []).append((url, value))
        found: list[tuple[Any, object]] = []
        for key, there in places.items():
            if len(there) == 1:
                found.append((key, there[0][1]))
            else:
                found += [((url, key), value) for url, value in there]
        return found

    def __len__(self) -> int:
        return len(self._with_strings())

    def clear(self) -> None:
        """Empty every database of every server."""
        for client in self._store.clients():
            client.flushdb()
        self._store.forget_times()

    def __repr__(self) -> str:
        return repr(dict(self))


class _Items(ItemsView[Any, Any]):
    """The entries with their values: those of strings as they are there, the others read one by one."""

    _mapping: Entries

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        for key, value in self._mapping._with_strings():
            # It may have been deleted meanwhile.
            with suppress(KeyError):
                yield key, self._mapping[key] if value is None else value


def _decoded(decode: Callable[[Any], Any], value: Any) -> Any:
    """Return *value* with all bytes in it decoded."""
    if isinstance(value, bytes):
        return decode(value)
    if isinstance(value, dict):
        return {decode(key): _decoded(decode, each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(_decoded(decode, each) for each in value)
    return value


def _raw(key: object) -> bytes:
    if isinstance(key, (bytes, bytearray)):
        return bytes(key)
    if isinstance(key, str):
        return key.encode()
    raise KeyError(key)

"""What a fault finds and changes in the databases of a server: items as fakeredis keeps them, uncounted."""

from __future__ import annotations

import copy
import errno
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from redis import exceptions
from redis.connection import DefaultParser

from ..._behaving.call import MISSING
from ..._behaving.clock import now
from ..._behaving.storage import Storage
from .addresses import address_in, url_of
from .entries import Entries
from .keys import text_of
from .store import store_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..._caches.cache import MockCache
    from .store import Lifetimes
    from .waits import Server

    Place = tuple[Server, int]

__all__ = ["RedisStorage", "failure_at", "storage_at", "too_large"]


class _Stored(NamedTuple):
    """The items of one key by their places, each with what was seen of its time, and a field of a hash."""

    field: bytes | None
    items: dict[Place, tuple[Any, float | None]]


class RedisStorage(Storage):
    """The entries in some databases, by key: text, bytes, or ``(key, field)`` for one value of a hash."""

    def __init__(self, places: Callable[[], Sequence[Place]], lifetimes: Lifetimes) -> None:
        """Be about what is at *places*, which is asked each time; *lifetimes* are those of the store."""
        super().__init__({})
        self._places = places
        self._lifetimes = lifetimes

    def live_keys(self) -> Iterable[object]:
        """Return the keys of the live entries."""
        found: dict[object, None] = {}
        for server, number in self._places():
            with server.lock:
                present = now()
                items = list(server.dbs[number]._dict.items())
            live = [key for key, item in items if item.expireat is None or item.expireat > present]
            found.update(dict.fromkeys(map(text_of, live)))
        return list(found)

    def read(self, key: object) -> Any:
        """Return copies of the items of *key*; `MISSING` if there are none."""
        raw, field = _raw(key)
        if raw is None:
            return MISSING
        items = {}
        for place in self._places():
            server, number = place
            with server.lock:
                item = server.dbs[number]._dict.get(raw)
                if item is not None and (item.expireat is None or item.expireat > now()):
                    items[place] = _copied(item), self._lifetimes.get((server, number, raw))
        return _Stored(field, items) if items else MISSING

    def write(self, key: object, stored: Any) -> None:
        """Put the items in what is *stored* in their places, and take out what is in the others."""
        raw, _ = _raw(key)
        if raw is None:
            return
        for place in self._places():
            server, number = place
            at = server, number, raw
            found = None if stored is MISSING else stored.items.get(place)
            with server.lock:
                database = server.dbs[number]
                if found is None:
                    database._dict.pop(raw, None)
                    self._lifetimes.pop(at, None)
                    continue
                item, until = found
                # That of a put that is undone is none of this item.
                server.born.pop((number, raw), None)
                database._dict[raw] = made = _copied(item)
                if made.expireat is not None:
                    database.schedule_expiry(raw, made.expireat)
                if until is None:
                    self._lifetimes.pop(at, None)
                else:
                    self._lifetimes[at] = until

    def content(self, stored: Any) -> Any:
        """Return the bytes of a string, or of one field of a hash; else what fakeredis has."""
        value, field = next(iter(stored.items.values()))[0].value, stored.field
        return value if field is None or type(value) is bytes else value[field]

    def with_content(self, stored: Any, content: Any) -> Any:
        """Return *stored* with other bytes in place of those."""
        if isinstance(content, str):
            content = content.encode()
        made: dict[Place, tuple[Any, float | None]] = {}
        field: Any = stored.field
        for place, (item, until) in stored.items.items():
            changed = _copied(item)
            if field is None or type(changed.value) is bytes:
                changed.value = bytes(content)
            else:
                changed.value._values[field] = bytes(content)
            made[place] = changed, until
        return _Stored(field, made)

    def is_same(self, one: Any, other: Any) -> bool:
        # What was read elsewhere may have the items of other databases as well.
        found, then = ({} if each is MISSING else each.items for each in (one, other))
        return all(_are_same(found.get(place), then.get(place)) for place in self._places())


def _are_same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    (item, _), (then, _) = one, other
    # A string is the same as long as nothing is written; others are copied.
    return item.value is then.value and item.expireat == then.expireat


def _copied(item: Any) -> Any:
    made = copy.copy(item)
    made.value = item.value if type(item.value) is bytes else copy.deepcopy(item.value)
    return made


def _raw(key: object) -> tuple[bytes | None, bytes | None]:
    """Return a key of the log, and a field of it, as the server has them; None for what is none."""
    field: object = None
    if isinstance(key, tuple) and len(key) == 2:
        key, field = key
    raw = (
        key.encode() if isinstance(key, str) else bytes(key) if isinstance(key, (bytes, bytearray)) else None
    )
    return raw, field.encode() if isinstance(field, str) else field if isinstance(field, bytes) else None


def storage_at(caches: Iterable[MockCache], urls: Sequence[str]) -> RedisStorage:
    """Return the items in the databases at *urls*, in whichever of *caches* they are served."""
    stores = [store_of(cache) for cache in caches if isinstance(cache.cache, Entries)]

    def places() -> list[Place]:
        found: dict[Place, None] = {}
        for store in stores:
            for address, server in list(store.servers.items()):
                for number in store.numbers(address):
                    if url_of((*address, number)) in urls:
                        found[server, number] = None
        return list(found)

    # The caches of a scope share them.
    return RedisStorage(places, stores[0].lifetimes if stores else {})


def failure_at(urls: Sequence[str]) -> Exception:
    """Return the error of a client that can't reach a server, the first of those at *urls*."""
    *address, _ = address_in(urls[0]) if urls else ("localhost", 6379, 0)
    where = ":".join(map(str, address))
    return _connection_error(
        f"Error {errno.ECONNREFUSED} connecting to {where}. {os.strerror(errno.ECONNREFUSED)}."
    )


def too_large() -> Exception:
    """Return the error that a server replies with where there is no room for an entry."""
    # Its class is not the same in each release of redis-py.
    error: Exception = DefaultParser(socket_read_size=16).parse_error(
        "OOM command not allowed when used memory > 'maxmemory'."
    )
    return error


def _connection_error(text: str) -> Exception:
    error: Exception = exceptions.ConnectionError(text)
    return error

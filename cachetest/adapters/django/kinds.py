"""The kinds of back ends that there are, by what has to be done for one to run in a scope of its own.

A back end runs as it is, on entries of the scope: in memory, in a folder, or on a server in memory. One that
would reach what can't be had in memory, a table or the C library of memcached, has Django's in-memory cache
run in its place.
"""

from __future__ import annotations

import os
import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.db import BaseDatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.memcached import PyLibMCCache, PyMemcacheCache
from django.core.cache.backends.redis import RedisCache

from ..._behaving.clock import now
from ..._caches.attribution import cache_for
from ..._recording.lifetimes import note_lifetime
from .call import SPECIAL
from .far_stores import FarFolder, FarTable
from .stand_ins import TableTwin, Twin, cull, has_expired, run_primitive
from .stores import FileStore, MemoryStore, end_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..._caches.cache import MockCache
    from .call import Call, Found

__all__ = ["Kind", "kind_of"]


class Kind:
    """The back end of one alias, with the class *cls* and the *parameters* of the settings.

    ``special`` are the attributes that it finds changed when it reads them of itself in a call.
    """

    special: Mapping[str, Callable[[Call, str, Found], Any]] = {}
    is_server = False
    # Whether several processes have the same entries.
    is_shared = True
    makes_keys_below = False
    # Whether it runs as it is, and takes the arguments that Django's own take.
    is_quick = True
    # The adapter that has the servers of this kind in memory, by its name.
    below: str | None = None
    make_store: Any = None
    # The same in a child process, where the entries are in the parent, given the cache and the place there.
    make_far_store: Any = None
    # The Redis servers, as (host, port) or (path,), each with the number of a database.
    databases: tuple[tuple[tuple[object, ...], int], ...] = ()
    # Those of memcached, as the settings have them.
    servers: tuple[Any, ...] = ()
    # The server and database that an operation is in, unless its commands have said another; None where that
    # may be any of several.
    place: str | None = None

    def __init__(self, alias: str, cls: type, parameters: Mapping[str, Any], home: str) -> None:
        self.alias = alias
        self.cls = cls
        self.parameters = parameters
        self.home = home
        self.special_in_calls = {**self.special, **SPECIAL}
        self._place = f"django {place_of(alias, cls, parameters)}"

    def store_for(self, mock: MockCache) -> Any:
        """Return the entries that it has in the scope of *mock*, which several aliases may share."""
        home = mock if self.home == self.alias else cache_for(self.home)
        if home.is_remote and self.is_shared and self.make_far_store is not None:
            return home.adapter_state(
                f"{self._place} in the parent", partial(self.make_far_store, home.name, self._place)
            )
        return home.adapter_state(self._place, self.make_store, self.make_store.begin_as)

    def why_unknown(self) -> str:
        """Return why its entries are not shown, or nothing where they are."""
        return ""

    def function_for(self, name: str, function: Any) -> Any:
        """Return what runs in a call of *name*, in place of the *function* that its class has."""
        return function


class InMemory(Kind):
    """Django's in-memory cache, and what a project has made of it."""

    is_shared = False
    make_store = MemoryStore


class InFiles(Kind):
    """Django's cache in files, in a folder of the scope."""

    make_store = FileStore
    make_far_store = FarFolder


class OnRedis(Kind):
    """Django's Redis cache, that of django-redis, and what a project has made of either."""

    is_server = True
    below = "redis"

    def __init__(self, alias: str, cls: type, parameters: Mapping[str, Any], home: str) -> None:
        super().__init__(alias, cls, parameters, home)
        self.makes_keys_below = not issubclass(cls, RedisCache)
        self.databases = tuple(_databases_of(parameters))


class OnMemcached(Kind):
    """Django's cache on memcached by pymemcache."""

    is_server = True
    below = "pymemcache"

    def __init__(self, alias: str, cls: type, parameters: Mapping[str, Any], home: str) -> None:
        super().__init__(alias, cls, parameters, home)
        location = parameters.get("LOCATION", "")
        self.servers = tuple(re.split("[;,]", location) if isinstance(location, str) else location)


class OwnKind(Kind):
    """A back end of the project's own, which keeps its entries in a way of its own."""

    is_quick = False

    def why_unknown(self) -> str:
        """Return why its entries are not shown."""
        return f"{self.cls.__name__} keeps them in a way of its own"


class StandIn(Kind):
    """One that Django's in-memory cache runs in place of: the dummy, one of a C library."""

    make_store = MemoryStore
    make_far_store = FarTable
    is_quick = False
    twin = Twin

    def __init__(self, alias: str, cls: type, parameters: Mapping[str, Any], home: str) -> None:
        super().__init__(alias, cls, parameters, home)
        self.is_shared = not issubclass(cls, DummyCache)

    def function_for(self, name: str, function: Any) -> Any:
        if name in self.twin.primitives:
            return partial(run_primitive, name)
        # What the class does by its own store at once is done one by one.
        return getattr(BaseCache, name, function)


class InTable(StandIn):
    """Django's cache in a table of a database, which makes room as one in a table does."""

    twin = TableTwin


def _memory(attribute: str) -> Callable[[Call, str, Found], Any]:
    return lambda call, name, found: getattr(call.store, attribute)


def _in_memory_expired(call: Call, name: str, found: Found) -> Any:
    return partial(has_expired, call, found(call.held, name), found(call.held, "_delete"))


def _culls(call: Call, name: str, found: Found) -> Any:
    return partial(cull, call, found(call.held, name))


InMemory.special = {
    "_cache": _memory("cache"),
    "_expire_info": _memory("expire_info"),
    "_lock": _memory("lock"),
    "_has_expired": _in_memory_expired,
    "_cull": _culls,
}


def _file_of(call: Call, name: str, found: Found) -> Any:
    path_of = found(call.held, name)

    def key_to_file(key: Any, version: Any = None) -> Any:
        path = path_of(key, version)
        call.store.names[path] = call._made_of(key) if version == call.version else call.make(key)
        return path

    return key_to_file


def _file_expired(call: Call, name: str, found: Found) -> Any:
    asked = found(call.held, name)

    def is_expired(file: Any) -> Any:
        until = end_of(file)
        result = asked(file)
        if result:
            key = call.store.names.get(file.name, file.name)
            if until is not None:
                note_lifetime(call.mock, key, None, until, now())
            call.effects.append(("expiration", key))
        return result

    return is_expired


InFiles.special = {
    "_dir": _memory("folder"),
    "_key_to_file": _file_of,
    "_is_expired": _file_expired,
    "_cull": _culls,
}

for _kind in (StandIn, InTable):
    _kind.special = {
        each: lambda call, name, found: partial(run_primitive, name, call.held)
        for each in _kind.twin.primitives
    }

_KINDS: list[tuple[type, type[Kind]]] = [
    (LocMemCache, InMemory),
    (FileBasedCache, InFiles),
    (RedisCache, OnRedis),
    (PyMemcacheCache, OnMemcached),
    (BaseDatabaseCache, InTable),
    (DummyCache, StandIn),
    (PyLibMCCache, StandIn),
]


def kind_of(cls: type) -> type[Kind]:
    """Return the kind of the back ends of *cls*."""
    for base, kind in _KINDS:
        if issubclass(cls, base):
            return kind
    if any(base.__module__.partition(".")[0] == "django_redis" for base in cls.__mro__):
        return OnRedis
    return OwnKind


def place_of(alias: str, cls: type, parameters: Mapping[str, Any]) -> str:
    """Return where a cache keeps its entries, the same for all that share them."""
    location = parameters.get("LOCATION", "")
    if issubclass(cls, DummyCache):
        return f"alias {alias}"
    if issubclass(cls, FileBasedCache):
        location = os.path.abspath(location)
    return f"{kind_of(cls).__name__} {location}"


def _databases_of(parameters: Mapping[str, Any]) -> Iterator[tuple[tuple[object, ...], int]]:
    location = parameters.get("LOCATION", "")
    chosen = (parameters.get("OPTIONS") or {}).get("db")
    for url in re.split("[;,]", location) if isinstance(location, str) else location:
        try:
            parts = urlsplit(str(url))
            asked = parse_qs(parts.query).get("db", [parts.path[1:] if parts.scheme != "unix" else ""])[0]
            db = int(chosen or asked or 0)
            if parts.scheme == "unix":
                yield (unquote(parts.path),), db
            elif parts.hostname:
                yield (parts.hostname, parts.port or 6379), db
        except ValueError:
            # It is none; the back end will say so.
            continue

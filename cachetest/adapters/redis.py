"""redis-py: every connection, sync and asyncio, talks to a server in memory that each scope has its own of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import redis.asyncio.connection as asyncio_redis
import redis.connection as sync_redis
from fakeredis import FakeAsyncRedisConnection, FakeRedisConnection

from ..errors import CacheTestError, closest_first
from ..scope import cache_for, owner
from ..undo import ABSENT, Undo, own_attribute
from .base import Adapter
from .redis_link import SocketLink, StreamLink
from .redis_store import store_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..caches import MockCaches
    from ..scope import Scope
    from .redis_store import Store

__all__ = ["Redis"]

_FAKES = (FakeRedisConnection, FakeAsyncRedisConnection)

# The scopes whose adapter was told which URLs to serve, or all.
_adapters: WeakKeyDictionary[Scope, Redis] = WeakKeyDictionary()
# The attributes of connections to what no cache stands for: never connected, but closed by their pools.
_elsewhere: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


class Redis(Adapter):
    """redis-py: ``Redis()`` is one cache, ``"redis"``; ``Redis(sessions="redis://h:6379/0")`` one for each URL.

    With URLs, to connect to anything else is an error; without, a cache has all servers and databases. The
    connections that a program holds from before are reached: what they have open is left alone, and is there
    again afterwards. A test has one ``Redis(...)``.
    """

    name = "redis"

    def __init__(self, **urls: str) -> None:
        """Check the URLs, by the names of their caches; raises ``ValueError`` for what is none."""
        self.addresses = {name: _parse(name, url) for name, url in urls.items()}
        self.caches = tuple(urls) or ("redis",)
        self._urls = urls
        taken: dict[object, str] = {}
        for name, address in self.addresses.items():
            if taken.setdefault(address, name) != name:
                raise ValueError(f"{name}={urls[name]!r}: that is {taken[address]!r} already, {address!r}")

    def install(self) -> Undo:
        """Swap what a connection holds its socket and parser in, and how it connects."""
        return Undo(_swap)

    def places(self) -> Mapping[str, object]:
        return {
            f"{each.__module__}.{each.__qualname__}.{name}": own_attribute(each, name)
            for each, name, _ in _places()
        }

    def watch(self, caches: MockCaches) -> None:
        """Remember what is served in the scope that opens."""
        scope = owner()
        if scope is not None:
            _adapters[scope] = self

    def entry_key(self, cache: str, key: object) -> object:
        return text_of(key)

    def cache_at(self, address: tuple[object, ...]) -> str | None:
        """Return the name of the cache that is at ``(host, port, db)``, or ``(path, db)``; None if none is."""
        if not self.addresses:
            return "redis"
        return next((name for name, each in self.addresses.items() if each == address), None)

    def explain(self, address: tuple[object, ...]) -> str:
        """Return why nothing connects to *address*, and where one could."""
        known = [repr(self._urls[name]) for name in self._urls]
        near = ", ".join(closest_first(_url(address), known))
        return f"no cache is at {_url(address)!r}, and a test connects to no server; at, the closest first: {near}"


_everything = Redis()


def _parse(name: str, url: object) -> tuple[object, ...]:
    expected = f"{name}={url!r}: expected a URL such as 'redis://localhost:6379/0' or 'unix:///run/redis.sock?db=0'"
    if not isinstance(url, str):
        raise TypeError(expected)
    try:
        found = sync_redis.parse_url(url)
    except ValueError as error:
        raise ValueError(f"{expected}: {error}") from None
    db = int(found.get("db", 0))
    if url.startswith("unix:"):
        if "path" not in found:
            raise ValueError(expected)
        return found["path"], db
    return found.get("host", "localhost"), int(found.get("port", 6379)), db


def _url(address: tuple[object, ...]) -> str:
    if len(address) == 2:
        return "unix://{}?db={}".format(*address)
    return "redis://{}:{}/{}".format(*address)


def _address(connection: Any) -> tuple[object, ...]:
    db = int(connection.db or 0)
    if hasattr(connection, "path"):
        return connection.path, db
    return connection.host, int(connection.port), db


def _store(connection: Any) -> Store | None:
    """Return where *connection* goes in the scope that the calling context belongs to."""
    name = _adapter().cache_at(_address(connection))
    return None if name is None else store_of(cache_for(name))


def _adapter() -> Redis:
    scope = owner()
    around = scope.lineage() if scope is not None else ()
    return next((_adapters[each] for each in around if each in _adapters), _everything)


class _PerScope:
    """An attribute of a connection that each scope has its own of, over what the connection has itself."""

    def __init__(self, name: str, found: Any) -> None:
        self._name = name
        # Where the class has slots, the attribute of the connection itself is behind what it has there.
        self._slot = found

    def __get__(self, connection: Any, _: type | None = None) -> Any:
        if connection is None:
            return self
        own = self._own(connection)
        if isinstance(connection, _FAKES) or own is ABSENT:
            if own is ABSENT:
                raise AttributeError(self._name)
            return own
        state = _state(connection)
        if self._name not in state:
            state[self._name] = _fresh_parser(own, connection) if self._name == "_parser" else None
        return state[self._name]

    def __set__(self, connection: Any, value: object) -> None:
        # What a connection is made with it keeps when the test is over.
        if isinstance(connection, _FAKES) or self._own(connection) is ABSENT:
            if self._slot is ABSENT:
                vars(connection)[self._name] = value
            else:
                self._slot.__set__(connection, value)
        else:
            _state(connection)[self._name] = value

    def _own(self, connection: Any) -> Any:
        if self._slot is ABSENT:
            return vars(connection).get(self._name, ABSENT)
        try:
            return self._slot.__get__(connection, type(connection))
        except AttributeError:
            return ABSENT


def _state(connection: Any) -> dict[str, Any]:
    store = _store(connection)
    states = _elsewhere if store is None else store.states
    state: dict[str, Any] = states.setdefault(connection, {})
    return state


def _fresh_parser(own: Any, connection: Any) -> Any:
    made = type(own)(socket_read_size=connection._socket_read_size)
    # A PubSub gives its handler of pushes to the parser that a connection has when it is made.
    for name in ("pubsub_push_handler_func", "invalidation_push_handler_func"):
        if hasattr(own, name):
            setattr(made, name, getattr(own, name))
    return made


def _open(connection: Any, link: type) -> Any:
    store = _store(connection)
    adapter = _adapter()
    *server, db = address = _address(connection)
    if store is None:
        raise CacheTestError(adapter.explain(address))
    return link(store, store.server(tuple(server)), db if adapter.addresses else None)


def _connect(connection: Any) -> Any:
    return _open(connection, SocketLink)


async def _connect_asyncio(connection: Any) -> None:
    connection._writer = link = _open(connection, StreamLink)
    connection._reader = link.reader


def _places() -> list[tuple[type, str, Any]]:
    """Return each place that is changed: class, name, and what takes it, None for a `_PerScope`."""
    found: list[tuple[type, str, Any]] = []
    for module, names, connect in (
        (sync_redis, ("_sock", "_parser"), _connect),
        (asyncio_redis, ("_reader", "_writer", "_parser"), _connect_asyncio),
    ):
        found += [(module.AbstractConnection, name, None) for name in names]
        for each in (module.Connection, module.SSLConnection, module.UnixDomainSocketConnection):
            if "_connect" in vars(each):
                found.append((each, "_connect", connect))
    return found


def _swap(undo: Undo) -> None:
    for each, name, put in _places():
        undo.set_attribute(each, name, put or _PerScope(name, own_attribute(each, name)))

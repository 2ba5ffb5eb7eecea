"""redis-py: connections, sync and asyncio, talk to a server in memory that each scope has its own of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import redis.asyncio.connection as asyncio_redis
import redis.connection as sync_redis

from ..._caches.attribution import cache_for, scope_of_caller
from ..._patching.undo import Undo, own_attribute
from ...errors import CacheTestError, MissingLibraryError, closest_first
from ..base import Adapter

try:
    from .connection import PerScope, address_of, parse, url_of
    from .sockets import RefusingStream, SocketLink, StreamLink
    from .store import store_of, text_of
except ModuleNotFoundError as error:
    raise MissingLibraryError(
        f"the adapter 'redis' needs {error.name}, which is not installed: pip install 'cachetest[redis]'",
        name=error.name,
    ) from error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..._caches.caches import MockCaches
    from ..._caches.scope import Scope
    from .connection import Address

__all__ = ["Redis"]

# The scopes whose adapter was told which URLs to serve, or all.
_adapters: WeakKeyDictionary[Scope, Redis] = WeakKeyDictionary()
# The attributes of connections to what no cache stands for: never connected, but closed by their pools.
_elsewhere: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


class Redis(Adapter):
    """Redis: ``Redis()`` is one cache, ``"redis"``; ``Redis(sessions="redis://h:6379/0")`` one for each URL.

    With URLs, to connect to anything else is an error; without, a cache has all servers and databases. The
    connections that a program holds from before are reached: what they have open is left alone, and is there
    again afterwards. A test has one ``Redis(...)``.
    """

    name = "redis"

    def __init__(self, **urls: str) -> None:
        """Check the URLs, by the names of their caches; raises ``ValueError`` for what is none."""
        self.addresses = {name: parse(name, url) for name, url in urls.items()}
        self.caches = tuple(urls) or ("redis",)
        self._urls = urls
        taken: dict[object, str] = {}
        for name, address in self.addresses.items():
            if taken.setdefault(address, name) != name:
                raise ValueError(f"{name}={urls[name]!r} is what {taken[address]!r} is already")

    def install(self) -> Undo:
        """Swap what a connection holds its socket and parser in, and how it connects."""
        return Undo(_swap)

    def patched_attributes(self) -> Mapping[str, object]:
        return {
            f"{each.__module__}.{each.__qualname__}.{name}": own_attribute(each, name)
            for each, name, _ in _places()
        }

    def scope_context(self, caches: MockCaches) -> None:
        """Remember what is served in the scope that opens."""
        scope = scope_of_caller()
        if scope is not None:
            _adapters[scope] = self

    def entry_key(self, cache: str, key: object) -> object:
        return text_of(key)

    def cache_at(self, address: Address) -> str | None:
        """Return the name of the cache that is at *address*; None if none is."""
        if not self.addresses:
            return "redis"
        return next((name for name, each in self.addresses.items() if each == address), None)

    def explain(self, address: Address) -> str:
        """Return why nothing connects to *address*, and where one could."""
        url = url_of(address)
        known = [f"{self._urls[name]} ({name})" for name in self._urls]
        return (
            f"no cache of this test is at {url}, and nothing connects to a real server; there are caches at, "
            f"the closest first: {', '.join(closest_first(url, known))}"
        )


_everything = Redis()


def _adapter() -> Redis:
    """Return that of the scope that the calling context belongs to."""
    scope = scope_of_caller()
    around = scope.lineage() if scope is not None else ()
    return next((_adapters[each] for each in around if each in _adapters), _everything)


def _state(connection: Any) -> dict[str, Any] | None:
    """Return the attributes that *connection* has in this scope; None while it is being made."""
    address = address_of(connection)
    if address is None:
        return None
    name = _adapter().cache_at(address)
    states = _elsewhere if name is None else store_of(cache_for(name)).states
    return states.setdefault(connection, {})


def _open(connection: Any, link: Any) -> Any:
    *server, db = address = address_of(connection) or ("", 0, 0)
    adapter = _adapter()
    name = adapter.cache_at(address)
    if name is None:
        raise CacheTestError(adapter.explain(address))
    store = store_of(cache_for(name))
    return link(store, store.server(tuple(server)), db if adapter.addresses else None)


def _connect(connection: Any) -> Any:
    return _open(connection, SocketLink)


async def _connect_asyncio(connection: Any) -> None:
    try:
        link = _open(connection, StreamLink)
    except CacheTestError as error:
        link = RefusingStream(error)
    connection._reader, connection._writer = link.reader, link


def _sending(send: Any) -> Any:
    """Return *send* without the time limit for it, which nothing here needs.

    Before Python 3.12 asyncio keeps one by writing in another task, where the line that called is unknown.
    """

    async def send_packed_command(connection: Any, command: Any, check_health: bool = True) -> None:
        limit, connection.socket_timeout = connection.socket_timeout, None
        try:
            await send(connection, command, check_health)
        finally:
            connection.socket_timeout = limit

    return send_packed_command


def _places() -> Iterator[tuple[type, str, Callable[[Any], Any]]]:
    """Yield each place that is changed: class, name, and what makes the new of the old that the class has."""
    for module, names, connect in (
        (sync_redis, ("_sock", "_parser"), _connect),
        (asyncio_redis, ("_reader", "_writer", "_parser"), _connect_asyncio),
    ):
        for name in names:
            yield module.AbstractConnection, name, partial(PerScope, name, state_of=_state)
        for each in (module.Connection, module.SSLConnection, module.UnixDomainSocketConnection):
            if "_connect" in vars(each):
                yield each, "_connect", partial(_instead, connect)
    yield asyncio_redis.AbstractConnection, "send_packed_command", _sending


def _instead(new: Any, _: object) -> Any:
    return new


def _swap(undo: Undo) -> None:
    for each, name, make in _places():
        undo.set_attribute(each, name, make(own_attribute(each, name)))

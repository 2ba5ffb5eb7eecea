"""The connections of redis-py: their addresses, and the attributes that each scope has its own of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakeredis import FakeAsyncRedisConnection, FakeRedisConnection
from redis.connection import parse_url

from ..._patching.undo import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Address", "PerScope", "address_of", "parse", "url_of"]

Address = tuple[object, ...]
"""Host, port and database, or the path of a socket and the database."""

# Their way to a server is no network, and ours.
_FAKES = (FakeRedisConnection, FakeAsyncRedisConnection)


def parse(name: str, url: object) -> Address:
    """Return the address that *url* is of, given for the cache *name*; a clear error if it is none."""
    expected = (
        f"{name}={url!r}: expected a URL such as 'redis://localhost:6379/0' or 'unix:///run/redis.sock?db=0'"
    )
    if not isinstance(url, str):
        raise TypeError(expected)
    try:
        found = parse_url(url)
    except ValueError as error:
        raise ValueError(f"{expected}: {error}") from None
    db = int(found.get("db", 0))
    if url.startswith("unix:"):
        if "path" not in found:
            raise ValueError(expected)
        return found["path"], db
    return found.get("host", "localhost"), int(found.get("port", 6379)), db


def url_of(address: Address) -> str:
    """Return the URL of *address*, without names and passwords."""
    if len(address) == 2:
        return "unix://{}?db={}".format(*address)
    return "redis://{}:{}/{}".format(*address)


def address_of(connection: Any) -> Address | None:
    """Return where *connection* connects to; None while it is being made, before it knows."""
    if hasattr(connection, "path"):
        return connection.path, int(connection.db or 0)
    if hasattr(connection, "port"):
        return connection.host, int(connection.port), int(connection.db or 0)
    return None


class PerScope:
    """An attribute of a connection that each scope has its own of, over what the connection has itself."""

    def __init__(self, name: str, found: Any, state_of: Callable[[Any], dict[str, Any] | None]) -> None:
        """Make it, *found* being what the class has by this *name*.

        *state_of* returns what a connection has in the scope that runs; None where it has what is its own.
        """
        self._name = name
        # Where the class has slots, the attribute of the connection itself is behind what it has there.
        self._slot = found
        self._state_of = state_of

    def __get__(self, connection: Any, _: type | None = None) -> Any:
        if connection is None:
            return self
        own = self._own(connection)
        if own is ABSENT:
            raise AttributeError(self._name)
        state = None if isinstance(connection, _FAKES) else self._state_of(connection)
        if state is None:
            return own
        if self._name not in state:
            state[self._name] = _fresh_parser(own, connection) if self._name == "_parser" else None
        return state[self._name]

    def __set__(self, connection: Any, value: object) -> None:
        # What a connection is made with it keeps when the test is over.
        made = self._own(connection) is not ABSENT and not isinstance(connection, _FAKES)
        state = self._state_of(connection) if made else None
        if state is not None:
            state[self._name] = value
        elif self._slot is ABSENT:
            vars(connection)[self._name] = value
        else:
            self._slot.__set__(connection, value)

    def _own(self, connection: Any) -> Any:
        if self._slot is ABSENT:
            return vars(connection).get(self._name, ABSENT)
        try:
            return self._slot.__get__(connection, type(connection))
        except AttributeError:
            return ABSENT


def _fresh_parser(own: Any, connection: Any) -> Any:
    made = type(own)(socket_read_size=connection._socket_read_size)
    # A PubSub gives its handler of pushes to the parser that a connection has when it is made.
    for name in ("pubsub_push_handler_func", "invalidation_push_handler_func"):
        if hasattr(own, name):
            setattr(made, name, getattr(own, name))
    return made

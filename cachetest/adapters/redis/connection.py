"""The parts of a connection of redis-py that each scope has its own of, and how it connects."""

from __future__ import annotations

import errno
import os
from typing import Any
from weakref import ref

from fakeredis import FakeAsyncRedisConnection, FakeRedisConnection

from ..._caches.scope import marked
from ..._patching.undo import ABSENT
from ...errors import CacheTestError
from .refusing import RefusingStream
from .routes import calls, is_passed_over, route_of, state_of_call
from .transport import SocketLink
from .unreachable import refuse_struck

__all__ = ["connect", "connect_async", "per_scope", "settle", "without_time_limit"]

_HANDLERS = (
    "invalidation_push_handler_func",
    "maintenance_push_handler_func",
    "node_moving_push_handler_func",
    "oss_cluster_maint_push_handler_func",
    "pubsub_push_handler_func",
)
# They reach a server in memory, without a network; our own links and clients are among them.
_FAKES = (FakeRedisConnection, FakeAsyncRedisConnection)


def per_scope(name: str, slot: Any) -> property:
    """Return an attribute of connections that each scope has its own of, over what a connection has itself.

    *slot* is what the class has by this *name*: where it has slots, the connection's own is behind that.
    """

    def own_of(connection: Any) -> Any:
        if slot is ABSENT:
            return vars(connection).get(name, ABSENT)
        try:
            return slot.__get__(connection, type(connection))
        except AttributeError:
            return ABSENT

    def get_own(connection: Any) -> Any:
        # Nearly always the context is marked with the innermost scope, and the connection was used in it.
        scope = marked()
        if scope is not None and scope.is_innermost:
            found = scope.remembered.get(id(connection))
            if found is not None and found[0]() is connection:
                value = found[1].get(name, ABSENT)
                if value is not ABSENT:
                    return value
        own = own_of(connection)
        if own is ABSENT:
            raise AttributeError(name)
        state = None if isinstance(connection, _FAKES) else state_of_call(connection)
        if state is None:
            return own
        if name not in state:
            state[name] = _fresh_parser(own, connection) if name == "_parser" else None
        if state[name] is ABSENT:
            # It was deleted in this scope.
            raise AttributeError(name)
        return state[name]

    def set_own(connection: Any, value: object) -> None:
        # What a connection is made with it keeps when the test is over.
        is_made = own_of(connection) is not ABSENT and not isinstance(connection, _FAKES)
        state = state_of_call(connection) if is_made else None
        if state is not None:
            set_in_state(connection, state, value)
        elif slot is ABSENT:
            vars(connection)[name] = value
        else:
            slot.__set__(connection, value)

    def set_in_state(connection: Any, state: dict[str, Any], value: object) -> None:
        replaced = f"{name}, replaced"
        if name == "_parser" and value is own_of(connection):
            # `mock.patch` puts back what it has found in the connection: that is not the one of the scope.
            value = state.get(replaced, value)
        elif state.get(name, ABSENT) is not ABSENT:
            state[replaced] = state[name]
        state[name] = value

    def delete_own(connection: Any) -> None:
        state = None if isinstance(connection, _FAKES) else state_of_call(connection)
        if state is not None:
            get_own(connection)
            state[name] = ABSENT
        elif slot is ABSENT:
            if vars(connection).pop(name, ABSENT) is ABSENT:
                raise AttributeError(name)
        else:
            slot.__delete__(connection)

    return property(get_own, set_own, delete_own)


def _fresh_parser(own: Any, connection: Any) -> Any:
    made = type(own)(socket_read_size=connection._socket_read_size)
    # A PubSub gives its handler of pushes to the parser that a connection has when it is made, as others do.
    for name in _HANDLERS:
        if hasattr(own, name):
            setattr(made, name, getattr(own, name))
    return made


def connect(connection: Any) -> Any:
    """Do what ``_connect`` of redis-py's connections does."""
    _refuse_url(connection)
    route = route_of(connection)
    if route[0].cache.is_remote:
        # Loaded here, as below: in the parent nothing is relayed.
        from .relay import RelayedSocket

        return RelayedSocket(connection)
    refuse_struck(connection, route[0].cache)
    link = SocketLink(*route)
    link.connection = ref(connection)
    # It is the time limit of reading, which hiredis' parser does not set anew.
    link.settimeout(connection.socket_timeout)
    link.decode = _decode_of(connection)
    return link


def _refuse_url(connection: Any) -> None:
    """Raise what a system says of a URL that is given for a path: in production nobody is ever there."""
    path = getattr(connection, "path", None)
    if isinstance(path, str) and "://" in path:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _decode_of(connection: Any) -> Any:
    encoder = connection.encoder
    return encoder.decode if encoder.decode_responses else None


async def connect_async(connection: Any) -> None:
    """Do what ``_connect`` of redis-py's asyncio connections does."""
    _refuse_url(connection)
    try:
        route = route_of(connection)
        link: Any
        if route[0].cache.is_remote:
            from .relay import RelayedStream

            link = RelayedStream(connection)
        else:
            from .stream import StreamLink

            refuse_struck(connection, route[0].cache)
            link = StreamLink(*route)
            link.connection = ref(connection)
            link.decode = _decode_of(connection)
    except CacheTestError as error:
        link = RefusingStream(error)
    connection._reader, connection._writer = link.reader, link


def settle() -> None:
    """Have calls that go on when nothing is patched any more end where they began.

    These are of tasks from before, on the loop of whoever closes the scope, which can't wait for them.
    """
    for task, scope in calls.of_tasks.of_scopes():
        # Loaded here: without a task there is nothing to look for.
        from .stream import StreamLink

        for found, state in list(getattr(scope, "remembered", {}).values()):
            connection, link = found(), state.get("_writer")
            if isinstance(link, StreamLink) and calls.of_tasks.uses(task, connection):
                _plant(connection, state, link, task)
    calls.of_tasks.begin()


def _plant(connection: Any, state: dict[str, Any], link: Any, task: Any) -> None:
    """Give *connection* what it has in a scope, for the rest of the call of *task*; then it connects anew."""
    real = connection._writer
    if real is not None:
        real.close()
    connection._reader, connection._writer = link.reader, link
    connection._parser = state["_parser"]
    call = calls.of_tasks.latest_of(task)
    link.end_with(lambda: calls.of_tasks.is_in_call(task, call, connection))


def without_time_limit(send: Any) -> Any:
    """Return *send*, of an asyncio connection, without the time limit for it, which nothing here needs.

    Before Python 3.12 asyncio keeps one by writing in another task, where the line that called is unknown.
    """

    async def send_unlimited(connection: Any, command: Any, check_health: bool) -> None:
        limit, connection.socket_timeout = connection.socket_timeout, None
        try:
            await send(connection, command, check_health)
        finally:
            connection.socket_timeout = limit

    def send_packed_command(connection: Any, command: Any, check_health: bool = True) -> Any:
        if not connection.socket_timeout or is_passed_over(connection):
            return send(connection, command, check_health)
        return send_unlimited(connection, command, check_health)

    return send_packed_command

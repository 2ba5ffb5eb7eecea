"""What redis-py holds in a connection: attributes that each scope has its own of, sockets and streams."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from fakeredis import FakeAsyncRedisConnection, FakeRedisConnection
from fakeredis.aioredis import AsyncFakeSocket
from redis.asyncio import Redis

from ..._caches.scope import marked
from ..._patching.undo import ABSENT
from ...errors import CacheTestError
from .link import Link
from .pipe import Pipe
from .resp import Requests
from .routes import route_of, state_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .addresses import Address
    from .store import Store

__all__ = ["connect", "connect_async", "per_scope", "without_time_limit"]

# Their way to a server is no network, and ours.
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
            if found is not None and found[0]() is connection and name in found[1]:
                return found[1][name]
        own = own_of(connection)
        if own is ABSENT:
            raise AttributeError(name)
        state = None if isinstance(connection, _FAKES) else state_of(connection)
        if state is None:
            return own
        if name not in state:
            state[name] = _fresh_parser(own, connection) if name == "_parser" else None
        return state[name]

    def set_own(connection: Any, value: object) -> None:
        # What a connection is made with it keeps when the test is over.
        is_made = own_of(connection) is not ABSENT and not isinstance(connection, _FAKES)
        state = state_of(connection) if is_made else None
        if state is not None:
            state[name] = value
        elif slot is ABSENT:
            vars(connection)[name] = value
        else:
            slot.__set__(connection, value)

    return property(get_own, set_own)


def _fresh_parser(own: Any, connection: Any) -> Any:
    made = type(own)(socket_read_size=connection._socket_read_size)
    # A PubSub gives its handler of pushes to the parser that a connection has when it is made.
    for name in ("pubsub_push_handler_func", "invalidation_push_handler_func"):
        if hasattr(own, name):
            setattr(made, name, getattr(own, name))
    return made


class _Transport(Link):
    """A link that a client writes to."""

    def __init__(self, store: Store, address: Address, fake: Any, only: int | None) -> None:
        super().__init__(store, address, fake, only)
        self._requests = Requests()

    def sendall(self, data: bytes | str) -> None:
        """Execute the commands that are complete with *data*, and have the client read the replies."""
        if self._is_closed:
            raise BrokenPipeError(errno.EPIPE, "the connection was closed")
        replies: list[bytes] = []
        try:
            for fields, raw in self._requests.feed(data.encode() if isinstance(data, str) else bytes(data)):
                replies.append(self.serve(fields, raw))
        except BaseException:
            # The rest of what was sent is lost with it.
            self._requests.forget()
            raise
        finally:
            if replies:
                self.deliver(b"".join(replies))


class SocketLink(_Transport):
    """A link that is read from as a socket is."""

    def __init__(self, store: Store, address: Address, only: int | None) -> None:
        # Kept, because it closes its socket when it goes.
        self._connection = FakeRedisConnection(server=store.server(address[:-1]), protocol=2)
        super().__init__(store, address, self._connection.get_socket(), only)
        self._arrivals: SimpleQueue[bytes] = SimpleQueue()
        # What is being read, and how much of it was.
        self._data = b""
        self._at = 0
        self._timeout: float | None = None
        self._pipe: Pipe | None = None
        self._pipe_lock = threading.Lock()

    def deliver(self, data: bytes) -> None:
        if data:
            self._arrivals.put(data)
            if self._pipe is not None:
                self._tell_pipe()

    def settimeout(self, seconds: float | None) -> None:
        """Wait so long, in seconds, for something to read; None is for ever."""
        self._timeout = seconds

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return at most *size* bytes, empty when the link was closed; MSG_PEEK leaves them there."""
        if self._at == len(self._data):
            self._data, self._at = self._next(), 0
        data = self._data[self._at : self._at + size]
        if not flags & socket.MSG_PEEK:
            self._at += len(data)
        if self._pipe is not None:
            self._tell_pipe()
        return data

    def _next(self) -> bytes:
        try:
            wait = not self._is_closed and self._timeout != 0
            data = self._arrivals.get(wait, self._timeout if wait else None)
        except Empty:
            if self._is_closed:
                return b""
            if self._timeout == 0:
                raise BlockingIOError(errno.EWOULDBLOCK, "nothing to read") from None
            raise TimeoutError("timed out") from None
        if not data:
            # It was closed; another thread may be waiting as well.
            self._arrivals.put(data)
        return data

    def recv_into(self, buffer: Any) -> int:
        """Put what `recv` returns into *buffer*, and return its length."""
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def fileno(self) -> int:
        """Return a descriptor that can be read when this can: redis-py polls it where hiredis parses."""
        with self._pipe_lock:
            pipe = self._pipe = self._pipe or Pipe()
        self._tell_pipe()
        return pipe.fileno()

    def shutdown(self, how: int) -> None:
        """Do what `close` does: there are no two directions."""
        self.close()

    def close(self) -> None:
        super().close()
        self._arrivals.put(b"")
        if self._pipe is not None:
            self._tell_pipe()

    def _tell_pipe(self) -> None:
        with self._pipe_lock:
            if self._pipe is not None:
                left = self._at < len(self._data) or not self._arrivals.empty()
                self._pipe.be_readable(left or self._is_closed)

    def getpeername(self) -> tuple[str, int]:
        """Return a loopback address, which spares redis-py from asking for that of its host."""
        return "127.0.0.1", 6379

    getsockname = getpeername


class StreamLink(_Transport):
    """A link that is written to as an `asyncio.StreamWriter` is, and read from by its ``reader``."""

    def __init__(self, store: Store, address: Address, only: int | None) -> None:
        server = store.server(address[:-1])
        info = {"addr": "127.0.0.1:0", "flags": "N"}
        fake = AsyncFakeSocket(server, 0, client_class=Redis, client_info=info)
        super().__init__(store, address, fake, only)
        self.reader = asyncio.StreamReader()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def deliver(self, data: bytes) -> None:
        # Another thread's command may have published to this connection.
        if threading.get_ident() == self._thread:
            self.reader.feed_data(data)
        else:
            self._loop.call_soon_threadsafe(self.reader.feed_data, data)

    def writelines(self, data: Iterable[bytes]) -> None:
        """Execute the commands in *data*."""
        for each in data:
            self.sendall(each)

    async def drain(self) -> None:
        """Return at once."""

    def close(self) -> None:
        if not self._is_closed:
            super().close()
            self.reader.feed_eof()

    async def wait_closed(self) -> None:
        """Return at once."""

    def get_extra_info(self, name: str) -> None:
        """Return nothing."""


class RefusingStream:
    """Raises *error* when it is written to.

    What connecting raises would be an error of the connection to redis-py, and be tried again and again.
    """

    def __init__(self, error: Exception) -> None:
        self.reader = asyncio.StreamReader()
        self._error = error

    def writelines(self, data: Iterable[bytes]) -> None:
        """Raise the error."""
        raise self._error

    def close(self) -> None:
        """Do nothing."""

    async def wait_closed(self) -> None:
        """Return at once."""

    def get_extra_info(self, name: str) -> None:
        """Return nothing."""


def connect(connection: Any) -> SocketLink:
    """Do what ``_connect`` of redis-py's connections does."""
    return SocketLink(*route_of(connection))


async def connect_async(connection: Any) -> None:
    """Do what ``_connect`` of redis-py's asyncio connections does."""
    try:
        link: Any = StreamLink(*route_of(connection))
    except CacheTestError as error:
        link = RefusingStream(error)
    connection._reader, connection._writer = link.reader, link


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
        if not connection.socket_timeout:
            return send(connection, command, check_health)
        return send_unlimited(connection, command, check_health)

    return send_packed_command

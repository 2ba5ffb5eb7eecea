"""The server's end of one redis-py connection: RESP in, RESP out, each command counted when it was executed."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING, Any

from fakeredis import FakeRedisConnection
from fakeredis.aioredis import AsyncFakeSocket
from redis.asyncio import Redis
from redis.connection import DefaultParser
from redis.exceptions import ResponseError

from .redis_commands import FLUSHES, Effect, effects
from .redis_store import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fakeredis import FakeServer

    from .redis_store import Store

__all__ = ["SocketLink", "StreamLink"]

_LIBRARIES = frozenset(
    {"redis", "fakeredis", "async_timeout", "django", "django_redis", "dogpile", "cachelib", "aiocache"}
)
_SUBSCRIBES = frozenset(f"{p}{s}SUBSCRIBE".encode() for p in ("", "P", "S") for s in ("", "UN"))
_SCRIPTS = frozenset({b"EVAL", b"EVALSHA", b"EVAL_RO", b"EVALSHA_RO", b"SCRIPT", b"FUNCTION", b"FCALL"})


def encode(reply: object, protocol: int, *, push: bool = False) -> bytes:
    """Return *reply* in RESP2 or RESP3, as *protocol* says; a *push* is what comes unasked."""
    if reply is None:
        return b"_\r\n" if protocol == 3 else b"$-1\r\n"
    if isinstance(reply, Exception):
        return b"-%s\r\n" % _error_line(reply).encode()
    if isinstance(reply, bool):
        return (b"#t\r\n" if reply else b"#f\r\n") if protocol == 3 else b":%d\r\n" % reply
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if isinstance(reply, float) and protocol == 3:
        return b",%s\r\n" % repr(reply).encode()
    if isinstance(reply, (str, float)):
        reply = str(reply).encode()
    if isinstance(reply, bytes):
        return b"$%d\r\n%s\r\n" % (len(reply), reply)
    if isinstance(reply, dict):
        mark = b"%%%d\r\n" % len(reply) if protocol == 3 else b"*%d\r\n" % (2 * len(reply))
        inside: Iterable[object] = (each for pair in reply.items() for each in pair)
    elif isinstance(reply, (list, tuple, set, frozenset)):
        kind = b">" if push else b"~" if isinstance(reply, (set, frozenset)) else b"*"
        mark = b"%s%d\r\n" % (kind if protocol == 3 else b"*", len(reply))
        inside = reply
    else:
        raise TypeError(f"fakeredis gave a reply that has no form in RESP: {reply!r}")
    return mark + b"".join(encode(each, protocol) for each in inside)


def _error_line(error: Exception) -> str:
    """Return the line of which redis-py's parser makes *error*."""
    text = str(error)
    for code, found in DefaultParser.EXCEPTION_CLASSES.items():
        if found is type(error):
            return f"{code} {text}"
    code = text.partition(" ")[0]
    return text if code.isupper() and code.isalpha() else f"ERR {text}"


class Requests:
    """Takes the commands out of the bytes that a client sends, however they are cut."""

    def __init__(self) -> None:
        self._bytes = b""

    def feed(self, data: bytes) -> Iterator[list[bytes]]:
        """Yield each command that is complete with *data*: its name and its arguments."""
        self._bytes += data
        while (command := self._next()) is not None:
            yield command

    def _next(self) -> list[bytes] | None:
        position, fields = self._number(0)
        if fields is None:
            return None
        command = []
        for _ in range(fields):
            position, length = self._number(position)
            if length is None or len(self._bytes) < position + length + 2:
                return None
            command.append(self._bytes[position : position + length])
            position += length + 2
        self._bytes = self._bytes[position:]
        return command

    def _number(self, position: int) -> tuple[int, int | None]:
        end = self._bytes.find(b"\r\n", position)
        return (end + 2, int(self._bytes[position + 1 : end])) if end >= 0 else (position, None)


class Link:
    """What a connection talks to in place of a socket; *only* is the one database that it may use."""

    def __init__(self, store: Store, server: FakeServer, far: Any, only: int | None) -> None:
        self._store = store
        self._server = server
        self._only = only
        self._far = far
        self._requests = Requests()
        self._protocol = 2
        self._db = 0
        self._queued: list[list[bytes]] | None = None
        # The command that waits, as BLPOP does; what arrives from the thread that sends is kept for `_ask`.
        self._waiting: list[bytes] | None = None
        self._sender: int | None = None
        self._arrived: list[object] = []
        far.put_response = self._arrive

    def deliver(self, data: bytes) -> None:
        """Have the client read *data*."""
        raise NotImplementedError

    def sendall(self, data: bytes | str) -> None:
        """Execute the commands that are complete with *data*."""
        for fields in self._requests.feed(data.encode() if isinstance(data, str) else bytes(data)):
            self._ask(fields)

    def close(self) -> None:
        """Leave the server."""
        if self._far is not None:
            self._far.shutdown(None)
            self._far.close()
            self._far = None

    def _ask(self, fields: list[bytes]) -> None:
        name = fields[0].upper()
        if name == b"SELECT" and self._only is not None and fields[1:] != [b"%d" % self._only]:
            wrong = f"SELECT leaves the database {self._only} of the cache {self._store.cache.name!r}"
            self._reply(fields, ResponseError(f"{wrong}: point another cache at that database"), [])
            return
        packed = b"*%d\r\n" % len(fields) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in fields)
        flushed = self._flushed([fields, *(self._queued or ())] if name == b"EXEC" else [fields])
        self._sender, self._arrived = threading.get_ident(), []
        try:
            self._far.sendall(packed)
        finally:
            self._sender = None
        *pushes, last = self._arrived or [None]
        if name in _SUBSCRIBES:
            pushes = self._arrived
        for each in pushes:
            self.deliver(encode(each, self._protocol, push=True))
        if self._arrived and name not in _SUBSCRIBES:
            self._reply(fields, last, flushed)
        elif not self._arrived:
            self._waiting = fields

    def _flushed(self, commands: list[list[bytes]]) -> list[bytes]:
        """Return the keys that are there for *commands* to flush."""
        names = FLUSHES.intersection(command[0].upper() for command in commands)
        if not names:
            return []
        with self._server.lock:
            numbers = list(self._server.dbs) if b"FLUSHALL" in names else [self._db]
            return [key for number in numbers for key in self._server.dbs[number]]

    def _arrive(self, message: object) -> None:
        if self._sender == threading.get_ident():
            self._arrived.append(message)
        elif self._waiting is not None:
            fields, self._waiting = self._waiting, None
            self._reply(fields, message, [])
        else:
            self.deliver(encode(message, self._protocol, push=True))

    def _reply(self, fields: list[bytes], reply: object, flushed: list[bytes]) -> None:
        name = fields[0].upper()
        if isinstance(reply, ResponseError) and str(reply).startswith("unknown command"):
            reply = _unknown(name, reply)
        failed = isinstance(reply, Exception)
        if name in (b"EXEC", b"DISCARD", b"RESET"):
            queued, self._queued = self._queued or [], None
            if name == b"EXEC" and isinstance(reply, list):
                for command, each in zip(queued, reply, strict=True):
                    self._count(command, each, flushed)
        elif name == b"MULTI" and not failed:
            self._queued = []
        elif self._queued is not None and reply == b"QUEUED":
            self._queued.append(fields)
        else:
            self._count(fields, reply, flushed)
        encoded = encode(reply, self._protocol)
        if name == b"HELLO" and len(fields) > 1 and not failed:
            self._protocol = int(fields[1])
            encoded = encode(reply, self._protocol)
        self.deliver(encoded)

    def _count(self, fields: list[bytes], reply: object, flushed: list[bytes]) -> None:
        if isinstance(reply, Exception):
            return
        name = fields[0].upper()
        if name == b"SELECT":
            self._db = int(fields[1])
        found = [Effect("delete", key) for key in flushed] if name in FLUSHES else effects(fields, reply)
        # Of others only the first argument: EXPIRE and its like count as nothing, but give a key its time.
        expired = self._expired({effect.key for effect in found} or set(fields[1:2]))
        for effect in found:
            if effect.kind == "miss" and effect.key in expired:
                expired.remove(effect.key)
                self._store.cache.record("expiration", text_of(effect.key), _LIBRARIES)
            key = effect.key if effect.field is None else (effect.key, effect.field)
            self._store.cache.record(effect.kind, text_of(key), _LIBRARIES)

    def _expired(self, keys: Iterable[bytes]) -> set[bytes]:
        """Note which of *keys* have a time to live now; return those that had one and are gone."""
        gone, mortal = set(), self._store.mortal
        with self._server.lock:
            for key in keys:
                entry = self._server.dbs[self._db].get(key)
                place = self._server, self._db, key
                if entry is not None and entry.expireat is not None:
                    mortal[place] = None
                elif mortal.pop(place, place) is None and entry is None:
                    gone.add(key)
        return gone


def _unknown(name: bytes, error: Exception) -> ResponseError:
    why = "which keeps the entries of a test, has no such command"
    if name in _SCRIPTS:
        why = "which keeps the entries of a test, runs scripts with lupa only: pip install 'fakeredis[lua]'"
    return ResponseError(f"{error}; fakeredis, {why}")


class SocketLink(Link):
    """A link that is read from as a socket is."""

    def __init__(self, store: Store, server: FakeServer, only: int | None) -> None:
        # Kept, because it closes its socket when it goes.
        self._connection = FakeRedisConnection(server=server, protocol=2)
        super().__init__(store, server, self._connection.get_socket(), only)
        self._data: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._rest = b""
        self._timeout: float | None = None

    def deliver(self, data: bytes) -> None:
        self._data.put(data)

    def settimeout(self, seconds: float | None) -> None:
        """Wait so long, in seconds, for something to read; None is for ever."""
        self._timeout = seconds

    def recv(self, size: int) -> bytes:
        """Return at most *size* bytes, empty when the link was closed."""
        if not self._rest:
            try:
                self._rest = self._data.get(self._timeout != 0, self._timeout)
            except queue.Empty:
                raise (BlockingIOError(11, "nothing to read") if self._timeout == 0 else TimeoutError("timed out")) from None
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def recv_into(self, buffer: Any) -> int:
        """Put what `recv` returns into *buffer*, and return its length."""
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def shutdown(self, how: int) -> None:
        """Do what `close` does: there are no two directions."""
        self.close()

    def close(self) -> None:
        super().close()
        # Wakes a thread that reads.
        self._data.put(b"")

    def getpeername(self) -> tuple[str, int]:
        """Return a loopback address, which spares redis-py from asking for that of its host."""
        return "127.0.0.1", 6379

    getsockname = getpeername


class StreamLink(Link):
    """A link that is written to as an `asyncio.StreamWriter` is, and read from by its ``reader``."""

    def __init__(self, store: Store, server: FakeServer, only: int | None) -> None:
        far = AsyncFakeSocket(server, 0, client_class=Redis, client_info={"addr": "127.0.0.1:0", "flags": "N"})
        super().__init__(store, server, far, only)
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
        if self._far is not None:
            super().close()
            self.reader.feed_eof()

    async def wait_closed(self) -> None:
        """Return at once."""

    def get_extra_info(self, name: str) -> None:
        """Return nothing."""

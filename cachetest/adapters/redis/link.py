"""The server's end of one connection: each command goes through the gate, and its reply is put into bytes."""

from __future__ import annotations

import sys
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from .addresses import url_of
from .commands import FLUSHES, RULES, Rule
from .keys import text_of
from .resp import encode, pack
from .server import NO_REPLY, ServerSocket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..._behaving.gate import Effect
    from .addresses import Address
    from .keys import Subject
    from .store import Store

__all__ = ["Link"]

_LIBRARIES = frozenset(
    {"redis", "fakeredis", "async_timeout", "django", "django_redis", "dogpile", "cachelib", "aiocache"}
)
_SETS = frozenset({b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF"})


def _nothing(reply: object) -> Sequence[Effect]:
    return ()


class Link:
    """What a connection talks to in place of a socket.

    Any user and password will do.
    """

    def __init__(self, store: Store, address: Address, socket: Any, only: int | None) -> None:
        """Talk to the server of *store* at *address* by *socket*, which is of fakeredis.

        *only* is the one database to use, None for any.
        """
        self._cache = store.cache
        self._address = address[:-1]
        self._only = only
        self._is_closed = False
        self._server_socket = ServerSocket(store.server(self._address), socket, store.lifetimes, self._arrive)
        self._protocol = 2
        # The commands that wait for EXEC, and those that wait for something, as BLPOP does.
        self._queued: list[list[bytes]] | None = None
        self._waiting: deque[list[bytes]] = deque()
        # What is known of an operation, by the name of the command.
        self._known: dict[bytes, Mapping[str, object]] = {}

    def deliver(self, data: bytes) -> None:
        """Have the client read *data*."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave the server."""
        if not self._is_closed:
            self._is_closed = True
            self._server_socket.close()

    def serve(self, fields: list[bytes], raw: bytes) -> bytes:
        """Execute a command; return what the client reads, which is nothing where the reply comes later."""
        name = fields[0].upper()
        special = _SPECIAL.get(name)
        if special is not None:
            return special(self, name, fields, raw)
        if self._queued is not None:
            return self._queue(name, fields, raw)
        return self._answer(name, fields, self._perform(name, raw, fields[1:]))

    def _perform(
        self, name: bytes, raw: bytes, arguments: Sequence[Any] = (), subject: Subject | None = None
    ) -> object:
        """Have a command executed through the gate, and return its reply, an error as well.

        An error that is no reply, but was raised by what is in force, goes on to the client. *subject* is
        what the command is about where its arguments do not tell.
        """
        server, known, rule = self._server_socket, self._known_of(name), RULES.get(name)
        kind, keys = subject or _subject(rule, arguments)
        told: Callable[[object], Sequence[Effect]] = _nothing
        if not keys:
            do = partial(server.ask, name, raw)
        elif rule is None:
            do = partial(server.execute, name, raw, ())
        else:
            do = partial(server.execute, name, raw, keys)
            told = partial(server.effects_of, rule.effects, keys, arguments)
        try:
            return self._cache.perform(kind, keys, do, told, _LIBRARIES, known)
        except Exception as error:
            if error is not server.error_reply:
                raise
            # Without the frames that it went through, which it would keep.
            return error.with_traceback(None)
        finally:
            server.error_reply = None

    def _known_of(self, name: bytes) -> Mapping[str, object]:
        known = self._known.get(name)
        if known is None:
            store = url_of((*self._address, self._server_socket.db))
            known = self._known[name] = {"asked": name.decode(errors="replace"), "store": store}
        return known

    def _answer(self, name: bytes, fields: list[bytes], reply: object) -> bytes:
        """Return the bytes of a reply, after those of what came unasked before it."""
        if reply is NO_REPLY:
            self._waiting.append(fields)
            return b""
        # Replies come in order: what still waited for one, after CLIENT REPLY OFF, gets none.
        self._waiting.clear()
        if self._protocol == 3 and name in _SETS:
            reply = _as_set(name, reply)
        data = encode(reply, self._protocol)
        return self._pushed() + data if self._server_socket.pushes else data

    def _pushed(self) -> bytes:
        pushes, self._server_socket.pushes = self._server_socket.pushes, []
        return b"".join([encode(each, self._protocol, push=True) for each in pushes])

    def _arrive(self, message: object) -> None:
        """Deliver what came while nothing was executed: a late reply, or what nobody asked for."""
        if not self._waiting:
            self.deliver(encode(message, self._protocol, push=True))
            return
        fields = self._waiting.popleft()
        self._count(fields, message, {})
        self.deliver(encode(_as_set(fields[0].upper(), message), self._protocol))

    def _count(self, fields: list[bytes], reply: object, flushed: dict[object, None]) -> None:
        """Record what a command did that has been executed; *flushed* is what a flush deletes."""
        name, server = fields[0].upper(), self._server_socket
        rule, arguments = RULES.get(name), _arguments(fields, flushed)
        kind, keys = _subject(rule, arguments)
        if isinstance(reply, Exception):
            if keys:
                self._cache.fail(keys, reply, _LIBRARIES, sys._getframe(), self._known_of(name), kind)
            return
        if name == b"SELECT":
            self._select(arguments)
        if rule is None or not keys:
            return
        server.look_at_times(keys)
        for done, key in server.effects_of(rule.effects, keys, arguments, reply):
            # What a transaction has written before it flushes is flushed as well.
            if done == "put":
                flushed[key[0] if isinstance(key, tuple) else key] = None
            elif done == "delete":
                flushed.pop(key, None)
            self._cache.record(done, key, _LIBRARIES, self._known_of(name))

    def _select(self, arguments: Sequence[bytes]) -> None:
        self._server_socket.db = int(arguments[0])
        self._known = {}

    def _there(self, commands: Iterable[list[bytes]]) -> dict[object, None]:
        """Return the keys that are there for *commands* to flush, if any of them does."""
        names = FLUSHES.intersection([command[0].upper() for command in commands])
        if not names:
            return {}
        return dict.fromkeys(map(text_of, self._server_socket.keys(b"FLUSHALL" in names)))

    # The commands that change what is known here, or that something has to be known for: see `_SPECIAL`.

    def _queue(self, name: bytes, fields: list[bytes], raw: bytes) -> bytes:
        """Have a command queued; it passes the gate as part of the EXEC that executes it."""
        reply = self._server_socket.ask(name, raw)
        if self._queued is not None and reply == b"QUEUED":
            self._queued.append(fields)
        else:
            self._count(fields, reply, {})
        return self._answer(name, fields, reply)

    def _multi(self, name: bytes, fields: list[bytes], raw: bytes) -> bytes:
        reply = self._perform(name, raw)
        if not isinstance(reply, Exception):
            self._queued = []
        return self._answer(name, fields, reply)

    def _exec(self, name: bytes, fields: list[bytes], raw: bytes) -> bytes:
        """Execute what was queued: one call of all its keys, a get, put or delete if each of them is."""
        queued = self._queued or []
        flushed = self._there(queued)
        kinds: set[str | None] = set()
        keys: list[object] = []
        for command in queued:
            kind, about = _subject(RULES.get(command[0].upper()), _arguments(command, flushed))
            kinds.add(kind)
            keys += about
        subject = kinds.pop() if len(kinds) == 1 else None, tuple(keys)
        reply = self._perform(name, raw, (), subject)
        self._queued = None
        if isinstance(reply, list):
            for command, each in zip(queued, reply, strict=True):
                self._count(command, each, flushed)
            if self._protocol == 3:
                reply = [
                    _as_set(command[0].upper(), each) for command, each in zip(queued, reply, strict=True)
                ]
        return self._answer(name, fields, reply)

    def _discard(self, name: bytes, fields: list[bytes], raw: bytes) -> bytes:
        reply = self._perform(name, raw)
        self._queued = None
        return self._answer(name, fields, reply)

    def _flush(self, name: bytes, fields: list[bytes], raw: bytes) -> bytes:
        if self._queued is not None:
            return self._queue(name, fields, raw)
        return self._answer(name, fields, self._perform(name, raw, list(self._there([fields]))))

    def _select_database(self, name: bytes, fields: list[bytes], raw: bytes) -> bytes:
        if self._only is not None and fields[1:] != [b"%d" % self._only]:
            wrong = f"SELECT leaves the database {self._only} of the cache {self._cache.name!r}"
            error = ResponseError(f"{wrong}: point another cache at that database")
            return encode(error, self._protocol)
        if self._queued is not None:
            return self._queue(name, fields, raw)
        reply = self._perform(name, raw)
        if not isinstance(reply, Exception):
            self._select(fields[1:])
        return self._answer(name, fields, reply)

    def _authenticate(self, name: bytes, fields: list[bytes], raw: bytes) -> bytes:
        return encode(b"OK", self._protocol)

    def _hello(self, name: bytes, fields: list[bytes], raw: bytes) -> bytes:
        words = [word.upper() for word in fields]
        if b"AUTH" in words:
            start = words.index(b"AUTH")
            fields = fields[:start] + fields[start + 3 :]
            raw = pack(fields)
        if self._queued is not None:
            return self._queue(name, fields, raw)
        reply = self._perform(name, raw)
        if len(fields) > 1 and not isinstance(reply, Exception):
            self._protocol = int(fields[1])
        return self._answer(name, fields, reply)

    def _subscribe(self, name: bytes, fields: list[bytes], raw: bytes) -> bytes:
        """Subscribe or unsubscribe: it is answered as what is published is, by as many as there are names."""
        if self._queued is not None:
            return self._queue(name, fields, raw)
        do = partial(self._server_socket.exchange, raw)
        pushes = self._cache.perform(None, (), do, _nothing, _LIBRARIES, self._known_of(name))
        return b"".join([encode(each, self._protocol, push=True) for each in pushes])


_SPECIAL: dict[bytes, Callable[[Link, bytes, list[bytes], bytes], bytes]] = {
    b"AUTH": Link._authenticate,
    b"DISCARD": Link._discard,
    b"EXEC": Link._exec,
    b"HELLO": Link._hello,
    b"MULTI": Link._multi,
    b"RESET": Link._discard,
    b"SELECT": Link._select_database,
    **dict.fromkeys(FLUSHES, Link._flush),
    **{f"{p}{s}SUBSCRIBE".encode(): Link._subscribe for p in ("", "P", "S") for s in ("", "UN")},
}


def _subject(rule: Rule | None, arguments: Sequence[Any]) -> Subject:
    if rule is None:
        return None, ()
    try:
        return rule.target(arguments)
    except (IndexError, ValueError):
        # The server will say what is wrong with them.
        return None, ()


def _arguments(fields: list[bytes], flushed: Iterable[object]) -> Sequence[Any]:
    """Return the arguments of a command; for a flush the keys that it deletes."""
    return list(flushed) if fields[0].upper() in FLUSHES else fields[1:]


def _as_set(name: bytes, reply: object) -> object:
    """Return a list as the set that it is in RESP3, where fakeredis has no sets."""
    return frozenset(reply) if name in _SETS and isinstance(reply, list) else reply

"""The server's end of one connection: RESP in, RESP out, each command counted when it was executed."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from .commands import FLUSHES, Effect, effects
from .resp import Requests, encode, pack
from .store import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fakeredis import FakeServer

    from .store import Store

__all__ = ["Link"]

_LIBRARIES = frozenset(
    {"redis", "fakeredis", "async_timeout", "django", "django_redis", "dogpile", "cachelib", "aiocache"}
)
_SUBSCRIBES = frozenset(f"{p}{s}SUBSCRIBE".encode() for p in ("", "P", "S") for s in ("", "UN"))
_SETS = frozenset({b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF"})
_SCRIPTS = frozenset({b"EVAL", b"EVALSHA", b"EVAL_RO", b"EVALSHA_RO", b"SCRIPT", b"FUNCTION", b"FCALL"})


class Link:
    """What a connection talks to in place of a socket.

    Any user and password will do.
    """

    def __init__(self, store: Store, server: FakeServer, far: Any, only: int | None) -> None:
        """Talk to *server* by fakeredis's socket *far*; *only* is the one database to use, None for any."""
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
            self._reply(fields, ResponseError(f"{wrong}: point another cache at that database"), {})
            return
        if name == b"AUTH":
            self._reply(fields, b"OK", {})
            return
        if name == b"HELLO" and b"AUTH" in (words := [each.upper() for each in fields]):
            start = words.index(b"AUTH")
            fields = fields[:start] + fields[start + 3 :]
        there = self._flushed([fields, *(self._queued or ())] if name == b"EXEC" else [fields])
        self._sender, self._arrived = threading.get_ident(), []
        try:
            self._far.sendall(pack(fields))
        finally:
            self._sender = None
        *pushes, last = self._arrived or [None]
        if name in _SUBSCRIBES:
            pushes = self._arrived
        for each in pushes:
            self.deliver(encode(each, self._protocol, push=True))
        if self._arrived and name not in _SUBSCRIBES:
            self._reply(fields, last, there)
        elif not self._arrived:
            self._waiting = fields

    def _flushed(self, commands: list[list[bytes]]) -> dict[bytes, None]:
        """Return the keys that are there for *commands* to flush, if any of them does."""
        names = FLUSHES.intersection(command[0].upper() for command in commands)
        if not names:
            return {}
        with self._server.lock:
            numbers = list(self._server.dbs) if b"FLUSHALL" in names else [self._db]
            return dict.fromkeys(key for number in numbers for key in self._server.dbs[number])

    def _arrive(self, message: object) -> None:
        if self._sender == threading.get_ident():
            self._arrived.append(message)
        elif self._waiting is not None:
            fields, self._waiting = self._waiting, None
            self._reply(fields, message, {})
        else:
            self.deliver(encode(message, self._protocol, push=True))

    def _reply(self, fields: list[bytes], reply: object, there: dict[bytes, None]) -> None:
        name = fields[0].upper()
        if self._protocol == 3:
            reply = _as_set(name, reply)
        if isinstance(reply, ResponseError) and str(reply).startswith("unknown command"):
            reply = _unknown(name)
        failed = isinstance(reply, Exception)
        if name in (b"EXEC", b"DISCARD", b"RESET"):
            queued, self._queued = self._queued or [], None
            if name == b"EXEC" and isinstance(reply, list):
                if self._protocol == 3:
                    reply = [
                        _as_set(command[0].upper(), each) for command, each in zip(queued, reply, strict=True)
                    ]
                for command, each in zip(queued, reply, strict=True):
                    self._count(command, each, there)
        elif name == b"MULTI" and not failed:
            self._queued = []
        elif self._queued is not None and reply == b"QUEUED":
            self._queued.append(fields)
        else:
            self._count(fields, reply, there)
        encoded = encode(reply, self._protocol)
        if name == b"HELLO" and len(fields) > 1 and not failed:
            self._protocol = int(fields[1])
            encoded = encode(reply, self._protocol)
        self.deliver(encoded)

    def _count(self, fields: list[bytes], reply: object, there: dict[bytes, None]) -> None:
        if isinstance(reply, Exception):
            return
        name = fields[0].upper()
        if name == b"SELECT":
            self._db = int(fields[1])
        found = [Effect("delete", key) for key in there] if name in FLUSHES else effects(fields, reply)
        # Of others only the first argument: EXPIRE and its like count as nothing, but give a key its time.
        expired = self._expired({effect.key for effect in found} or set(fields[1:2]))
        for effect in found:
            if effect.kind == "miss" and effect.key in expired:
                expired.remove(effect.key)
                self._store.cache.record("expiration", text_of(effect.key), _LIBRARIES)
            # What a transaction has written before it flushes is flushed as well.
            if effect.kind == "put":
                there[effect.key] = None
            elif effect.kind == "delete" and effect.field is None:
                there.pop(effect.key, None)
            key = effect.key if effect.field is None else (effect.key, effect.field)
            self._store.cache.record(effect.kind, text_of(key), _LIBRARIES)

    def _expired(self, keys: Iterable[bytes]) -> set[bytes]:
        """Note until when each of *keys* lives; return those that are gone because their time had come."""
        gone, mortal = set(), self._store.mortal
        with self._server.lock:
            for key in keys:
                entry = self._server.dbs[self._db].get(key)
                place = self._server, self._db, key
                if entry is not None and entry.expireat is not None:
                    mortal[place] = entry.expireat
                elif mortal.pop(place, math.inf) <= time.time() and entry is None:
                    gone.add(key)
        return gone


def _as_set(name: bytes, reply: object) -> object:
    """Return a list as the set that it is in RESP3, where fakeredis has no sets."""
    return frozenset(reply) if name in _SETS and isinstance(reply, list) else reply


def _unknown(name: bytes) -> ResponseError:
    shown = name.decode(errors="replace").lower()
    why = "needs lupa for it: pip install 'fakeredis[lua]'" if name in _SCRIPTS else "does not have it"
    return ResponseError(f"unknown command '{shown}': fakeredis, the server of a test, {why}")

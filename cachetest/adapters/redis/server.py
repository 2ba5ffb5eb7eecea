"""The commands of one connection, executed on a server of fakeredis: bytes in, Python objects out."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fakeredis import FakeServer

    from ..._behaving.gate import Effect
    from .effects import Effects
    from .store import Lifetimes

__all__ = ["NO_REPLY", "ServerSocket"]

NO_REPLY = object()
"""Stands for the reply of a command that waits for something, and for that of one that has none."""

_SCRIPTS = frozenset({b"EVAL", b"EVALSHA", b"EVAL_RO", b"EVALSHA_RO", b"SCRIPT", b"FUNCTION", b"FCALL"})


class ServerSocket:
    """The server's end of one connection, around a socket of fakeredis.

    ``db`` is the selected database; ``pushes`` is what came before the latest reply, unasked; ``error_reply``
    is the error that `execute` raised because it was the reply.
    """

    def __init__(
        self, server: FakeServer, socket: Any, lifetimes: Lifetimes, late: Callable[[object], None]
    ) -> None:
        """Execute on *server* by *socket*; call *late* with what comes while no command is executed."""
        self.db = 0
        self.pushes: list[object] = []
        self.error_reply: Exception | None = None
        self._server = server
        self._socket = socket
        self._lifetimes = lifetimes
        self._late = late
        # The keys that the latest command found gone, and the times that they had lived until.
        self._expired: dict[object, float] = {}
        # The thread that sends; what arrives on it meanwhile is kept for it.
        self._sender: int | None = None
        self._arrived: list[object] = []
        socket.put_response = self._arrive

    def exchange(self, raw: bytes) -> list[object]:
        """Have the command that *raw* is executed, and return what was sent meanwhile, the reply last."""
        arrived: list[object] = []
        self._arrived = arrived
        self._sender = threading.get_ident()
        try:
            self._socket.sendall(raw)
        finally:
            self._sender = None
        return arrived

    def ask(self, name: bytes, raw: bytes) -> object:
        """Execute a command and return its reply, an error as well; `NO_REPLY` where that comes later."""
        arrived = self.exchange(raw)
        reply = arrived.pop() if arrived else NO_REPLY
        if arrived:
            self.pushes += arrived
        if isinstance(reply, ResponseError) and str(reply).startswith("unknown command"):
            return _unknown(name)
        return reply

    def execute(self, name: bytes, raw: bytes, keys: Sequence[object]) -> object:
        """Execute a command about *keys* and return its reply; raise it where it is an error."""
        reply = self.ask(name, raw)
        if isinstance(reply, Exception):
            self.error_reply = reply
            raise reply
        self.look_at_times(keys)
        return reply

    def look_at_times(self, keys: Sequence[object]) -> None:
        """Note until when each of *keys* lives, and which are gone because their time had come."""
        self._expired.clear()
        until = self._lifetimes
        with self._server.lock:
            entries = self._server.dbs[self.db]
            for key in keys:
                # As `_base` and `_raw` have it: this is done for each key of each command.
                key = key[0] if isinstance(key, tuple) else key
                raw: Any = key.encode() if isinstance(key, str) else key
                entry = entries.get(raw)
                if entry is not None and entry.expireat is not None:
                    until[self._server, self.db, raw] = entry.expireat
                elif until:
                    place = self._server, self.db, raw
                    if entry is None and until.get(place, math.inf) <= time.time():
                        self._expired[key] = until[place]
                    else:
                        until.pop(place, None)

    def effects_of(
        self, effects: Effects, keys: Sequence[object], arguments: Sequence[bytes], reply: object
    ) -> Sequence[Effect]:
        """Return what the latest command did; of a key whose time had come the expiration first."""
        if reply is NO_REPLY:
            return ()
        found = effects(keys, arguments, reply)
        return self._with_expirations(found, keys) if self._expired else found

    def _with_expirations(self, found: Sequence[Effect], keys: Sequence[object]) -> Sequence[Effect]:
        # Each is told once: by a lookup, or by nothing where its key is put, deleted or only asked about.
        expired = set(filter(self._forget_time, set(map(_base, [key for _, key in found] or keys[:1]))))
        done: list[Effect] = []
        for effect in found:
            key = _base(effect[1])
            if effect[0] == "miss" and key in expired:
                expired.remove(key)
                done.append(("expiration", key))
            done.append(effect)
        return done

    def _forget_time(self, key: object) -> bool:
        """Forget until when *key* lived, if its time had come; return whether it had."""
        place = self._server, self.db, _raw(key)
        with self._server.lock:
            # Another thread may have told of it, or put it anew.
            if key not in self._expired or self._lifetimes.get(place) != self._expired[key]:
                return False
            del self._lifetimes[place]
            return True

    def keys(self, everywhere: bool) -> dict[bytes, None]:
        """Return the keys of the selected database, or of all."""
        with self._server.lock:
            numbers = list(self._server.dbs) if everywhere else [self.db]
            return dict.fromkeys(key for number in numbers for key in self._server.dbs[number])

    def close(self) -> None:
        """Leave the server."""
        self._socket.shutdown(None)
        self._socket.close()

    def _arrive(self, message: object) -> None:
        if self._sender == threading.get_ident():
            self._arrived.append(message)
        else:
            self._late(message)


def _base(key: object) -> object:
    """Return the key itself of that of a field."""
    return key[0] if isinstance(key, tuple) else key


def _raw(key: object) -> Any:
    """Return a key of the log as the server has it."""
    return key.encode() if isinstance(key, str) else key


def _unknown(name: bytes) -> ResponseError:
    shown = name.decode(errors="replace").lower()
    why = "needs lupa for it: pip install 'fakeredis[lua]'" if name in _SCRIPTS else "does not have it"
    return ResponseError(f"unknown command '{shown}': fakeredis, the server of a test, {why}")

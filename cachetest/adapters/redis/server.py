"""The commands of one connection, executed on a server of fakeredis: bytes in, Python objects out."""

from __future__ import annotations

import math
import threading
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from redis import exceptions
from redis.exceptions import ResponseError

from ..._behaving.clock import now
from ..._recording.lifetimes import note_lifetime
from ..outer_call import call_around
from .addresses import url_of
from .command_table import split
from .commands import RULES
from .keys import text_of
from .peer import Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..._behaving.gate import Effect
    from ..._caches.cache import MockCache
    from .addresses import Address
    from .effects import Effects
    from .store import Lifetimes
    from .waits import Server

__all__ = ["NO_REPLY", "ServerSocket"]

NO_REPLY = object()
"""Stands for the reply of a command that waits for something, and for that of one that has none."""

# As redis-py has it.
SERVER_CLOSED_CONNECTION_ERROR = "Connection closed by server."
# They put an entry and say how long it lives.
_PUTS = frozenset({b"SET", b"SETEX", b"PSETEX"})
_SCRIPTS = frozenset({b"EVAL", b"EVALSHA", b"EVAL_RO", b"EVALSHA_RO", b"SCRIPT", b"FUNCTION", b"FCALL"})


class ServerSocket:
    """The server's end of one connection.

    ``db`` is the selected database; ``pushes`` is what came before the latest reply, unasked; ``error_reply``
    is the error that `execute` raised because it was the reply. ``lifetimes`` is shared by all of a store.
    """

    def __init__(
        self,
        server: Server,
        lifetimes: Lifetimes,
        late: Callable[[object], None],
        address: Address,
        cache: MockCache,
    ) -> None:
        """Execute on *server* at *address*; call *late* with what comes while no command is executed.

        *cache* is the one that the commands are counted in.
        """
        self.db = 0
        self.pushes: list[object] = []
        self.error_reply: Exception | None = None
        self.server = server
        self.peer = Peer(server, self._arrive, address)
        self.peer.keys_of = _keys_of
        self.peer.is_sending = self.is_sending
        # What executes each command, for `quick`.
        self.functions: dict[str, Any] = {}
        self.lifetimes = lifetimes
        self._late = late
        self._address = address
        self._cache = cache
        # The keys that the latest command found gone, and the times that they had lived until.
        self._expired: dict[object, float] = {}
        # The thread that sends; what arrives on it meanwhile is kept for it.
        self._sender: int | None = None
        self._arrived: list[object] = []

    def is_sending(self) -> bool:
        """Return whether the calling thread executes a command of this connection."""
        return self._sender == threading.get_ident()

    def exchange(self, fields: list[bytes]) -> list[object]:
        """Have a command executed, and return what was sent meanwhile, the reply last."""
        peer = self.peer
        if peer._killed or not self.server.connected:
            raise exceptions.ConnectionError(SERVER_CLOSED_CONNECTION_ERROR)
        arrived: list[object] = []
        self._arrived = arrived
        self._sender = threading.get_ident()
        try:
            peer.fields = fields
            peer._process_command(fields)
        finally:
            self._sender = None
        return arrived

    def ask(self, fields: list[bytes]) -> object:
        """Execute a command and return its reply, an error as well; `NO_REPLY` where that comes later."""
        arrived = self.exchange(fields)
        reply = arrived.pop() if arrived else NO_REPLY
        if arrived:
            self.pushes += arrived
        if isinstance(reply, ResponseError) and str(reply).startswith("unknown command"):
            return _unknown(fields)
        return reply

    def execute(self, fields: list[bytes], keys: Sequence[object]) -> object:
        """Execute a command about *keys* and return its reply; raise it where it is an error."""
        reply = self.ask(fields)
        if isinstance(reply, Exception):
            self.error_reply = reply
            raise reply
        with self.server.lock:
            self.look_at_times(keys, fields[0])
        return reply

    def look_at_times(self, keys: Sequence[object], name: bytes = b"") -> None:
        """Note until when each of *keys* lives, and which are gone as their time had come; under the lock.

        *name* is that of the command which was executed.
        """
        self._expired.clear()
        until = self.lifetimes
        # Not by the database, which forgets what was over as it was put.
        database = self.server.dbs[self.db]
        entries = database._dict
        for key in keys:
            # As `_base` and `_raw` have it: this is done for each key of each command.
            key = key[0] if isinstance(key, tuple) else key
            raw: Any = key.encode() if isinstance(key, str) else key
            entry = entries.get(raw)
            if entry is not None and entry.expireat is not None:
                if until.get((self.server, self.db, raw)) != entry.expireat:
                    until[self.server, self.db, raw] = entry.expireat
                    if name.upper() in _PUTS:
                        # The moment that its time is counted from; a busy machine comes here later.
                        self.server.born[self.db, raw] = database.time
                    else:
                        # It was there before it was given that time.
                        self.server.born.pop((self.db, raw), None)
            elif until:
                place = self.server, self.db, raw
                lived_until = until.get(place, math.inf)
                if entry is None and lived_until <= now():
                    self._expired[key] = lived_until
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
                self._note_lifetime(key)
            done.append(effect)
        self._expired.clear()
        return done

    def _note_lifetime(self, key: object) -> None:
        """Remember how long *key* lived, for the cache that its expiration is logged in."""
        # A call of a framework's cache has that of its own.
        cache = getattr(call_around(), "mock", self._cache)
        put, place = self.server.born.get((self.db, _raw(key))), url_of((*self._address, self.db))
        note_lifetime(cache, key, put, self._expired[key], now(), place)

    def _forget_time(self, key: object) -> bool:
        """Forget until when *key* lived, if its time had come; return whether it had."""
        place = self.server, self.db, _raw(key)
        # A script calls this as it is executed.
        with nullcontext() if self.is_sending() else self.server.lock:
            # Another thread may have told of it, or put it anew.
            if key not in self._expired or self.lifetimes.get(place) != self._expired[key]:
                return False
            return self.lifetimes.pop(place, None) is not None

    def keys(self, number: int) -> dict[object, None]:
        """Return the keys of the database *number*, as they are logged; under the lock."""
        database = self.server.dbs[number]
        # By the time of its latest command, what has expired since would be there.
        database.time = now()
        return dict.fromkeys(map(text_of, database))

    def forget_times(self, *numbers: int) -> None:
        """Forget until when those would have lived that a flush has deleted, of all databases or of some."""
        present = now()
        for place, until in list(self.lifetimes.items()):
            # What had expired before is told of when it is looked up.
            if place[0] is self.server and (not numbers or place[1] in numbers) and until > present:
                self.lifetimes.pop(place, None)

    def close(self) -> None:
        """Leave the server, and wait for nothing more there."""
        wait = self.peer.wait
        if wait is not None:
            self.server.drop(wait)
        self.peer.shutdown(None)
        self.peer.close()

    def _arrive(self, message: object) -> None:
        if self.is_sending():
            self._arrived.append(message)
        else:
            self._late(message)


def _base(key: object) -> object:
    """Return the key itself of that of a field."""
    return key[0] if isinstance(key, tuple) else key


def _raw(key: object) -> Any:
    """Return a key of the log as the server has it."""
    return key.encode() if isinstance(key, str) else key


def _keys_of(name: bytes, arguments: Sequence[bytes]) -> list[bytes]:
    """Return the keys that a command is about."""
    rule = RULES.get(name)
    try:
        return [] if rule is None else [_raw(_base(key)) for key in rule.target(arguments)[1]]
    except (IndexError, ValueError):
        # Its arguments are wrong, and the server has said so.
        return []


def _unknown(fields: Sequence[bytes]) -> ResponseError:
    name, full = fields[0].upper(), split(fields)[0]
    shown, _, subcommand = full.partition(" ")
    if subcommand:
        asked = fields[1].decode(errors="replace")
        return ResponseError(f"unknown subcommand '{asked}'. Try {shown.upper()} HELP.")
    lacks_lua = name in _SCRIPTS and not hasattr(Peer, "eval")
    why = "needs lupa for it: pip install 'fakeredis[lua]'" if lacks_lua else "does not have it"
    return ResponseError(f"unknown command '{shown}': fakeredis, the server of a test, {why}")

"""The object that a connection talks to in place of a socket."""

from __future__ import annotations

import sys
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from redis.exceptions import ResponseError

from ..._recording.call_sites import this_thread
from ..._recording.operation import SCRIPTS
from ...errors import CacheTestError
from ..outer_call import call_around
from .commands import FLUSHES, OVERWRITING, RULES, QueuedKeys
from .effects import nothing as no_effects
from .flushes import Flushed
from .quick import HARMLESS, is_harmless, of_server
from .resp import as_set, encode
from .serving import LIBRARIES, Serving, nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType

    from ..._behaving.gate import Effect
    from .addresses import Address
    from .keys import Subject
    from .store import Store

__all__ = ["Link", "Site"]

Site = tuple["CodeType", int, str]
"""The code and the instruction that a command comes from, and the name of the thread."""


class Link(Serving):
    """The object that a connection talks to in place of a socket."""

    def __init__(self, store: Store, address: Address, only: int | None) -> None:
        """Talk to the server of *store* at *address*; *only* is the one database to use, None for any."""
        super().__init__(store, address)
        self._only = only
        self._server_socket.peer.when_killed = self._be_killed

    def note(
        self, effects: Sequence[Effect], commands: Sequence[list[bytes]], site: Site | None = None
    ) -> Site:
        """Record what came of *commands*: one of each, or all of one; return the place, if not given it."""
        if self.decode is not None or self._store.decoders:
            self.use([key for _, key in effects])
        around = call_around()
        if around is not None:
            return around.told(effects, self.known_of(commands[0][0]))  # type: ignore[no-any-return]
        log = self._own_cache.operations
        if site is None:
            found, code = log.find_caller(sys._getframe(1), LIBRARIES)
            site = code, found.f_lasti, this_thread.name
        code, at, name = site
        command = commands[0][0]
        known = self._known.get(command) or self.known_of(command)
        of_each = len(commands) > 1
        for n, (kind, key) in enumerate(effects):
            if of_each:
                known = self.known_of(commands[n][0])
            state = log.state
            state.ticks[kind].append(None)
            state.latest.append((next(log.numbers), kind, key, name, code, at, known))
        return site

    def serve(self, fields: list[bytes]) -> bytes:
        """Execute a command; return what the client reads, which is nothing where the reply comes later."""
        name = fields[0].upper()
        if name not in HARMLESS and not is_harmless(fields):
            self._is_plain = False
            if of_server(fields):
                self._server.is_plain = False
        special = _SPECIAL.get(name)
        if special is not None:
            data = special(self, name, fields)
        elif self._queued is not None:
            return self._queue(name, fields)
        else:
            data = self.answer(name, fields, self.perform(name, fields, fields[1:]))
        if self._server.waits or self._server.told:
            self._server.serve()
        return data

    # The commands that change what is known here, or that something has to be known for: see `_SPECIAL`.

    def _queue(self, name: bytes, fields: list[bytes]) -> bytes:
        """Have a command queued; it passes the gate as part of the EXEC that executes it."""
        reply = self._server_socket.ask(fields)
        if self._queued is not None and reply == b"QUEUED":
            self._queued.append(fields)
        else:
            self.count(fields, reply, Flushed({}))
        return self.answer(name, fields, reply)

    def _multi(self, name: bytes, fields: list[bytes]) -> bytes:
        reply = self.perform(name, fields)
        if not isinstance(reply, Exception):
            self._queued = []
        return self.answer(name, fields, reply)

    def _exec(self, name: bytes, fields: list[bytes]) -> bytes:
        """Execute what was queued: one call of all its keys, a get, put or delete if each of them is."""
        queued = self._queued or []
        flushed = self.there(queued)
        subject = self.subject_of_all(queued)
        self._server_socket.peer.queued = deque(queued)
        reply = self.perform(name, fields, (), subject)
        self._queued = None
        if isinstance(reply, list):
            for command, each in zip(queued, reply, strict=True):
                self.count(command, each, flushed)
                if command[0].upper().decode(errors="replace") in SCRIPTS:
                    self._scripts.tell_next()
            if self._protocol == 3:
                reply = [
                    as_set(command[0].upper(), each) for command, each in zip(queued, reply, strict=True)
                ]
        return self.answer(name, fields, reply)

    def subject_of_all(self, commands: Sequence[list[bytes]]) -> Subject:
        """Return what a transaction of *commands* is about: a get, put or delete if each of them is."""
        flushed = self.there(commands)
        kinds: set[str | None] = set()
        keys: list[object] = []
        overwritten: list[object] = []
        for command in commands:
            name = command[0].upper()
            kind, about = self.subject(name, command[1:], flushed)
            rule = RULES.get(name)
            # What counts as nothing, as EXPIRE does, makes a put none the less one.
            if rule is None or rule.effects is not no_effects:
                kinds.add(kind)
            keys += about
            if name in OVERWRITING:
                overwritten += about
        return kinds.pop() if len(kinds) == 1 else None, QueuedKeys.of(keys, overwritten)

    def _discard(self, name: bytes, fields: list[bytes]) -> bytes:
        reply = self.perform(name, fields)
        self._queued = None
        return self.answer(name, fields, reply)

    def _reset(self, name: bytes, fields: list[bytes]) -> bytes:
        reply = self.perform(name, fields)
        self._queued = None
        self._protocol = 2
        self.select([b"0"])
        return self.answer(name, fields, reply)

    def _flush(self, name: bytes, fields: list[bytes]) -> bytes:
        if self._queued is not None:
            return self._queue(name, fields)
        flushed = self.there([fields])
        subject = self.subject(name, (), flushed)

        def record(reply: object) -> Sequence[Effect]:
            if not isinstance(reply, Exception):
                self.record_flush(name, flushed)
            return ()

        return self.answer(name, fields, self.perform(name, fields, (), subject, record))

    def _select_database(self, name: bytes, fields: list[bytes]) -> bytes:
        if self._only is not None and fields[1:] != [b"%d" % self._only]:
            wrong = f"SELECT leaves the database {self._only} of the cache {self._own_cache.name!r}"
            error = ResponseError(f"{wrong}: point another cache at that database")
            return encode(error, self._protocol)
        if self._queued is not None:
            return self._queue(name, fields)
        reply = self.perform(name, fields)
        if not isinstance(reply, Exception):
            self.select(fields[1:])
        return self.answer(name, fields, reply)

    def _authenticate(self, name: bytes, fields: list[bytes]) -> bytes:
        if self._queued is not None:
            return self._queue(name, fields)
        return self.answer(name, fields, self._server_socket.ask(fields))

    def _cluster(self, name: bytes, fields: list[bytes]) -> bytes:
        if [word.upper() for word in fields[1:2]] == [b"SLOTS"]:
            # What redis-py says of a reply that is an error would not say why.
            raise CacheTestError(
                "the server of a test is a single one, and no Redis Cluster: have the program use "
                "redis.Redis in tests"
            )
        return self.answer(name, fields, self.perform(name, fields))

    def _quit(self, name: bytes, fields: list[bytes]) -> bytes:
        self.hang_up()
        return encode(b"OK", self._protocol)

    def _be_killed(self) -> None:
        # Whatever it does next, its server says that it is gone.
        self._is_plain = False
        wait = self._server_socket.peer.wait
        if wait is not None:
            self._server.drop(wait)
        if self._server_socket.is_sending():
            self.hang_up()
        else:
            self.end()

    def end(self) -> None:
        """Have the client read that nothing comes any more."""
        raise NotImplementedError

    def hang_up(self) -> None:
        """Close the connection after what is being answered, as a server does."""
        raise NotImplementedError

    def _hello(self, name: bytes, fields: list[bytes]) -> bytes:
        if self._queued is not None:
            return self._queue(name, fields)
        reply = self.perform(name, fields)
        if len(fields) > 1 and not isinstance(reply, Exception):
            self._protocol = int(fields[1])
        return self.answer(name, fields, reply)

    def _subscribe(self, name: bytes, fields: list[bytes]) -> bytes:
        """Subscribe or unsubscribe: it is answered as what is published is, by as many as there are names."""
        if self._queued is not None:
            return self._queue(name, fields)
        do = partial(self._server_socket.exchange, fields)
        pushes = self._cache.perform(None, (), do, nothing, LIBRARIES, self.known_of(name))
        return b"".join([encode(each, self._protocol, push=True) for each in pushes])


_SPECIAL: dict[bytes, Callable[[Link, bytes, list[bytes]], bytes]] = {
    b"AUTH": Link._authenticate,
    b"CLUSTER": Link._cluster,
    b"DISCARD": Link._discard,
    b"EXEC": Link._exec,
    b"HELLO": Link._hello,
    b"MULTI": Link._multi,
    b"QUIT": Link._quit,
    b"RESET": Link._reset,
    b"SELECT": Link._select_database,
    **dict.fromkeys(FLUSHES, Link._flush),
    **{f"{p}{s}SUBSCRIBE".encode(): Link._subscribe for p in ("", "P", "S") for s in ("", "UN")},
}

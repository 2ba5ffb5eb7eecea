"""What a link does with a packet while something is in force: it may fail, be late, or lose its reply."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from redis import exceptions

from ...faults import Fails, LosesReply, Slow
from ..outer_call import call_around
from ..packets import Packet
from ..tries import begin_tries, is_inside, tries_of_caller
from .late import Late
from .refusals import refusal_of
from .serving import LIBRARIES
from .storage import RedisStorage, too_large

if TYPE_CHECKING:
    from collections.abc import Sequence
    from weakref import ref

    from ..._behaving.injection import Strike
    from ..tries import Tries

__all__ = ["StruckLink"]

_CLOSED = "Connection closed by server."
# The functions of redis-py by which a connection sends something for itself: no call of the program's.
_OF_CONNECTIONS = frozenset({"on_connect", "on_connect_check_health", "connect_check_health", "_send_ping"})
# What reads an entry and writes it is neither a get nor a put.
_COUNTING = frozenset(b"APPEND DECR DECRBY HINCRBY HINCRBYFLOAT INCR INCRBY INCRBYFLOAT SETRANGE".split())


class _LinkCarrier:
    """Carries out what is about single keys, in the database that a link has selected."""

    def __init__(self, link: StruckLink) -> None:
        self._link = link

    def storage(self, cache: Any) -> RedisStorage:
        link = self._link
        server, number = link._server, link._server_socket.db
        return RedisStorage(lambda: [(server, number)], link._store.lifetimes)

    def failure(self, cache: Any) -> Exception | None:
        return None

    def too_large(self, cache: Any, key: object, size: int, limit: int) -> Exception:
        # It is what the server replies, and goes to the client as that.
        error = too_large()
        self._link._server_socket.error_reply = error
        return error


def _connection_error(text: str) -> Exception:
    error: Exception = exceptions.ConnectionError(text)
    return error


class StruckLink:
    """The part of a link that packets go through while something is in force: they may be struck.

    ``connection`` is that of redis-py; ``time_limit`` returns how long it waits for a reply.
    """

    # Those of a link.
    _counted: Any
    _holds: bool
    _own_cache: Any
    _queued: Any
    _server: Any
    _server_socket: Any
    _store: Any
    break_off: Any
    deliver: Any
    end: Any
    held: Any
    known_of: Any
    serve: Any
    subject: Any
    subject_of_all: Any
    there: Any

    connection: ref[Any] | None = None

    def time_limit(self) -> float | None:
        """Return for how many seconds the client waits for a reply; None for ever."""
        raise NotImplementedError

    def deliver_late(self, late: Late) -> None:
        """Have the client read what is late."""
        raise NotImplementedError

    def send_in_force(self, commands: Sequence[list[bytes]], data: bytes | str) -> list[bytes]:
        """Execute what was sent at once, as far as nothing strikes it; return the replies."""
        tries = tries_of_caller()
        packet: Packet | None = None if tries is None else tries.plans.get(data)
        is_first = packet is None
        if packet is None:
            packet = self._packet(commands)
            if packet.whole:
                packet.spread()
                tries = begin_tries(packet.whole[0].clock)
                tries.plans[data] = packet
        try:
            return (self._first if is_first else self._again)(commands, packet, tries)
        finally:
            packet.let_go()

    def _first(self, commands: Sequence[list[bytes]], packet: Packet, tries: Tries | None) -> list[bytes]:
        fails, lost, slow = packet.find(Fails), packet.find(LosesReply), packet.find(Slow)
        if fails is not None and tries is not None:
            error = self._error_of(fails, tries)
            packet.fail(error)
            raise error
        if lost is not None and tries is not None:
            error = lost.fault.raised() or exceptions.ConnectionError(_CLOSED)
            packet.meet(error)
            self._execute(commands, packet)
            tries.is_down = tries.is_down or lost.fault.then_down
            self._lose(lost.fault.raised())
            return []
        if slow is not None and tries is not None:
            return self._late(commands, packet, tries, slow)
        return self._execute(commands, packet)

    def _again(self, commands: Sequence[list[bytes]], packet: Packet, tries: Tries | None) -> list[bytes]:
        """Do what comes of a packet that redis-py sends once more."""
        fails, slow = packet.find(Fails), packet.find(Slow)
        assert tries is not None
        if fails is not None:
            raise self._error_of(fails, tries)
        packet.forget(LosesReply)
        if slow is not None:
            return self._late(commands, packet, tries, slow)
        return self._execute(commands, packet)

    def _late(
        self, commands: Sequence[list[bytes]], packet: Packet, tries: Tries, slow: Strike
    ) -> list[bytes]:
        assert isinstance(slow.fault, Slow)
        limit = self.time_limit()
        late = Late(b"", tries, slow.fault.seconds, limit)
        if late.is_too_late:
            packet.meet(exceptions.TimeoutError(self._text_of_timeout()))
        late.data = b"".join(self._execute(commands, packet))
        self.deliver_late(late)
        return []

    def _text_of_timeout(self) -> str:
        return "Timeout reading from socket"

    def _error_of(self, fails: Strike, tries: Tries) -> Exception:
        assert isinstance(fails.fault, Fails)
        error = fails.fault.raised()
        if error is not None:
            return error
        tries.is_down = True
        connection = None if self.connection is None else self.connection()
        if connection is None:
            return _connection_error(_CLOSED)
        return _connection_error(connection._error_message(refusal_of(connection)))

    def _lose(self, error: Exception | None) -> None:
        if error is not None:
            self.break_off(error)
        self.end()

    def _packet(self, commands: Sequence[list[bytes]]) -> Packet:
        """Return what strikes each of *commands*, of which none is executed yet."""
        packet = Packet(_LinkCarrier(self))
        queued = None if self._queued is None else list(self._queued)
        around, passes = call_around(), is_inside(_OF_CONNECTIONS, "redis.")
        for fields in commands:
            name = fields[0].upper()
            if passes:
                packet.add_passing()
                continue
            if queued is not None and name not in (b"EXEC", b"DISCARD", b"RESET", b"QUIT"):
                packet.add_nothing()
                queued.append(fields)
                continue
            if name == b"EXEC":
                subject = self.subject_of_all(queued or [])
            else:
                subject = self.subject(name, fields[1:], self.there([fields]))
            queued = [] if name == b"MULTI" else None
            if around is not None:
                packet.add_below(around, looks=name == b"EXISTS")
            else:
                cache, kind = self._own_cache, None if name in _COUNTING else subject[0]
                packet.add(cache.make_call(kind, subject[1], LIBRARIES, sys._getframe(), self.known_of(name)))
        return packet

    def _execute(self, commands: Sequence[list[bytes]], packet: Packet) -> list[bytes]:
        replies: list[bytes] = []
        try:
            for fields, counted in zip(commands, packet.counted, strict=True):
                self._counted = counted
                if not self._holds or not self.held(fields):
                    replies.append(self.serve(fields))
        except BaseException:
            # What was executed before it is answered, as without anything in force.
            self.deliver(b"".join(replies))
            raise
        finally:
            self._counted = None
        return replies

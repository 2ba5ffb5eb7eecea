"""What a link does with a packet while something is in force: it may fail, be late, or have its reply lost."""

from __future__ import annotations

import errno
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from redis import exceptions

from ..._behaving.carrying import carry_out
from ...faults import Fails, LosesReply, Slow
from ..outer_call import call_around
from ..struck_below import Below
from .link import Link
from .serving import LIBRARIES
from .storage import RedisStorage
from .striking import Packet
from .tries import begin_tries, refusal_of, tries_of_caller

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from weakref import ref

    from ..._behaving.injection import Strike
    from .store import Store
    from .tries import Tries

__all__ = ["Late", "StruckLink", "failure_of", "too_large"]

_CLOSED = "Connection closed by server."


class Late(Exception):
    """What stands in for replies that are late: *data*, that comes as the call has got to *due*.

    Where *limit* is less than that is from now, the time that the client waits is up before.
    """

    def __init__(self, data: bytes, tries: Tries, seconds: float, limit: float | None) -> None:
        super().__init__("the replies are late")
        self.data = data
        self.is_too_late = limit is not None and seconds > limit
        self._tries = tries
        self._seconds = limit if self.is_too_late and limit is not None else seconds

    @property
    def due(self) -> float:
        """By how much the clock is ahead when it comes, or when nobody waits for it any more."""
        return self._tries.at + self._seconds

    def wait(self) -> None:
        """Have the clock get there."""
        self._tries.pass_on(self._seconds)


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
        error = self._link._server_socket.error_reply = too_large()
        return error


def failure_of(store: Store) -> Exception:
    """Return the error of a client that can't reach a server of *store*."""
    address = next(iter(store.servers), ("localhost", 6379))
    return exceptions.ConnectionError(
        f"Error {errno.ECONNREFUSED} connecting to {':'.join(map(str, address))}. "
        f"{os.strerror(errno.ECONNREFUSED)}."
    )


def too_large() -> Exception:
    """Return the error that a server replies with where there is no room for an entry."""
    return exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")


class StruckLink(Link):
    """A link whose packets may be struck.

    ``connection`` is that of redis-py; ``time_limit`` returns how long it waits for a reply.
    """

    connection: ref[Any] | None = None

    # What strikes single keys of the command that is executed.
    _strikes: Sequence[Any] = ()

    def time_limit(self) -> float | None:
        """Return for how many seconds the client waits for a reply; None for ever."""
        raise NotImplementedError

    def deliver_late(self, late: Late) -> None:
        """Have the client read what is late."""
        raise NotImplementedError

    def send_in_force(self, commands: Sequence[list[bytes]], data: bytes) -> list[bytes]:
        """Execute what was sent at once, as far as nothing strikes it; return the replies."""
        tries = tries_of_caller()
        packet: Packet | None = None if tries is None else tries.plans.get(data)
        if packet is None:
            packet = self._packet(commands)
            if packet.whole:
                packet.spread()
                tries = begin_tries(packet.whole[0].clock)
                tries.plans[data] = packet
            return self._first(commands, packet, tries)
        return self._again(commands, packet, tries)

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
            return exceptions.ConnectionError(_CLOSED)
        return exceptions.ConnectionError(connection._error_message(refusal_of(connection)))

    def _lose(self, error: Exception | None) -> None:
        if error is not None:
            self.break_off(error)
        self.end()

    def _packet(self, commands: Sequence[list[bytes]]) -> Packet:
        """Return what strikes each of *commands*, of which none is executed yet."""
        packet, queued = Packet(), None if self._queued is None else list(self._queued)
        is_below = call_around() is not None
        for fields in commands:
            name = fields[0].upper()
            if queued is not None and name not in (b"EXEC", b"DISCARD", b"RESET", b"QUIT"):
                packet.add_passed()
                queued.append(fields)
                continue
            if name == b"EXEC":
                subject = self.subject_of_all(queued or [], self.there(queued or []))
            else:
                subject = self.subject(name, fields[1:], self.there([fields]))
            queued = [] if name == b"MULTI" else None
            if is_below:
                packet.add_below(name)
            else:
                packet.add(self._own_cache, name, subject, LIBRARIES, self.known_of(name))
        return packet

    def _execute(self, commands: Sequence[list[bytes]], packet: Packet) -> list[bytes]:
        replies = []
        try:
            for fields, planned, strikes in zip(commands, packet.planned, packet.partial, strict=True):
                self._planned, self._strikes = planned, strikes
                if not self._holds or not self.held(fields):
                    replies.append(self.serve(fields))
                self._planned, self._strikes = None, ()
        except BaseException:
            # What was executed before it is answered, as without anything in force.
            self._planned, self._strikes = None, ()
            self.deliver(b"".join(replies))
            raise
        return replies

    def struck(self, kind: str | None, keys: Sequence[object], do: Callable[[], Any]) -> Callable[[], Any]:
        """Return *do*, of a command about *keys*, with what strikes single keys of it around that."""
        carrier = _LinkCarrier(self)
        for each in reversed(self._strikes):
            strike = each.part(kind, keys) if isinstance(each, Below) else each
            if strike is not None:
                do = partial(self._carried, carrier, each, strike, do)
        return do

    def _carried(self, carrier: Any, each: Any, strike: Strike, do: Callable[[], Any]) -> Any:
        result = carry_out(carrier, strike, do)
        if isinstance(each, Below):
            each.note(strike)
        return result

"""What the commands come to that redis-py sends to real servers, by their replies.

A connection sends commands, and reads a reply for each in the same order. Both are looked at, so that a
command counts by its reply, as it does on a server in memory. Nothing is sent that the program does not send.
"""

from __future__ import annotations

from collections import deque
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError as ServerGone
from redis.exceptions import TimeoutError as ServerSlow

from ..._behaving.gate import text_of
from ..._caches.attribution import scope_of_caller
from ..._recording.operation import SCRIPTS
from ..outer_call import call_around
from ..watching import fail, note, remark
from .addresses import address_of, url_of
from .commands import FLUSHES, RULES, UNCOUNTED, subject_of
from .resp import Requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Command = Sequence[bytes]

__all__ = ["WATCHED", "Calling", "note_broken", "note_reply", "note_sent"]

WATCHED = "redis"
"""The cache that they count in."""

_LIBRARIES = frozenset({"redis"})
# After these a connection reads what it has not asked for, or nothing: it is followed no more.
_UNPAIRED = frozenset(b"SUBSCRIBE PSUBSCRIBE SSUBSCRIBE MONITOR SYNC PSYNC".split())
_REMARKED = UNCOUNTED | FLUSHES | {name.encode() for name in SCRIPTS}
_QUEUED = (b"QUEUED", "QUEUED")


class _Conversation:
    """What one connection has sent and not read the reply of, on the socket that it has."""

    def __init__(self, socket: object) -> None:
        self.socket = socket
        self.sent: deque[Command] = deque()
        # What a transaction has queued; None outside of one.
        self.queued: list[Command] | None = None
        self.is_lost = False

    def send(self, data: Any) -> None:
        """Take the commands that were sent."""
        if isinstance(data, str):
            data = data.encode()
        whole = data if isinstance(data, bytes) else b"".join(bytes(each) for each in _as_bytes(data))
        try:
            commands = Requests().feed(whole)
        except ValueError:
            # It is none of RESP.
            self.is_lost = True
            return
        for each in commands:
            is_unpaired = each[0].upper() in _UNPAIRED or [part.upper() for part in each[:2]] == _REPLY
            self.is_lost = self.is_lost or is_unpaired
        self.sent += commands

    def read(self, reply: object) -> Iterator[tuple[Command, object]]:
        """Yield the commands that *reply* answers, each with its own: several for a transaction."""
        if self.is_lost or not self.sent:
            return
        command = self.sent.popleft()
        name = command[0].upper()
        if name == b"MULTI":
            self.queued = []
        elif self.queued is None:
            yield command, reply
        elif name in (b"EXEC", b"DISCARD"):
            queued, self.queued = self.queued, None
            if name == b"EXEC" and isinstance(reply, list):
                yield from zip(queued, reply, strict=False)
        elif reply in _QUEUED:
            self.queued.append(command)


_REPLY = [b"CLIENT", b"REPLY"]
_KEPT_AS = "_cachetest_watched"
# The commands that the call of a client, which runs in this context, has come to: counted when it is over, as
# it may begin again on another connection. None outside of such a call.
_done: ContextVar[list[Callable[[], None]] | None] = ContextVar("cachetest.redis_watched", default=None)


def _as_bytes(chunks: Any) -> Iterator[bytes]:
    for each in chunks:
        yield each.encode() if isinstance(each, str) else each


def _conversation(connection: Any) -> _Conversation:
    """Return that of *connection*, begun anew where it has connected anew."""
    socket = getattr(connection, "_sock", None) or getattr(connection, "_writer", None)
    found: _Conversation | None = vars(connection).get(_KEPT_AS)
    if found is None or found.socket is not socket:
        found = vars(connection)[_KEPT_AS] = _Conversation(socket)
    return found


def note_sent(connection: Any, data: Any) -> None:
    """Take the commands that *connection* has sent."""
    _conversation(connection).send(data)


def note_broken(connection: Any) -> None:
    """Forget what was sent on *connection*, which is of no use any more."""
    vars(connection).pop(_KEPT_AS, None)
    done = _done.get()
    if done is not None:
        done.clear()


def note_reply(connection: Any, reply: object) -> None:
    """Count what the commands came to that *reply* answers."""
    for command, each in _conversation(connection).read(reply):
        # What a framework asks counts as its own call.
        if call_around() is None and scope_of_caller() is not None:
            count = partial(_count, command, each, _known_of(connection, command))
            done = _done.get()
            (count if done is None else partial(done.append, count))()


def _known_of(connection: Any, command: Command) -> dict[str, object]:
    address = address_of(connection)
    asked = command[0].upper().decode(errors="replace")
    return {"asked": asked} if address is None else {"asked": asked, "store": url_of(address)}


def _count(command: Command, reply: object, known: Mapping[str, object]) -> None:
    name, arguments = command[0].upper(), command[1:]
    if name in _REMARKED:
        remark(WATCHED, str(known["asked"]), _LIBRARIES, known.get("store"))
    rule = RULES.get(name)
    _, keys = subject_of(name, arguments)
    if rule is None or not keys:
        return
    if isinstance(reply, Exception):
        fail(WATCHED, keys, text_of(reply), _LIBRARIES, known)
        return
    try:
        effects = rule.effects(keys, arguments, _undecoded(reply))
    except (IndexError, TypeError, ValueError):
        # The reply is none that this command is known to have.
        return
    note(WATCHED, effects, _LIBRARIES, known)


def _undecoded(reply: Any) -> Any:
    """Return *reply* as the server has sent it: of what is text, an empty one would be taken for nothing."""
    if isinstance(reply, str):
        return reply.encode(errors="surrogateescape")
    return list(map(_undecoded, reply)) if isinstance(reply, list) else reply


class Calling:
    """The block in which a client does *commands*: they are counted at its end, or have failed."""

    def __init__(self, commands: Sequence[Sequence[Any]]) -> None:
        self._commands = commands

    def __enter__(self) -> None:
        self._around = _done.get()
        self._done: list[Callable[[], None]] = []
        _done.set(self._done)

    def __exit__(self, _: object, error: object, __: object) -> None:
        _done.set(self._around)
        for count in self._done:
            count()
        if isinstance(error, (ServerGone, ServerSlow)) and not self._done and call_around() is None:
            for command in self._commands:
                _fail(list(map(_field, command)), text_of(error))


def _fail(fields: Command, error: str) -> None:
    # Some are given with a part of their name, as "CONFIG GET".
    name = fields[0].upper() if fields else b""
    _, keys = subject_of(name, fields[1:])
    fail(WATCHED, keys, error, _LIBRARIES, {"asked": name.decode(errors="replace")})


def _field(value: object) -> bytes:
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else str(value).encode()

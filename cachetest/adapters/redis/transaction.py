"""What comes between a MULTI and an EXEC of one send, executed at once: see `quick`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._behaving.clock import now
from .quick import NOTHING, OK, is_watched, lifetime, look, name_of, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._behaving.gate import Effect
    from .server import ServerSocket

    Done = tuple[bytes, Sequence[Effect], Sequence[list[bytes]]]

__all__ = ["transaction"]

_GET, _SET, _MSET, _EXPIRE = b"GET", b"SET", b"MSET", b"EXPIRE"
_MOST_DIGITS = 9


def _seconds_of(fields: list[bytes]) -> int | None:
    """Return how long what a command writes lives, 0 where that is for ever; None for the long way."""
    name, count = fields[0], len(fields)
    if name == _SET:
        return lifetime(fields)
    if name == _GET:
        return 0 if count == 2 else None
    if name == _MSET:
        return 0 if count > 2 and count % 2 else None
    if name == _EXPIRE and count == 3 and fields[2].isdigit() and len(fields[2]) <= _MOST_DIGITS:
        # None is so short that the entry is deleted.
        return int(fields[2]) or None
    return None


def transaction(socket: ServerSocket, commands: Sequence[list[bytes]], protocol: int) -> Done | None:
    """Execute *commands*, each a GET, SET, MSET or EXPIRE, and return the reply of EXEC.

    With it come the effects, and the command that each of them is of. None for the long way.
    """
    seconds: list[int] = []
    for fields in commands:
        found = _seconds_of(fields)
        if found is None:
            return None
        seconds.append(found)
    server = socket.server
    with server.lock:
        database = server.dbs[socket.db]
        if is_watched(server, database) or socket.peer._watches:
            return None
        items = database._dict
        for fields in commands:
            for key in fields[1::2] if fields[0] == _MSET else fields[1:2]:
                item = look(socket, items, key)
                if item is False or (item is not None and type(item.value) is not bytes):
                    return None
        return _execute(socket, commands, seconds, protocol)


def _execute(
    socket: ServerSocket, commands: Sequence[list[bytes]], seconds: Sequence[int], protocol: int
) -> Done:
    database = socket.server.dbs[socket.db]
    items = database._dict
    replies, effects = [b"*%d\r\n" % len(commands)], []
    origins: list[list[bytes]] = []
    put: set[bytes] = set()
    for fields, lives in zip(commands, seconds, strict=True):
        name, key = fields[0], fields[1]
        if name == _SET:
            write(socket, database, fields, lives)
            put.add(key)
            replies.append(OK)
            effects.append(("put", name_of(key)))
        elif name == _MSET:
            for at in range(1, len(fields), 2):
                write(socket, database, fields[at - 1 : at + 2], 0)
                effects.append(("put", name_of(fields[at])))
            replies.append(OK)
        else:
            item = items.get(key)
            if name == _EXPIRE:
                if item is not None:
                    item.expireat = until = now() + lives
                    database.schedule_expiry(key, until)
                    socket.lifetimes[socket.server, socket.db, key] = until
                    if key in put:
                        socket.server.born[socket.db, key] = until - lives
                    else:
                        socket.server.born.pop((socket.db, key), None)
                replies.append(b":%d\r\n" % (item is not None))
            elif item is None:
                replies.append(NOTHING[protocol])
                effects.append(("miss", name_of(key)))
            else:
                replies.append(b"$%d\r\n%s\r\n" % (len(item.value), item.value))
                effects.append(("hit", name_of(key)))
        origins += [fields] * (len(effects) - len(origins))
    return b"".join(replies), effects, origins  # type: ignore[return-value]

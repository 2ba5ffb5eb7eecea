"""The commands that programs send the most, executed here where fakeredis would make no difference.

Each function takes a command, and returns the reply and what it came to; None where it has to go the long
way: it is wrong, its key has another type or has expired, or somebody has to be told of a change. The test
test_redis_quick shows that both ways are equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakeredis._helpers import SimpleError

from ..._behaving.clock import now
from .commands import RULES
from .resp import encode
from .waits import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..._behaving.gate import Effect
    from .server import ServerSocket

    Done = tuple[bytes, Sequence[Effect]] | None

__all__ = [
    "HARMLESS",
    "NOTHING",
    "OK",
    "QUICK",
    "is_harmless",
    "is_watched",
    "lifetime",
    "look",
    "of_server",
    "name_of",
    "write",
]

OK = b"$2\r\nOK\r\n"
NOTHING = {2: b"$-1\r\n", 3: b"_\r\n"}
_GET, _SET = b"GET", b"SET"
_ITEM: Any = None
# What needs no decoding of a reply of fakeredis.
_PLAIN = frozenset({bytes, int, type(None)})
_DIRECT = (
    b"DECR DECRBY DEL EXISTS EXPIRE GETDEL HDEL HEXISTS HGET HGETALL HINCRBY HMGET HSET INCR INCRBY LLEN "
    b"LPOP LPUSH LRANGE PERSIST PEXPIRE PTTL RPOP RPUSH SADD SETEX SETNX SISMEMBER SREM TTL UNLINK"
).split()

HARMLESS = frozenset(
    b"AUTH BITCOUNT COPY DBSIZE DECR DECRBY DEL DISCARD ECHO EVAL EVALSHA EXEC EXISTS EXPIRE EXPIREAT "
    b"FLUSHALL FLUSHDB GET GETDEL GETEX GETSET HDEL HELLO HEXISTS HGET HGETALL HINCRBY HKEYS HLEN "
    b"HMGET HSCAN HSET HSETNX HVALS INCR INCRBY INCRBYFLOAT INFO KEYS LINDEX LLEN LPOP LPUSH LRANGE "
    b"LREM LTRIM MGET MSET MULTI PERSIST PEXPIRE PEXPIREAT PFADD PING PSETEX PTTL PUBLISH QUIT RENAME "
    b"RPOP RPUSH SADD SCAN SCARD SELECT SET SETEX SETNX SISMEMBER SMEMBERS SREM STRLEN TIME TOUCH TTL "
    b"TYPE UNLINK UNWATCH WATCH ZADD ZCARD ZINCRBY ZRANGE ZRANK ZREM ZSCORE".split()
)
"""The commands after which the next one can be executed here: others change the connection, or the server."""

_HARMLESS_OF_CLIENT = frozenset({b"GETNAME", b"ID", b"MAINT_NOTIFICATIONS", b"SETINFO", b"SETNAME"})


def of_server(fields: Sequence[bytes]) -> bool:
    """Return whether a command that is not harmless changes more than its own connection."""
    name = fields[0].upper()
    return name in (b"ACL", b"CLIENT", b"CONFIG", b"DEBUG", b"MONITOR") and not is_harmless(fields)


def is_harmless(fields: Sequence[bytes]) -> bool:
    """Return whether the next command can be executed here after *fields*."""
    name = fields[0].upper()
    if name == b"CLIENT" and len(fields) > 1:
        return fields[1].upper() in _HARMLESS_OF_CLIENT
    return name in HARMLESS


def name_of(key: bytes) -> object:
    """Return a key as it is logged."""
    try:
        return key.decode()
    except UnicodeDecodeError:
        return key


def look(socket: ServerSocket, items: dict[bytes, Any], key: bytes) -> Any:
    """Return the item of *key*, None where there is none, and False for the long way; under the lock."""
    item = items.get(key)
    until = socket.lifetimes
    if item is None:
        # It may have been there until its time came.
        return False if until and (socket.server, socket.db, key) in until else None
    if item.expireat is not None:
        if item.expireat <= now():
            return False
        place = socket.server, socket.db, key
        if until.get(place) != item.expireat:
            # By a script, or another command that nobody has looked at.
            until[place] = item.expireat
            socket.server.born.pop((socket.db, key), None)
    elif until:
        until.pop((socket.server, socket.db, key), None)
    return item


def get(socket: ServerSocket, fields: list[bytes], protocol: int) -> Done:
    if len(fields) != 2:
        return None
    key = fields[1]
    server, until = socket.server, socket.lifetimes
    try:
        name: object = key.decode()
    except UnicodeDecodeError:
        name = key
    with server.lock:
        item = server.dbs[socket.db]._dict.get(key)
        # As `look` has it, for what nearly always is there, and for ever: this is the most frequent of all.
        if until or item is None or item.expireat is not None:
            item = look(socket, server.dbs[socket.db]._dict, key)
            if item is None:
                return NOTHING[protocol], (("miss", name),)
            if item is False:
                return None
        value = item.value
    if type(value) is not bytes:
        return None
    return b"$%d\r\n%s\r\n" % (len(value), value), (("hit", name),)


def mget(socket: ServerSocket, fields: list[bytes], protocol: int) -> Done:
    keys = fields[1:]
    if not keys:
        return None
    replies, effects = [b"*%d\r\n" % len(keys)], []
    server = socket.server
    with server.lock:
        items = server.dbs[socket.db]._dict
        for key in keys:
            item = look(socket, items, key)
            if item is False:
                return None
            value = None if item is None else item.value
            if type(value) is bytes:
                replies.append(b"$%d\r\n%s\r\n" % (len(value), value))
                effects.append(("hit", name_of(key)))
            else:
                replies.append(NOTHING[protocol])
                effects.append(("miss", name_of(key)))
    return b"".join(replies), effects  # type: ignore[return-value]


def is_watched(server: Server, database: Any) -> bool:
    """Return whether anybody is to be told of a change; under the lock."""
    return bool(
        server.waits
        or server.subscribers
        or server.psubscribers
        or database._watches
        or database._change_callbacks
    )


def lifetime(fields: list[bytes]) -> int | None:
    """Return how many seconds the entry of a SET lives, 0 for ever; None for the long way."""
    if len(fields) == 3:
        return 0
    if len(fields) == 5 and fields[3] == b"EX":
        seconds = fields[4]
        if seconds.isdigit() and len(seconds) < 10 and seconds[:1] != b"0":
            return int(seconds)
    return None


def write(socket: ServerSocket, database: Any, fields: list[bytes], seconds: int) -> None:
    """Do what a SET does whose arguments are right; under the lock."""
    key = fields[1]
    place = socket.server, socket.db, key
    items = database._dict
    item = items.get(key)
    if item is not None and item.expireat is not None and item.expireat < now():
        # Its time had come: it is a new one, the last of all.
        del items[key]
        item = None
    if item is None:
        item = items[key] = _ITEM(fields[2])
    else:
        item.value = fields[2]
    if seconds:
        item.expireat = until = now() + seconds
        database.schedule_expiry(key, until)
        socket.lifetimes[place] = until
        socket.server.born[socket.db, key] = until - seconds
    else:
        item.expireat = None
        if socket.lifetimes:
            socket.lifetimes.pop(place, None)


def set_(socket: ServerSocket, fields: list[bytes], protocol: int) -> Done:
    seconds = lifetime(fields)
    if seconds is None:
        return None
    server = socket.server
    with server.lock:
        database = server.dbs[socket.db]
        if is_watched(server, database):
            return None
        write(socket, database, fields, seconds)
    return OK, (("put", name_of(fields[1])),)


def _direct(name: bytes) -> Callable[[ServerSocket, list[bytes], int], Done]:
    """Return the function for a command that fakeredis does execute, and nothing around it."""
    rule = RULES[name]
    command = name.decode().lower()

    def direct(socket: ServerSocket, fields: list[bytes], protocol: int) -> Done:
        server, peer, arguments = socket.server, socket.peer, fields[1:]
        try:
            keys = rule.target(arguments)[1]
        except (IndexError, ValueError):
            return None
        known = socket.functions.get(command)
        if known is None:
            known = socket.functions[command] = peer._name_to_func(command)
        if server.waits:
            return None
        function, signature = known
        with server.lock:
            peer._db.time = now()
            reply = peer.run(function, signature, arguments, False)
            if type(reply) not in _PLAIN:
                if isinstance(reply, SimpleError):
                    # It has changed nothing, and is a failure.
                    return None
                reply = peer._decode_result(reply)
            socket.look_at_times(keys, name)
        return encode(reply, protocol), socket.effects_of(rule.effects, keys, arguments, reply)

    return direct


def _probe() -> Any:
    """Return the class of an item of a database; raises anything where fakeredis is not what it was."""
    from fakeredis import FakeRedis

    server = Server({})
    client = FakeRedis(server=server, protocol=2)
    client.set("k", "v", ex=1000)
    database = server.dbs[0]
    item = database._dict[b"k"]
    made = type(item)(b"v")
    kept = item.value, item.expireat > now(), made.value, made.expireat
    database._dict[b"l"] = made
    database.schedule_expiry(b"l", now() + 1000)
    client.lpush("m", 1)
    values = client.get("l"), type(database._dict[b"m"].value) is bytes
    free = [server.subscribers, server.psubscribers, database._watches, database._change_callbacks]
    if (kept, values) != ((b"v", True, b"v", None), (b"v", False)) or any(free):
        raise LookupError("an item is not what it was")
    return type(item)


def _probed() -> dict[bytes, Callable[[ServerSocket, list[bytes], int], Done]]:
    """Return the functions by the names of the commands, none where a private of fakeredis is missing."""
    global _ITEM
    try:
        _ITEM = _probe()
    except Exception:
        return {}
    return {**{name: _direct(name) for name in _DIRECT}, _GET: get, b"MGET": mget, _SET: set_}


QUICK = _probed()

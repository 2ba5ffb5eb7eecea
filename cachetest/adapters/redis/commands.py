"""Which keys of a Redis command are looked up, put and deleted, told from the command and its reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ..._recording.operation import Kind

__all__ = ["FLUSHES", "Effect", "effects"]


class Effect(NamedTuple):
    """One operation on *key*, or on one *field* of the hash that *key* holds."""

    kind: Kind
    key: bytes
    field: bytes | None = None


# They delete what their database, or server, has; the keys are in neither the command nor the reply.
FLUSHES = frozenset({b"FLUSHDB", b"FLUSHALL"})


def effects(fields: Sequence[bytes], reply: object) -> list[Effect]:
    """Return what a command did to which keys, *fields* being its name and arguments, *reply* no error.

    A command that no rule is about did nothing that counts.
    """
    rule = _RULES.get(fields[0].upper())
    return [] if rule is None else list(rule(fields[1:], reply))


def _look(key: bytes, found: object, field: bytes | None = None) -> Effect:
    # Redis has no empty hash, list, set or stream: what comes back empty is not there. An empty string is.
    there = found is not None and (isinstance(found, bytes) or bool(found))
    return Effect("hit" if there else "miss", key, field)


def _options(arguments: Sequence[bytes]) -> set[bytes]:
    return {each.upper() for each in arguments}


def _after_count(arguments: Sequence[bytes], word: bytes = b"FIELDS") -> Sequence[bytes]:
    """Return what follows ``FIELDS <number>``."""
    words = [each.upper() for each in arguments]
    # From the second on: the first is the key, which may be called so as well.
    return arguments[words.index(word, 1) + 2 :]


def _read(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield _look(arguments[0], reply)


def _read_range(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield _look(arguments[0], reply or None)


def _read_many(arguments: Sequence[bytes], reply: list[object]) -> Iterator[Effect]:
    return map(_look, arguments, reply)


def _read_field(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield _look(arguments[0], reply, arguments[1])


def _read_fields(arguments: Sequence[bytes], reply: list[object]) -> Iterator[Effect]:
    for field, value in zip(arguments[1:], reply, strict=True):
        yield _look(arguments[0], value, field)


def _get_fields(arguments: Sequence[bytes], reply: list[object]) -> Iterator[Effect]:
    return _read_fields([arguments[0], *_after_count(arguments)], reply)


def _get_and_delete_fields(arguments: Sequence[bytes], reply: list[object]) -> Iterator[Effect]:
    for effect in _get_fields(arguments, reply):
        yield effect
        if effect.kind == "hit":
            yield effect._replace(kind="delete")


def _write(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield Effect("put", arguments[0])


def _write_if_done(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    if reply:
        yield Effect("put", arguments[0])


def _write_pairs(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    # Of MSETNX the reply is 0 when nothing was written, of MSET it is OK.
    if reply:
        yield from (Effect("put", key) for key in arguments[::2])


def _write_field_pairs(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield from (Effect("put", arguments[0], field) for field in arguments[1::2])


def _write_field(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield Effect("put", arguments[0], arguments[1])


def _write_field_if_done(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    if reply:
        yield Effect("put", arguments[0], arguments[1])


def _set_fields(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    if reply:
        yield from (Effect("put", arguments[0], field) for field in _after_count(arguments)[::2])


def _write_second(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield Effect("put", arguments[1])


def _write_result(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    """Of what computes, and writes what it comes to only where it is told to: ``... STORE key``."""
    words = [each.upper() for each in arguments[:-1]]
    for n in range(len(words) - 1, 0, -1):
        if words[n] in (b"STORE", b"STOREDIST"):
            yield Effect("put", arguments[n + 1])
            return


def _move_member(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    if reply:
        yield Effect("put", arguments[0])
        yield Effect("put", arguments[1])


def _set(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    options = _options(arguments[2:])
    if b"GET" not in options:
        written = reply is not None
    else:
        yield _look(arguments[0], reply)
        # The reply is what was there before.
        written = not options & ({b"NX"} if reply is not None else {b"XX"})
    if written:
        yield Effect("put", arguments[0])


def _read_and_write(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield _look(arguments[0], reply)
    yield Effect("put", arguments[0])


def _read_and_delete(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield _look(arguments[0], reply)
    if reply is not None:
        yield Effect("delete", arguments[0])


def _pop(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    found = _look(arguments[0], reply)
    yield found
    if found.kind == "hit":
        yield Effect("put", arguments[0])


def _pop_first_of(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    return _pop_from(arguments[:-1], reply)


def _pop_several(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    count = int(arguments[0])
    return _pop_from(arguments[1 : 1 + count], reply)


def _pop_several_waiting(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    return _pop_several(arguments[1:], reply)


def _pop_from(keys: Sequence[bytes], reply: object) -> Iterator[Effect]:
    # The reply begins with the first of the keys that had anything.
    if isinstance(reply, list) and reply:
        yield Effect("hit", reply[0])
        yield Effect("put", reply[0])
    else:
        yield from (Effect("miss", key) for key in keys)


def _move(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield from _pop(arguments, reply)
    if reply is not None:
        yield Effect("put", arguments[1])


def _copy(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield _look(arguments[0], reply)
    if reply:
        yield Effect("put", arguments[1])


def _rename(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    if reply:
        yield Effect("delete", arguments[0])
        yield Effect("put", arguments[1])


def _delete(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield from (Effect("delete", key) for key in arguments)


def _delete_fields(arguments: Sequence[bytes], reply: object) -> Iterator[Effect]:
    yield from (Effect("delete", arguments[0], field) for field in arguments[1:])


_BY_RULE: dict[Callable[..., Iterable[Effect]], str] = {
    _read: "GET GETEX HGETALL HKEYS HVALS LRANGE SMEMBERS ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE "
    "ZRANGEBYLEX ZREVRANGEBYLEX XRANGE XREVRANGE LINDEX SRANDMEMBER ZRANDMEMBER HRANDFIELD DUMP",
    _read_range: "GETRANGE SUBSTR",
    _read_many: "MGET",
    _read_field: "HGET",
    _read_fields: "HMGET",
    _get_fields: "HGETEX",
    _get_and_delete_fields: "HGETDEL",
    _set: "SET",
    _write: "SETEX PSETEX APPEND INCR INCRBY INCRBYFLOAT DECR DECRBY SETRANGE SETBIT BITFIELD LPUSH RPUSH "
    "LSET LTRIM SADD ZADD ZINCRBY XADD XTRIM PFADD GEOADD SINTERSTORE SUNIONSTORE SDIFFSTORE ZRANGESTORE "
    "ZUNIONSTORE ZINTERSTORE ZDIFFSTORE PFMERGE RESTORE GEOSEARCHSTORE",
    _write_if_done: "SETNX LPUSHX RPUSHX LINSERT LREM SREM ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE "
    "ZREMRANGEBYLEX XDEL",
    _write_pairs: "MSET MSETNX",
    _write_field_pairs: "HSET HMSET",
    _write_field: "HINCRBY HINCRBYFLOAT",
    _write_field_if_done: "HSETNX",
    _set_fields: "HSETEX",
    _write_second: "BITOP",
    _write_result: "SORT GEORADIUS GEORADIUSBYMEMBER",
    _move_member: "SMOVE",
    _read_and_write: "GETSET",
    _read_and_delete: "GETDEL",
    _pop: "LPOP RPOP SPOP ZPOPMIN ZPOPMAX",
    _pop_first_of: "BLPOP BRPOP BZPOPMIN BZPOPMAX",
    _pop_several: "LMPOP ZMPOP",
    _pop_several_waiting: "BLMPOP BZMPOP",
    _move: "RPOPLPUSH LMOVE BRPOPLPUSH BLMOVE",
    _copy: "COPY",
    _rename: "RENAME RENAMENX",
    _delete: "DEL UNLINK",
    _delete_fields: "HDEL",
}
_RULES = {name.encode(): rule for rule, names in _BY_RULE.items() for name in names.split()}

"""The commands that are about keys: of each, which keys those are, and what it does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import effects, keys

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FLUSHES", "OVERWRITING", "RULES", "UNCOUNTED", "QueuedKeys", "Rule", "subject_of"]


class Rule(NamedTuple):
    """The rule of one command: ``target`` finds its keys beforehand, ``effects`` reads its reply."""

    target: keys.Target
    effects: effects.Effects


class QueuedKeys(tuple[object, ...]):
    """The keys of what an EXEC executes; ``overwritten`` are those that it sets."""

    overwritten: Sequence[object] = ()

    @classmethod
    def of(cls, keys: Sequence[object], overwritten: Sequence[object]) -> QueuedKeys:
        """Return *keys*, of which some are *overwritten*."""
        made = cls(keys)
        made.overwritten = overwritten
        return made


OVERWRITING = frozenset(b"SET SETEX PSETEX SETNX MSET MSETNX GETSET RESTORE HSET HMSET HSETNX HSETEX".split())
"""They write an entry as a whole, whatever was there before."""

FLUSHES = frozenset({b"FLUSHDB", b"FLUSHALL"})
"""They delete the keys that are there, which are in neither the command nor the reply."""

_BY_RULE: list[tuple[keys.Target, effects.Effects, str]] = [
    (
        keys.first("get"),
        effects.read,
        "GET GETEX HGETALL HKEYS HVALS LRANGE SMEMBERS ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE "
        "ZRANGEBYLEX ZREVRANGEBYLEX XRANGE XREVRANGE LINDEX SRANDMEMBER ZRANDMEMBER HRANDFIELD DUMP",
    ),
    (keys.first("get"), effects.read_part, "GETRANGE SUBSTR"),
    (keys.each("get"), effects.read_each, "MGET"),
    (keys.field("get"), effects.read, "HGET"),
    (keys.fields("get"), effects.read_each, "HMGET"),
    (keys.fields_after("get"), effects.read_each, "HGETEX"),
    (keys.fields_after(None), effects.get_and_delete_each, "HGETDEL"),
    (keys.set_target, effects.set_, "SET"),
    (
        keys.first("put"),
        effects.put,
        "SETEX PSETEX APPEND INCR INCRBY INCRBYFLOAT DECR DECRBY SETRANGE SETBIT BITFIELD LPUSH RPUSH "
        "LSET LTRIM SADD ZADD ZINCRBY XADD XTRIM PFADD GEOADD SINTERSTORE SUNIONSTORE SDIFFSTORE ZRANGESTORE "
        "ZUNIONSTORE ZINTERSTORE ZDIFFSTORE PFMERGE RESTORE GEOSEARCHSTORE",
    ),
    (
        keys.first("put"),
        effects.put_if_done,
        "SETNX LPUSHX RPUSHX LINSERT LREM SREM ZREM ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREMRANGEBYLEX XDEL",
    ),
    (keys.every_other("put"), effects.put_if_done, "MSET MSETNX"),
    (keys.fields("put", 2), effects.put, "HSET HMSET"),
    (keys.field("put"), effects.put, "HINCRBY HINCRBYFLOAT"),
    (keys.field("put"), effects.put_if_done, "HSETNX"),
    (keys.fields_after("put", 2), effects.put_if_done, "HSETEX"),
    (keys.second("put"), effects.put, "BITOP"),
    (keys.sort_target, effects.store_result, "SORT GEORADIUS GEORADIUSBYMEMBER"),
    (keys.first_two("put"), effects.put_if_done, "SMOVE"),
    (keys.first(None), effects.read_and_put, "GETSET"),
    (keys.first(None), effects.read_and_delete, "GETDEL"),
    (keys.first(None), effects.pop, "LPOP RPOP SPOP ZPOPMIN ZPOPMAX"),
    (keys.all_but_last(None), effects.pop_from, "BLPOP BRPOP BZPOPMIN BZPOPMAX"),
    (keys.counted(None, 0), effects.pop_from, "LMPOP ZMPOP"),
    (keys.counted(None, 1), effects.pop_from, "BLMPOP BZMPOP"),
    (keys.first_two(None), effects.move, "RPOPLPUSH LMOVE BRPOPLPUSH BLMOVE"),
    (keys.first_two(None), effects.copy, "COPY"),
    (keys.first_two(None), effects.rename, "RENAME RENAMENX"),
    (keys.each("delete"), effects.delete, "DEL UNLINK FLUSHDB FLUSHALL"),
    (keys.fields("delete"), effects.delete, "HDEL"),
    # These count as nothing, but can fail, and give a key its time to live or take it away.
    (
        keys.first(None),
        effects.nothing,
        "EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST TTL PTTL EXPIRETIME PEXPIRETIME TYPE MOVE STRLEN GETBIT "
        "BITCOUNT BITPOS HLEN HEXISTS HSTRLEN HSCAN LLEN LPOS SCARD SISMEMBER SMISMEMBER SSCAN ZCARD ZCOUNT "
        "ZLEXCOUNT ZSCORE ZMSCORE ZRANK ZREVRANK ZSCAN XLEN GEODIST GEOHASH GEOPOS GEOSEARCH GEORADIUS_RO "
        "GEORADIUSBYMEMBER_RO",
    ),
    (keys.each(None), effects.nothing, "EXISTS TOUCH PFCOUNT"),
]
RULES = {name.encode(): Rule(target, what) for target, what, names in _BY_RULE for name in names.split()}

# They change entries that no operation is recorded of, or not in the database that it was done in.
UNCOUNTED = frozenset({b"MOVE", b"SWAPDB", b"COPY", b"FLUSHALL"})


def subject_of(name: bytes, arguments: Sequence[bytes]) -> keys.Subject:
    """Return what the command *name* is about, by its rule; nothing where its arguments are wrong."""
    rule = RULES.get(name)
    if rule is None:
        return None, ()
    try:
        return rule.target(arguments)
    except (IndexError, ValueError):
        # The server will say what is wrong with them.
        return None, ()

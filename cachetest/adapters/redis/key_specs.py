"""Where each command has its keys, and what it does to them, as COMMAND GETKEYSANDFLAGS tells it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HAS_KEYS", "fixed_places", "keys_in"]

# Where: "2" is an argument, "1:-2/2" each other one up to the last but one, "#2" the number of keys that
# follow, and a word what they come after. A command with several kinds of keys is in several rows, in order.
_ROWS = [
    ("#1", "RO access", "sintercard, zdiff, zinter, zintercard, zunion"),
    ("#1", "RW access delete", "lmpop, zmpop"),
    ("1", "OW insert", "setnx"),
    (
        "1",
        "OW update",
        "geosearchstore, psetex, restore, sdiffstore, setex, sunionstore, zdiffstore, zinterstore, "
        "zrangestore, zunionstore",
    ),
    (
        "1",
        "RO",
        "hexists, hlen, hstrlen, llen, scard, sismember, strlen, type, xlen, zcard",
    ),
    (
        "1",
        "RO access",
        "bitcount, bitfield_ro, bitpos, copy, dump, expiretime, geodist, geohash, geopos, georadius, "
        "georadius_ro, georadiusbymember, georadiusbymember_ro, geosearch, get, getbit, getrange, "
        "hexpiretime, hget, hgetall, hkeys, hmget, hpexpiretime, hpttl, hrandfield, hscan, httl, hvals, "
        "lindex, lpos, lrange, pexpiretime, pttl, smembers, smismember, sort, sort_ro, srandmember, sscan, "
        "substr, ttl, xpending, xrange, xrevrange, zcount, zlexcount, zmscore, zrandmember, zrange, "
        "zrangebylex, zrangebyscore, zrank, zrevrange, zrevrangebylex, zrevrangebyscore, zrevrank, zscan, "
        "zscore",
    ),
    (
        "1",
        "RW access delete",
        "blmove, brpoplpush, getdel, hgetdel, lmove, lpop, rename, renamenx, rpop, rpoplpush, smove, spop, "
        "zpopmax, zpopmin",
    ),
    ("1", "RW access insert", "pfmerge"),
    (
        "1",
        "RW access update",
        "bitfield, decr, decrby, getex, getset, hgetex, hincrby, hincrbyfloat, incr, incrby, incrbyfloat, "
        "move, set, setbit, zincrby",
    ),
    (
        "1",
        "RW delete",
        "hdel, lrem, ltrim, srem, xautoclaim, xdel, xtrim, zrem, zremrangebylex, zremrangebyrank, "
        "zremrangebyscore",
    ),
    (
        "1",
        "RW insert",
        "append, hsetnx, linsert, lpush, lpushx, pfadd, rpush, rpushx, sadd",
    ),
    (
        "1",
        "RW update",
        "expire, expireat, geoadd, hexpire, hexpireat, hmset, hpersist, hpexpire, hpexpireat, hset, hsetex, "
        "lset, persist, pexpire, pexpireat, setrange, sinterstore, xack, xadd, xclaim, zadd",
    ),
    ("1:-1", "RM delete", "del, unlink"),
    ("1:-1", "RO", "exists, touch, watch"),
    ("1:-1", "RO access", "mget, sdiff, sinter, sunion"),
    ("1:-1", "RW access", "pfcount"),
    ("1:-1/2", "OW insert", "msetnx"),
    ("1:-1/2", "OW update", "mset"),
    ("1:-2", "RW access delete", "blpop, brpop, bzpopmax, bzpopmin"),
    ("1:2", "RO access", "lcs"),
    (
        "#2",
        "RO access",
        "eval_ro, evalsha_ro, fcall_ro, zdiffstore, zinterstore, zunionstore",
    ),
    ("#2", "RW access delete", "blmpop, bzmpop"),
    ("#2", "RW access update", "eval, evalsha, fcall"),
    ("2", "OW insert", "renamenx"),
    ("2", "OW update", "bitop, copy, rename"),
    (
        "2",
        "RO",
        "memory usage, object encoding, object freq, object idletime, object refcount",
    ),
    (
        "2",
        "RO access",
        "geosearchstore, xinfo consumers, xinfo groups, xinfo stream, zrangestore",
    ),
    ("2", "RW delete", "xgroup delconsumer, xgroup destroy"),
    (
        "2",
        "RW insert",
        "blmove, brpoplpush, lmove, rpoplpush, smove, xgroup create, xgroup createconsumer",
    ),
    ("2", "RW update", "xgroup setid"),
    ("2:-1", "RO access", "pfmerge, sdiffstore, sinterstore, sunionstore"),
    ("3:-1", "RO access", "bitop"),
    ("STORE", "OW update", "georadius, georadiusbymember"),
    ("STOREDIST", "OW update", "georadius, georadiusbymember"),
    ("STREAMS", "RO access", "xread, xreadgroup"),
]
_PLACES: dict[str, list[tuple[str, str]]] = defaultdict(list)
for _place, _flags, _names in _ROWS:
    for _name in _names.split(", "):
        _PLACES[_name].append((_place, _flags))
HAS_KEYS = frozenset(_PLACES)
"""The names of the commands that are about keys, in lower case."""

# What of these writes nothing, and how many arguments it has.
_OF_BITFIELD = {b"GET": 2, b"OVERFLOW": 1}
_OF_SORT = {b"LIMIT": 2, b"GET": 1, b"BY": 1}


def fixed_places(name: str) -> list[int]:
    """Return where a command always has keys: the first and the last, and how far one is from the next.

    They are 0 where it has none, or where others tell how many there are.
    """
    found = [place for place, _ in _PLACES[name] if place[0].isdigit()] if name in HAS_KEYS else []
    if not found:
        return [0, 0, 0]
    last, _, step = found[-1].partition(":")[2].partition("/")
    return [int(found[0].partition(":")[0]), int(last or found[-1]), int(step or 1)]


def keys_in(name: str, fields: Sequence[bytes]) -> list[tuple[bytes, list[bytes]]]:
    """Return the keys of a command, each with its flags; IndexError or ValueError where it is wrong."""
    found = []
    for place, flags in _PLACES[name]:
        shown = _flags_of(name, fields, flags).encode().split()
        found += [(key, shown) for key in _at(place, fields)]
    if name == "sort":
        found += [(key, [b"OW", b"update"]) for key in _store_of_sort(fields)]
    return found


def _flags_of(name: str, fields: Sequence[bytes], flags: str) -> str:
    """Return *flags*, or what they are with the options that the command has."""
    words = [word.upper() for word in fields]
    if name == "set" and b"GET" not in words[3:]:
        return "OW update"
    if name == "bitfield":
        at = 2
        while at < len(words) and words[at] in _OF_BITFIELD:
            at += _OF_BITFIELD[words[at]] + 1
        return "RO access" if at == len(words) else flags
    return flags


def _at(place: str, fields: Sequence[bytes]) -> Sequence[bytes]:
    if place.startswith("#"):
        at = int(place[1:])
        count = int(fields[at])
        if not 0 < count < len(fields) - at:
            return ()
        return fields[at + 1 : at + 1 + count]
    if place.isalpha():
        return _after(place.encode(), fields)
    first, _, rest = place.partition(":")
    last, _, step = rest.partition("/")
    start, end = int(first), int(last or first)
    return fields[start : end % len(fields) + 1 : int(step or 1)]


def _after(word: bytes, fields: Sequence[bytes]) -> Sequence[bytes]:
    """Return what follows *word*: of STREAMS half of it, the other half being where to begin; else one."""
    # The last one is the option, where an argument before is called so as well; of STREAMS the first.
    at = [n for n, each in enumerate(fields[:-1]) if n > 0 and each.upper() == word]
    if word == b"STREAMS":
        left = fields[at[0] + 1 :]
        if not left or len(left) % 2:
            raise ValueError(left)
        return left[: len(left) // 2]
    return fields[at[-1] + 1 :][:1] if at and at[-1] > 4 else ()


def _store_of_sort(fields: Sequence[bytes]) -> Sequence[bytes]:
    """Return the key that SORT stores its result in, if it does: the last one."""
    at, found = 2, fields[:0]
    while at < len(fields) - 1:
        word = fields[at].upper()
        if word == b"STORE":
            found = fields[at + 1 : at + 2]
        at += 1 + _OF_SORT.get(word, word == b"STORE")
    return found

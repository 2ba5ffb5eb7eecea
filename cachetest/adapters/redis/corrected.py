"""Answers that fakeredis has, and has otherwise than Redis."""

from __future__ import annotations

import itertools
import math
from typing import Any

from fakeredis._command_args_parsing import Float, Int
from fakeredis._commands import CommandItem
from fakeredis._helpers import SimpleError

from .long_double import add

__all__ = ["Corrected"]

# So many entries XINFO STREAM shows with FULL unless it is told.
_SHOWN = 10
_OF_STREAM = (
    b"length",
    b"radix-tree-keys",
    b"radix-tree-nodes",
    b"last-generated-id",
    b"max-deleted-entry-id",
    b"entries-added",
    b"recorded-first-entry-id",
)


class Corrected:
    """A part of the server's end of a connection, over that of fakeredis: its methods are commands."""

    _server: Any
    _db: Any

    def getex(self, key: Any, *args: bytes) -> Any:
        found = super().getex(key, *args)  # type: ignore[misc]
        # There it is cut to a whole second.
        words = [each.upper() for each in args]
        if words and words[0] in (b"EX", b"PX"):
            key.expireat = self._db.time + int(args[1]) / (1 if words[0] == b"EX" else 1000)
        elif words and words[0] == b"PXAT":
            key.expireat = int(args[1]) / 1000
        return found

    # These two are cut to a whole second there, too.

    def setex(self, key: Any, seconds: int, value: bytes) -> Any:
        done = super().setex(key, seconds, value)  # type: ignore[misc]
        key.expireat = self._db.time + seconds
        return done

    def psetex(self, key: Any, milliseconds: int, value: bytes) -> Any:
        done = super().psetex(key, milliseconds, value)  # type: ignore[misc]
        key.expireat = self._db.time + milliseconds / 1000
        return done

    def _lmpop(self, keys: Any, *args: Any) -> Any:
        found = super()._lmpop(keys, *args)  # type: ignore[misc]
        if found:
            # There an emptied list is left, on which other types fail, and nobody who watches is told.
            item = CommandItem(found[0], self._db, item=self._db.get(found[0]), default=[])
            item.updated()
            item.writeback()
        return found

    def incrbyfloat(self, key: Any, amount: bytes) -> Any:
        total = _sum(key.get(b"0"), amount)
        super().incrbyfloat(key, Float.decode(amount))  # type: ignore[misc]
        key.update(total)
        return total

    def hincrbyfloat(self, key: Any, field: bytes, amount: bytes) -> Any:
        total = _sum(key.value.get(field, b"0"), amount)
        super().hincrbyfloat(key, field, amount)  # type: ignore[misc]
        key.value.update({field: total}, clear_expiration=False)
        return total

    def pfmerge(self, dest: Any, *sources: Any) -> Any:
        return super().pfmerge(dest, dest, *sources)  # type: ignore[misc]

    def restore(self, key: Any, ttl: int, value: bytes, *args: bytes) -> Any:
        kept, words = [], list(args)
        absolute = False
        while words:
            word = words.pop(0)
            if word.upper() in (b"IDLETIME", b"FREQ") and words:
                words.pop(0)
            elif word.upper() == b"ABSTTL":
                absolute = True
            else:
                kept.append(word)
        done = super().restore(key, ttl, value, *kept)  # type: ignore[misc]
        if absolute and ttl:
            key.expireat = ttl / 1000
        return done

    def sintercard(self, count: int, *args: bytes) -> Any:
        try:
            return super().sintercard(count, *args)  # type: ignore[misc]
        except SimpleError as error:
            # So it is there if none of the keys is there.
            if not error.value.startswith("WRONGTYPE") or any(key in self._db for key in args[:count]):
                raise
            return 0

    def _zrange_args(self, key: Any, start: bytes, stop: bytes, *args: bytes) -> Any:
        if not {b"BYSCORE", b"BYLEX"} & {each.upper() for each in args}:
            Int.decode(start)
            Int.decode(stop)
        return super()._zrange_args(key, start, stop, *args)  # type: ignore[misc]

    def xinfo_stream(self, key: Any, *args: bytes) -> Any:
        words = [each.upper() for each in args]
        is_full = words[:1] == [b"FULL"]
        if words and not (is_full and (len(words) == 1 or (len(words) == 3 and words[1] == b"COUNT"))):
            raise SimpleError(
                "ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP."
            )
        # For none of them all.
        count = max(0, Int.decode(args[2])) if len(args) > 1 else _SHOWN
        told = super().xinfo_stream(key)  # type: ignore[misc]
        known = dict(zip(told[::2], told[1::2], strict=True))
        found = {name: known[name] for name in _OF_STREAM}
        if not is_full:
            return {**found, **{name: known[name] for name in (b"groups", b"first-entry", b"last-entry")}}
        groups = key.value._groups.values()
        return {
            **found,
            b"entries": list(itertools.islice(key.value, count or None)),
            b"groups": [_group_in_full(each, key.value, count or None) for each in groups],
        }


def _sum(before: bytes, amount: bytes) -> bytes:
    """Return what is *before* with an *amount* added, for which Python's own numbers have too few digits."""
    numbers = [Float.decode(each) for each in (before, amount)]
    if b"_" in before + amount:
        raise SimpleError("ERR value is not a valid float")
    if not all(map(math.isfinite, numbers)):
        raise SimpleError("ERR increment would produce NaN or Infinity")
    return add(before, amount)


def _group_in_full(group: Any, stream: Any, count: int | None) -> dict[bytes, Any]:
    """Return what XINFO STREAM tells of a group with FULL."""
    found = next(each for each in stream.groups_info(True) if each[b"name"] == group.name)
    pending = sorted(group.pel.items())
    consumers = [
        {
            b"name": name,
            b"seen-time": consumer.last_attempt,
            b"active-time": consumer.last_success,
            b"pel-count": sum(each[0] == name for _, each in pending),
            b"pending": [[at.encode(), each[1], each[2]] for at, each in pending if each[0] == name][:count],
        }
        for name, consumer in sorted(group.consumers.items())
    ]
    return {
        b"name": group.name,
        b"last-delivered-id": found[b"last-delivered-id"],
        b"entries-read": found[b"entries-read"],
        b"lag": found[b"lag"],
        b"pel-count": len(pending),
        b"pending": [[at.encode(), *each[:3]] for at, each in pending[:count]],
        b"consumers": consumers,
    }

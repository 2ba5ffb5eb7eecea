"""MessagePack as the scripts of Redis have it: ``cmsgpack``, whose values are those of Lua."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from fakeredis._helpers import SimpleError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["pack", "unpack", "unpack_limit", "unpack_one"]

# What is nested deeper is packed as nil.
_DEEPEST = 16
_INTEGERS = [
    (0x00, 0x7F, "", 0),
    (-0x20, -1, "", 0),
    (0, 0xFF, ">BB", 0xCC),
    (0, 0xFFFF, ">BH", 0xCD),
    (0, 0xFFFFFFFF, ">BI", 0xCE),
    (0, 2**64 - 1, ">BQ", 0xCF),
    (-0x80, 0, ">Bb", 0xD0),
    (-0x8000, 0, ">Bh", 0xD1),
    (-0x80000000, 0, ">Bi", 0xD2),
    (-(2**63), 0, ">Bq", 0xD3),
]
# How what follows the first byte is laid out; and of what is long, its length, and what it is.
_FIXED = dict(zip(range(0xCA, 0xD4), (f">{each}" for each in "fdBHIQbhiq"), strict=True))
_LENGTHS: dict[int, tuple[str, Any]] = {
    0xD9: (">B", bytes),
    0xDA: (">H", bytes),
    0xDB: (">I", bytes),
    0xDC: (">H", list),
    0xDD: (">I", list),
    0xDE: (">H", dict),
    0xDF: (">I", dict),
}


def pack(*values: Any) -> bytes:
    """Return *values* of Lua, one after the other."""
    if not values:
        raise SimpleError("ERR bad argument #0 to 'pack' (MessagePack pack needs input.)")
    return b"".join([_packed(each, 0) for each in values])


def _packed(value: Any, depth: int) -> bytes:
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        for least, most, layout, mark in _INTEGERS:
            if least <= value <= most:
                return struct.pack(layout, mark, value) if layout else struct.pack(">B", value & 0xFF)
        value = float(value)
    if isinstance(value, float):
        try:
            short = struct.pack(">Bf", 0xCA, value)
        except OverflowError:
            short = b""
        is_exact = short and struct.unpack(">f", short[1:])[0] == value
        return short if is_exact else struct.pack(">Bd", 0xCB, value)
    if isinstance(value, bytes):
        return _head(len(value), 32, 0xA0, ((0xFF, ">BB", 0xD9), (0xFFFF, ">BH", 0xDA))) + value
    if hasattr(value, "items") and depth < _DEEPEST:
        return _packed_table(dict(value.items()), depth + 1)
    return b"\xc0"


def _packed_table(items: dict[Any, Any], depth: int) -> bytes:
    if all(type(key) is int and 0 < key <= len(items) for key in items):
        parts = [_packed(items[n], depth) for n in range(1, len(items) + 1)]
        return _head(len(items), 16, 0x90, ((0xFFFF, ">BH", 0xDC),)) + b"".join(parts)
    parts = [_packed(each, depth) for item in items.items() for each in item]
    return _head(len(items), 16, 0x80, ((0xFFFF, ">BH", 0xDE),)) + b"".join(parts)


def _head(count: int, limit: int, mark: int, longer: tuple[tuple[int, str, int], ...]) -> bytes:
    if count < limit:
        return struct.pack(">B", mark | count)
    for most, layout, wide in longer:
        if count <= most:
            return struct.pack(layout, wide, count)
    return struct.pack(">BI", longer[-1][2] + 1, count)


class _Reader:
    """Reads values out of *data*, from the position *at*; *make_table* makes a table of Lua."""

    def __init__(self, data: bytes, at: int, make_table: Callable[[Any], Any]) -> None:
        self._data = data
        self.at = at
        self._make_table = make_table

    def _take(self, count: int) -> bytes:
        found = self._data[self.at : self.at + count]
        if len(found) < count:
            raise SimpleError("ERR Missing bytes in input.")
        self.at += count
        return found

    def read(self) -> Any:
        """Return the next value."""
        (mark,) = self._take(1)
        if mark < 0x80 or mark >= 0xE0:
            return mark if mark < 0x80 else mark - 0x100
        if mark < 0xC0:
            kind: Any = dict if mark < 0x90 else list if mark < 0xA0 else bytes
            return self._read_many(kind, mark & (0x1F if kind is bytes else 0x0F))
        if mark in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[mark]
        if mark in _FIXED:
            layout = _FIXED[mark]
            return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]
        if mark not in _LENGTHS:
            raise SimpleError("ERR Bad data format in input.")
        layout, kind = _LENGTHS[mark]
        return self._read_many(kind, struct.unpack(layout, self._take(struct.calcsize(layout)))[0])

    def _read_many(self, kind: Any, count: int) -> Any:
        if kind is bytes:
            return self._take(count)
        if kind is list:
            return self._make_table({n: self.read() for n in range(1, count + 1)})
        return self._make_table({self.read(): self.read() for _ in range(count)})


def unpack(make_table: Callable[[Any], Any], data: Any) -> Any:
    """Return all values that are in *data*."""
    return _unpacked(make_table, data, None, 0)[1:]


def unpack_one(make_table: Callable[[Any], Any], data: Any, at: int = 0) -> Any:
    """Return where the next value is, -1 where there is none, and the value at *at*."""
    return _unpacked(make_table, data, 1, at)


def unpack_limit(make_table: Callable[[Any], Any], data: Any, limit: int, at: int = 0) -> Any:
    """Return the same for at most *limit* values."""
    return _unpacked(make_table, data, limit, at)


def _unpacked(make_table: Callable[[Any], Any], data: Any, limit: int | None, at: int) -> tuple[Any, ...]:
    if isinstance(data, (int, float)) and not isinstance(data, bool):
        data = str(data).encode()
    if not isinstance(data, bytes):
        raise SimpleError("ERR bad argument #1 to 'unpack' (string expected)")
    if at < 0 or (limit is not None and limit < 0):
        raise SimpleError("ERR Invalid request to unpack with offset or limit below 0.")
    if at > len(data):
        raise SimpleError(f"ERR Start offset {at} greater than input length {len(data)}.")
    reader = _Reader(data, at, make_table)
    found: list[Any] = []
    while reader.at < len(data) and (limit is None or len(found) < limit):
        found.append(reader.read())
    return (reader.at if reader.at < len(data) else -1, *found)

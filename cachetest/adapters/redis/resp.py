"""The wire protocol of Redis, RESP: commands taken out of bytes, replies put into bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.connection import DefaultParser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Requests", "encode", "pack"]


def pack(fields: Sequence[bytes]) -> bytes:
    """Return a command as a client sends it."""
    return b"*%d\r\n" % len(fields) + b"".join(b"$%d\r\n%s\r\n" % (len(each), each) for each in fields)


def encode(reply: object, protocol: int, *, push: bool = False) -> bytes:
    """Return *reply* in RESP2 or RESP3, as *protocol* says; a *push* is what comes unasked."""
    if reply is None:
        return b"_\r\n" if protocol == 3 else b"$-1\r\n"
    if isinstance(reply, Exception):
        return b"-%s\r\n" % _error_line(reply).encode()
    if isinstance(reply, bool):
        return (b"#t\r\n" if reply else b"#f\r\n") if protocol == 3 else b":%d\r\n" % reply
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    if isinstance(reply, float) and protocol == 3:
        return b",%s\r\n" % repr(reply).encode()
    if isinstance(reply, (str, float)):
        reply = str(reply).encode()
    if isinstance(reply, bytes):
        return b"$%d\r\n%s\r\n" % (len(reply), reply)
    if isinstance(reply, dict):
        mark = b"%%%d\r\n" % len(reply) if protocol == 3 else b"*%d\r\n" % (2 * len(reply))
        inside: Iterable[object] = (each for pair in reply.items() for each in pair)
    elif isinstance(reply, (list, tuple, set, frozenset)):
        kind = b">" if push else b"~" if isinstance(reply, (set, frozenset)) else b"*"
        mark = b"%s%d\r\n" % (kind if protocol == 3 else b"*", len(reply))
        inside = reply
    else:
        raise TypeError(f"fakeredis gave a reply that has no form in RESP: {reply!r}")
    return mark + b"".join(encode(each, protocol) for each in inside)


def _error_line(error: Exception) -> str:
    """Return the line of which redis-py's parser makes *error*."""
    text = str(error)
    for code, found in DefaultParser.EXCEPTION_CLASSES.items():
        if found is type(error):
            return f"{code} {text}"
    code = text.partition(" ")[0]
    return text if code.isupper() and code.isalpha() else f"ERR {text}"


class Requests:
    """Takes the commands out of the bytes that a client sends, however they are cut."""

    def __init__(self) -> None:
        self._bytes = b""

    def feed(self, data: bytes) -> Iterator[list[bytes]]:
        """Yield each command that is complete with *data*: its name and its arguments."""
        self._bytes += data
        while (command := self._next()) is not None:
            yield command

    def _next(self) -> list[bytes] | None:
        position, fields = self._number(0)
        if fields is None:
            return None
        command = []
        for _ in range(fields):
            position, length = self._number(position)
            if length is None or len(self._bytes) < position + length + 2:
                return None
            command.append(self._bytes[position : position + length])
            position += length + 2
        self._bytes = self._bytes[position:]
        return command

    def _number(self, position: int) -> tuple[int, int | None]:
        end = self._bytes.find(b"\r\n", position)
        return (end + 2, int(self._bytes[position + 1 : end])) if end >= 0 else (position, None)

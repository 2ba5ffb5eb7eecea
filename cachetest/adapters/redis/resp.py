"""The wire protocol of Redis, RESP: commands taken out of bytes, replies put into bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.connection import DefaultParser

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["WITH_SETS", "AsSet", "Command", "Requests", "as_set", "encode"]

_SETS = frozenset({b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF"})
WITH_SETS = _SETS | {b"ACL", b"CLIENT", b"COMMAND"}
"""The commands whose replies `as_set` is for."""

_GET = b"*2\r\n$3\r\nGET\r\n$"
Command = list[bytes]
"""The name of a command and its arguments."""


class AsSet(tuple[object, ...]):
    """A set of RESP3, whose order is that of a server; a list in RESP2."""


def encode(reply: object, protocol: int, *, push: bool = False) -> bytes:
    """Return *reply* in RESP2 or RESP3, as *protocol* says; a *push* is what comes unasked."""
    if isinstance(reply, bytes):
        return b"$%d\r\n%s\r\n" % (len(reply), reply)
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
        return encode(str(reply).encode(), protocol)
    if isinstance(reply, dict):
        mark = b"%%%d\r\n" % len(reply) if protocol == 3 else b"*%d\r\n" % (2 * len(reply))
        inside: Iterable[object] = (each for pair in reply.items() for each in pair)
    elif isinstance(reply, (list, tuple, set, frozenset)):
        kind = b">" if push else b"~" if isinstance(reply, (set, frozenset, AsSet)) else b"*"
        mark = b"%s%d\r\n" % (kind if protocol == 3 else b"*", len(reply))
        inside = reply
    else:
        raise TypeError(f"a reply that has no form in RESP: {reply!r}")
    return mark + b"".join([encode(each, protocol) for each in inside])


def _error_line(error: Exception) -> str:
    """Return the line of which redis-py's parser makes *error*."""
    # A line feed would end it.
    text = str(error).replace("\r", " ").replace("\n", " ")
    for code, found in DefaultParser.EXCEPTION_CLASSES.items():
        if found is type(error):
            return f"{code} {text}"
    code = text.partition(" ")[0]
    return text if code.isupper() and code.isalpha() else f"ERR {text}"


class Requests:
    """Takes the commands out of the bytes that a client sends, however they are cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Command]:
        """Return the commands that are complete with *data*."""
        if self._rest:
            data = self._rest + data
        elif data.startswith(_GET):
            # As below, for the command that is sent the most.
            end = data.find(b"\r\n", len(_GET))
            if end > 0 and len(data) == end + 4 + int(data[len(_GET) : end]) and data.endswith(b"\r\n"):
                return [[b"GET", data[end + 2 : -2]]]
        commands = []
        find, size = data.find, len(data)
        start = at = 0
        while at < size:
            # All here, and in no function of its own: it is done for each command of a pipeline.
            end = find(b"\r\n", at)
            if end < 0:
                break
            missing = int(data[at + 1 : end])
            at = end + 2
            fields = []
            while missing:
                end = find(b"\r\n", at)
                if end < 0:
                    break
                begin = end + 2
                end = begin + int(data[at + 1 : end])
                at = end + 2
                if at > size:
                    break
                fields.append(data[begin:end])
                missing -= 1
            if missing:
                break
            if fields:
                commands.append(fields)
            start = at
        self._rest = data[start:]
        return commands

    def forget(self) -> None:
        """Forget what was sent of a command that is not complete."""
        self._rest = b""


def as_set(name: bytes, reply: object) -> object:
    """Return a list as the set that it is in RESP3, where fakeredis has no sets."""
    if name in (b"ACL", b"CLIENT") and isinstance(reply, dict):
        # The flags of ACL GETUSER and CLIENT TRACKINGINFO.
        return {key: AsSet(each) if key == b"flags" else each for key, each in reply.items()}
    if name == b"COMMAND" and isinstance(reply, list):
        # The flags of COMMAND GETKEYSANDFLAGS.
        is_pair = [isinstance(each, list) and len(each) == 2 for each in reply]
        return [[each[0], AsSet(each[1])] for each in reply] if all(is_pair) else reply
    return AsSet(reply) if name in _SETS and isinstance(reply, list) else reply

"""A connection of a child with its parent: a request goes out, and what came of it comes back."""

from __future__ import annotations

import pickle
from _socket import socket
from errno import EBADF, ENOTSOCK
from os import getpid
from struct import Struct
from typing import TYPE_CHECKING, Any

from .._recording.call_sites import this_thread
from ..errors import ChildOperationError
from .joined import BETWEEN
from .naming import process_name

if TYPE_CHECKING:
    from .joined import Parent

__all__ = ["ANSWER", "AT_MOST", "AT_ONCE", "BYTES", "ERROR", "FOUND", "LENGTH", "NEW", "NONE", "NOTHING"]
__all__ += ["PROTOCOL", "REQUEST", "TEXT", "At", "Call", "ClosedError", "Link"]

At = tuple[str, int, str, str]
"""A line of a child: its file, its number, its function, and the module that it is in."""

Call = tuple[int, str, At, str, "str | None"]
"""What is alike in many requests: the serial number of the child, its thread, its line, what is asked, and of
which cache, if of one."""

LENGTH = 4
"""How many bytes in front of a message say how long it is."""

FOUND, NOTHING, NONE, TEXT, BYTES, ERROR, NEW = range(7)
"""The kinds of an answer: a value comes, or `MISSING` or None was found, or an exception comes.

ASCII text and bytes come as they are: most values are one of them, and to pickle takes longer. A request is
``FOUND`` where its arguments come, ``TEXT`` where its only one does, ``NEW`` where its `Call` comes first.
"""

ANSWER = Struct("<IB")
"""How an answer begins: how many bytes follow the length, and its kind, the first of them."""
REQUEST = Struct("<IIB")
"""How a request begins: the same, with the number of its `Call` in between."""

PROTOCOL = pickle.HIGHEST_PROTOCOL

# More would be had from the system for each message, and given back, which takes longer than all else.
AT_ONCE = 1 << 13
AT_MOST = 1 << 20

_begin, _begun = REQUEST.pack, ANSWER.unpack_from
_MORE = REQUEST.size - LENGTH


class ClosedError(Exception):
    """A connection was closed by somebody else before anything was sent."""


class Link:
    """A connection with the parent, for one request at a time; made with the first."""

    def __init__(self) -> None:
        self.socket: Any = None
        self._send: Any = None
        self._receive: Any = None
        # What is alike is sent once, and by its number from then on.
        self._calls: dict[Call, int] = {}

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()

    def asked(
        self, parent: Parent, at: At, request: str, cache: str | None, args: tuple[Any, ...]
    ) -> tuple[int, bytes | memoryview]:
        """Return the answer to a *request*, its kind and what follows that.

        Raises `ChildOperationError` before anything is sent.
        """
        call = parent.serial, this_thread.name, at, request, cache
        number = self._calls.get(call)
        try:
            if number is None:
                # Apart, so that it is known there by its number when the arguments can't be read.
                kind, data = NEW, pickle.dumps((call, pickle.dumps(args, PROTOCOL)), PROTOCOL)
            elif len(args) == 1 and type(args[0]) is str and args[0].isascii():
                kind, data = TEXT, args[0].encode()
            else:
                kind, data = FOUND, pickle.dumps(args, PROTOCOL)
        except Exception as error:
            raise ChildOperationError(_unsendable(parent, at, request, cache, args, error)) from error
        if self.socket is None:
            self.socket = made = _connected(parent)
            self._send, self._receive = made.send, made.recv
        data = _begin(len(data) + _MORE, number or 0, kind) + data
        try:
            sent = self._send(data)
            if sent < len(data):
                self.socket.sendall(memoryview(data)[sent:])
        except OSError as error:
            if error.errno in (EBADF, ENOTSOCK):
                raise ClosedError from None
            raise
        if number is None:
            self._calls[call] = len(self._calls)
        answer = self._receive(AT_ONCE)
        if len(answer) < ANSWER.size:
            answer = bytes(self._whole(answer, ANSWER.size))
        length, kind = _begun(answer)
        if len(answer) == length + LENGTH:
            # Short: to have it copied is quicker than to have a view of it.
            return kind, answer[ANSWER.size :]
        return kind, self._whole(answer, length + LENGTH)[ANSWER.size :]

    def _whole(self, begun: bytes, length: int) -> memoryview:
        """Return all of an answer that is so long and has *begun* to come."""
        whole = memoryview(bytearray(length))
        found = len(begun)
        whole[:found] = begun
        while found < length:
            come = self.socket.recv_into(whole[found:])
            if not come:
                raise EOFError
            found += come
        return whole


def _unsendable(
    parent: Parent, at: At, request: str, cache: str | None, args: tuple[Any, ...], error: Exception
) -> str:
    from .._telling.formatting import short_repr

    words = ("key", "value") if cache is not None else ()
    of_cache = "" if cache is None else f" of cache {cache!r}"
    for n, each in enumerate(args):
        try:
            pickle.dumps(each, PROTOCOL)
        except Exception:
            what = words[n] if n < len(words) else "argument"
            of_key = f" for key {short_repr(args[0])}" if what == "value" else ""
            return (
                f"a {request}{of_cache} can't be asked of process {parent.process}: the {what}"
                f"{of_key}, a {type(each).__module__}.{type(each).__qualname__}, can't be pickled "
                f"({type(error).__name__}: {error}), at {at[0]}:{at[1]} in {at[2]}"
            )
    return f"a {request} can't be asked of process {parent.process}: {type(error).__name__}: {error}"


def _connected(parent: Parent) -> Any:
    from _socket import AF_UNIX, SOCK_STREAM

    # Not by `socket.socket`, which a program, or what watches its tests, may have replaced.
    made = socket(AF_UNIX, SOCK_STREAM)
    try:
        made.connect(parent.address)
        hello = BETWEEN.join([parent.key, str(getpid()), process_name(parent.how)]).encode()
        made.sendall(len(hello).to_bytes(LENGTH, "little") + hello)
    except OSError:
        made.close()
        raise
    return made

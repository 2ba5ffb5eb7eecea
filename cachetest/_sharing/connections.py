"""A connection of the parent with a child: messages come in, each is answered, and the answer goes out."""

from __future__ import annotations

import pickle
from contextlib import suppress
from hmac import compare_digest
from os import getpid
from typing import TYPE_CHECKING, Any

from .._behaving.call import MISSING
from .._recording.call_sites import ProcessThread
from ..errors import ChildOperationError
from .as_child import frame_at
from .joined import BETWEEN
from .links import (
    ANSWER,
    AT_MOST,
    AT_ONCE,
    BYTES,
    ERROR,
    FOUND,
    LENGTH,
    NEW,
    NONE,
    NOTHING,
    PROTOCOL,
    REQUEST,
    TEXT,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .as_child import ChildFrame
    from .links import At

    # What is done for a request: the serial number of the child, its thread, what is asked, and the
    # arguments: what stands for its frame, the cache, if it is of one, and what the child has given.
    Answer = Callable[[int, ProcessThread, str, Any], Any]
    Known = tuple[int, ProcessThread, str, tuple[ChildFrame] | tuple[ChildFrame, str]]

__all__ = ["Connection"]

_begin, _begun = ANSWER.pack, REQUEST.unpack_from
# Who connects says no more than this before it is known.
_LONGEST_HELLO = 1_000


class Connection:
    """One connection: what has come and is no whole message yet, and what is still to be sent.

    ``process`` is 0 until the child has said the *key*; nothing that it sends is unpickled before. ``outbox``
    is what the child has yet to take in.
    """

    __slots__ = (
        "_answer",
        "_calls",
        "_end",
        "_inbox",
        "_key",
        "_lacks",
        "_name",
        "_receive",
        "_send",
        "_socket",
        "_threads",
        "is_held",
        "outbox",
        "process",
    )

    def __init__(self, socket: Any, key: bytes, answer: Answer) -> None:
        self._socket = socket
        # To look them up takes longer than to send.
        self._receive, self._send = socket.recv, socket.send
        self._key = key
        self._answer = answer
        self._inbox = bytearray()
        # How long the message is that has begun to come, as far as that is known, and how much of it has not.
        self._end = self._lacks = LENGTH
        self.outbox: bytes | memoryview = b""
        self._name = ""
        # What was asked so far, by whom and where, by number.
        self._calls: list[Known] = []
        self._threads: dict[str, ProcessThread] = {}
        self.process = 0
        # Whether its request waits, on a thread of its own: nothing comes before that has been answered.
        self.is_held = False

    def close(self) -> None:
        self._socket.close()

    def read(self) -> None:
        """Take in what has come, and answer it; raises ``EOFError`` at its end."""
        inbox = self._inbox
        data: bytes | memoryview = self._receive(
            AT_ONCE if self._lacks < AT_ONCE else min(self._lacks, AT_MOST)
        )
        if not data:
            raise EOFError
        if not inbox and self.process and len(data) >= REQUEST.size and _begun(data)[0] == len(data) - LENGTH:
            # One message, and whole, as nearly all come.
            self._answer_to(data)
            return
        if inbox:
            inbox += data
            if len(inbox) < self._end:
                self._lacks = self._end - len(inbox)
                return
            data = memoryview(inbox)
            self._inbox = bytearray()
        while len(data) >= LENGTH:
            end = int.from_bytes(data[:LENGTH], "little") + LENGTH
            if not self.process and end > _LONGEST_HELLO:
                raise ValueError("whoever this is does not know the key")
            if len(data) < end:
                break
            if self.process:
                self._answer_to(data[:end])
            else:
                self._meet(bytes(data[LENGTH:end]))
            data = data[end:]
        self._inbox += data
        self._end = end if len(data) >= LENGTH else LENGTH
        self._lacks = self._end - len(data)

    def send(self) -> None:
        """Send what waits, as far as the child takes it in."""
        with suppress(BlockingIOError):
            while self.outbox:
                self.outbox = self.outbox[self._socket.send(self.outbox) :]

    def _answer_to(self, message: bytes | memoryview) -> None:
        kind, answer = self._answered(message)
        answer = _begin(len(answer) + 1, kind) + answer
        try:
            sent = 0 if self.outbox else self._send(answer)
        except BlockingIOError:
            sent = 0
        if sent < len(answer):
            # A part at a time would be copied as often as there are parts.
            self.outbox = memoryview(b"".join((self.outbox, answer[sent:])))
            self.send()

    def _meet(self, hello: bytes) -> None:
        key, _, more = hello.partition(BETWEEN.encode())
        if not compare_digest(key, self._key):
            raise ValueError("whoever this is does not know the key")
        process, _, self._name = more.decode().partition(BETWEEN)
        self.process = int(process)

    def _answered(self, message: bytes | memoryview) -> tuple[int, bytes]:
        try:
            _, number, kind = _begun(message)
            data = message[REQUEST.size :]
            if kind == NEW:
                call, data = pickle.loads(data)
                self._calls.append(self._known(*call))
                number = -1
            serial, thread, request, given = self._calls[number]
            args = (*given, str(data, "ascii")) if kind == TEXT else (*given, *pickle.loads(data))
        except BaseException as error:
            return _error(_unreadable(error))
        try:
            found = self._answer(serial, thread, request, args)
        except BaseException as error:
            # Whatever it is, it is for the child, and the thread goes on for the others.
            return _error(error)
        if found is MISSING:
            return NOTHING, b""
        if found is None:
            return NONE, b""
        if type(found) is bytes:
            return BYTES, found
        if type(found) is str and found.isascii():
            return TEXT, found.encode()
        try:
            return FOUND, pickle.dumps(found, PROTOCOL)
        except Exception as error:
            return _error(_unsendable(request, args[1:], found, error))

    def _known(self, serial: int, name: str, at: At, request: str, cache: str | None) -> Known:
        thread = self._threads.get(name)
        if thread is None:
            thread = self._threads[name] = ProcessThread(name, self.process, self._name)
        return serial, thread, request, (frame_at(at),) if cache is None else (frame_at(at), cache)


def _error(error: BaseException) -> tuple[int, bytes]:
    try:
        data = pickle.dumps(error, PROTOCOL)
        # Many an exception can be pickled, and not be read.
        pickle.loads(data)
    except Exception:
        data = pickle.dumps(ChildOperationError(f"{type(error).__qualname__}: {error}"))
    return ERROR, data


def _unreadable(error: BaseException) -> ChildOperationError:
    return ChildOperationError(
        f"what was asked for could not be read in process {getpid()}: {type(error).__name__}: {error}"
    )


def _unsendable(request: str, args: Any, found: object, error: Exception) -> ChildOperationError:
    from .._telling.formatting import short_repr

    kind = f"{type(found).__module__}.{type(found).__qualname__}"
    of_key = f", of key {short_repr(args[1])}" if len(args) > 1 else ""
    of_cache = f" of cache {args[0]!r}" if args else ""
    return ChildOperationError(
        f"what a {request}{of_cache} came to in process {getpid()}{of_key}, a {kind}, can't be pickled: "
        f"{type(error).__name__}: {error}"
    )

"""The end of a connection that a client reads from as from a socket."""

from __future__ import annotations

import errno
import socket
from queue import Empty, SimpleQueue
from typing import Any

from ..._recording.locks import make_lock
from .late import Late, read_late
from .pipe import Pipe

__all__ = ["SocketEnd"]


class SocketEnd:
    """What is read as a socket is: ``_arrivals`` has what comes, bytes or an error to raise.

    Empty bytes say that the other end was closed.
    """

    _is_closed = False

    def __init__(self) -> None:
        self._arrivals: SimpleQueue[bytes | Exception] = SimpleQueue()
        # What is being read, and how much of it was.
        self._data = b""
        self._at = 0
        self._timeout: float | None = None
        self._pipe: Pipe | None = None
        self._pipe_lock = make_lock()

    def settimeout(self, seconds: float | None) -> None:
        """Wait so long, in seconds, for something to read; None is for ever."""
        self._timeout = seconds

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return at most *size* bytes, empty when the link was closed; MSG_PEEK leaves them there."""
        if self._at == len(self._data):
            data = self._next()
            if len(data) <= size and not flags and self._pipe is None:
                return data
            self._data, self._at = data, 0
        data = self._data[self._at : self._at + size]
        if not flags & socket.MSG_PEEK:
            self._at += len(data)
        if self._pipe is not None:
            self._tell_pipe()
        return data

    def _next(self) -> bytes:
        arrivals = self._arrivals
        if self._timeout == 0 and arrivals.empty() and not self._is_closed:
            self._look()
            if arrivals.empty():
                raise BlockingIOError(errno.EWOULDBLOCK, "nothing to read")
        try:
            data = arrivals.get(False)
        except Empty:
            data = self._wait_for_next()
        if not data:
            # It was closed; another thread may be waiting as well.
            self._arrivals.put(data)
        if isinstance(data, Exception):
            if not isinstance(data, Late):
                raise data
            data = read_late(data, self._timeout, self._arrivals)
        return data

    def _look(self) -> None:
        """Look whether something has come that nobody has told of."""

    def _wait_for_next(self) -> bytes | Exception:
        """Return what comes next, until which the time of the socket may be up."""
        raise NotImplementedError

    def recv_into(self, buffer: Any) -> int:
        """Put what `recv` returns into *buffer*, and return its length."""
        data = self.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def fileno(self) -> int:
        """Return a descriptor that can be read when this can: redis-py polls it where hiredis parses."""
        self._look()
        with self._pipe_lock:
            pipe = self._pipe = self._pipe or Pipe()
        self._tell_pipe()
        return pipe.fileno()

    def _tell_pipe(self) -> None:
        with self._pipe_lock:
            if self._pipe is not None:
                left = self._at < len(self._data) or not self._arrivals.empty()
                self._pipe.be_readable(left or self._is_closed)

    def getpeername(self) -> tuple[str, int]:
        """Return a loopback address, which spares redis-py from asking for that of its host."""
        return "127.0.0.1", 6379

    getsockname = getpeername

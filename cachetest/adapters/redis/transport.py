"""What a connection has in place of a socket: it writes commands there, and reads replies."""

from __future__ import annotations

import errno
import socket
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..._recording.locks import make_lock
from .late import Late, read_late
from .link import Link
from .pipe import Pipe
from .quick import QUICK
from .resp import Requests
from .struck_link import StruckLink
from .transaction import transaction

if TYPE_CHECKING:
    from .addresses import Address
    from .link import Site
    from .store import Store

__all__ = ["SocketEnd", "SocketLink", "Transport"]

_MULTI, _EXEC = [b"MULTI"], [b"EXEC"]


class Transport(StruckLink, Link):
    """A link that a client writes to."""

    def __init__(self, store: Store, address: Address, only: int | None) -> None:
        super().__init__(store, address, only)
        self._requests = Requests()
        self._peer = self._server_socket.peer
        self._tally = self._peer.quick

    def sendall(self, data: bytes | str) -> None:
        """Execute the commands that are complete with *data*, and have the client read the replies."""
        if self._is_closed:
            raise BrokenPipeError(errno.EPIPE, "the connection was closed")
        commands = self._requests.feed(data.encode() if isinstance(data, str) else data)
        replies: list[bytes] = []
        site: Site | None = None
        slow = 0
        try:
            if len(commands) > 2 and commands[0] == _MULTI and commands[-1] == _EXEC and self.is_quick():
                whole = transaction(self._server_socket, commands[1:-1], self._protocol) if QUICK else None
                if whole is not None:
                    replies += [b"$2\r\nOK\r\n", b"$6\r\nQUEUED\r\n" * (len(commands) - 2), whole[0]]
                    self.note(whole[1], whole[2] or commands[1:-1])
                    self._tally.count += len(commands)
                    self._peer.fields = _EXEC
                    return
            for fields in commands:
                quick = QUICK.get(fields[0])
                if quick is not None and self.is_quick():
                    done = quick(self._server_socket, fields, self._protocol)
                    if done is not None:
                        replies.append(done[0])
                        self._peer.fields = fields
                        # All that is sent at once comes from one line.
                        site = self.note(done[1], (fields,), site)
                        if self._server.told:
                            self._server.serve()
                        continue
                slow += 1
                if self._own_cache.in_force and fields is commands[0]:
                    slow = len(commands)
                    replies += self.send_in_force(commands, data)
                    break
                if not self._holds or not self.held(fields):
                    replies.append(self.serve(fields))
            self._tally.count += len(commands) - slow
        except BaseException:
            # The rest of what was sent is lost with it.
            self._requests.forget()
            raise
        finally:
            if replies:
                self.deliver(replies[0] if len(replies) == 1 else b"".join(replies))


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


class SocketLink(SocketEnd, Transport):
    """A link that is read from as a socket is."""

    def __init__(self, store: Store, address: Address, only: int | None) -> None:
        Transport.__init__(self, store, address, only)
        SocketEnd.__init__(self)
        self._hangs_up = False

    def deliver(self, data: bytes) -> None:
        if data:
            self._arrivals.put(data)
            if self._pipe is not None:
                self._tell_pipe()

    def break_off(self, error: Exception) -> None:
        self._arrivals.put(error)
        self._tell_pipe()

    def end(self) -> None:
        self._arrivals.put(b"")
        self._tell_pipe()

    def hang_up(self) -> None:
        # In order: what is being answered comes before it.
        self._hangs_up = True

    def sendall(self, data: bytes | str) -> None:
        super().sendall(data)
        if self._hangs_up:
            self.close()

    def time_limit(self) -> float | None:
        return self._timeout

    def deliver_late(self, late: Late) -> None:
        self.break_off(late)

    def _wait_for_next(self) -> bytes | Exception:
        """Return what comes next, until which the time of the socket may be up, or that of a command."""
        timeout = self._timeout
        if self._is_closed:
            return b""
        end = None if timeout is None else monotonic() + timeout
        while True:
            wait = self._server_socket.peer.wait
            # The clock may be moved on meanwhile, which ends the wait.
            until = None if wait is None or wait.until is None else wait.until - self._server.ahead()
            is_of_wait = until is not None and (end is None or until < end)
            last = until if is_of_wait else end
            try:
                return self._arrivals.get(timeout=None if last is None else max(0, last - monotonic()))
            except Empty:
                if not is_of_wait or wait is None:
                    raise TimeoutError("timed out") from None
                self._server.end(wait)

    def shutdown(self, how: int) -> None:
        """Do what `close` does: there are no two directions."""
        self.close()

    def close(self) -> None:
        super().close()
        self._arrivals.put(b"")
        self._tell_pipe()

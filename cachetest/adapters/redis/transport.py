"""What a connection has in place of a socket, or of streams: it writes commands there, and reads replies."""

from __future__ import annotations

import asyncio
import errno
import threading
from queue import Empty
from time import monotonic
from types import coroutine
from typing import TYPE_CHECKING, Any

from .arrivals import SocketEnd
from .link import Link
from .quick import QUICK
from .reader import Reader
from .refusals import limit_of_caller
from .resp import Requests
from .struck_link import StruckLink
from .transaction import transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from .addresses import Address
    from .late import Late
    from .link import Site
    from .store import Store
    from .waits import Wait

__all__ = ["SocketLink", "StreamLink", "Transport"]

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


class StreamLink(Transport):
    """A link that is written to as an `asyncio.StreamWriter` is, and read from by its ``reader``."""

    def __init__(self, store: Store, address: Address, only: int | None) -> None:
        super().__init__(store, address, only)
        self.reader = Reader()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._is_going_on: Callable[[], bool] | None = None

    def deliver(self, data: bytes) -> None:
        # Another thread's command may have published to this connection, or served it.
        self._on_loop(self.reader.feed_data, data)

    def break_off(self, error: Exception) -> None:
        self._on_loop(self.reader.set_exception, error)

    def end(self) -> None:
        self._on_loop(self.reader.feed_eof)

    def time_limit(self) -> float | None:
        return limit_of_caller(None if self.connection is None else self.connection())

    def deliver_late(self, late: Late) -> None:
        self._on_loop(self.reader.feed_late, late)

    def _text_of_timeout(self) -> str:
        connection = None if self.connection is None else self.connection()
        return "Timeout reading" if connection is None else f"Timeout reading from {connection._host_error()}"

    def hang_up(self) -> None:
        self._loop.call_soon(self.close)

    def _on_loop(self, function: Any, *args: object) -> None:
        if threading.get_ident() == self._thread:
            function(*args)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    def expect(self, wait: Wait) -> None:
        if wait.until is not None:
            self._loop.call_later(max(0, wait.until - self._server.monotonic()), self._server.end, wait)

    def writelines(self, data: Iterable[bytes]) -> None:
        """Execute the commands in *data*."""
        if self._is_going_on is not None and not self._is_going_on():
            self.close()
        for each in data:
            self.sendall(each)

    def end_with(self, is_going_on: Callable[[], bool]) -> None:
        """Serve as long as *is_going_on*, and be found closed by whoever comes next."""
        self._is_going_on = is_going_on
        self.reader.is_ended = lambda: not is_going_on()

    @coroutine
    def drain(self) -> Generator[None, None, None]:
        """Return when other tasks have had their turn: of a real server, no reply is there at once."""
        yield

    def close(self) -> None:
        if not self._is_closed:
            super().close()
            self._on_loop(self.reader.feed_eof)

    async def wait_closed(self) -> None:
        """Return at once."""

    def get_extra_info(self, name: str) -> None:
        """Return nothing."""

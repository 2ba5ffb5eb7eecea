"""What an asyncio connection has in place of streams: it writes commands there, and reads replies."""

from __future__ import annotations

import asyncio
import threading
from types import coroutine
from typing import TYPE_CHECKING, Any

from .reader import Reader
from .refusals import limit_of_caller
from .transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from .addresses import Address
    from .late import Late
    from .store import Store
    from .waits import Wait

__all__ = ["StreamLink"]


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

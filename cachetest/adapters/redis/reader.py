"""The stream that an asyncio connection reads replies from."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Reader"]


class Reader(asyncio.StreamReader):
    """A stream whose data is nearly always there at once, and has no transport to be resumed.

    Whoever looks whether there is more finds it closed, once it ``is_ended``, asked at each look.
    """

    is_ended: Callable[[], bool] | None = None

    # As redis-py does: the stream has no public name for what it holds.
    _buffer: bytearray
    _exception: Any

    # redis-py looks in one of these ways whether a connection can be used, and connects anew after an error;
    # for a stream that is at its end alone, not each release does.

    def at_eof(self) -> bool:
        """Return whether nothing comes any more."""
        self._check()
        return super().at_eof()

    async def read(self, n: int = -1) -> bytes:
        """Return at most *n* bytes."""
        self._check()
        return await super().read(n)

    def _check(self) -> None:
        if self.is_ended is not None and self.is_ended() and not self._buffer:
            raise ConnectionResetError("the connection was closed")

    async def readline(self) -> bytes:
        """Return a line, at once where it is there."""
        buffer = self._buffer
        end = buffer.find(b"\n") + 1
        if not end or self._exception is not None:
            return await super().readline()
        line = bytes(buffer[:end])
        del buffer[:end]
        return line

    async def readexactly(self, n: int) -> bytes:
        """Return *n* bytes, at once where they are there."""
        buffer = self._buffer
        if len(buffer) < n or self._exception is not None:
            return await super().readexactly(n)
        data = bytes(buffer[:n])
        del buffer[:n]
        return data

"""The stream that an asyncio connection reads replies from."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from .late import Late

__all__ = ["Reader"]


class Reader(asyncio.StreamReader):
    """A stream whose data is nearly always there at once, and has no transport to be resumed.

    Whoever looks whether there is more finds it closed, once it ``is_ended``, asked at each look.
    """

    is_ended: Callable[[], bool] | None = None

    # As redis-py does: the stream has no public name for what it holds.
    _buffer: bytearray
    _exception: Any
    _late: deque[Late] | None = None

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

    def feed_late(self, late: Late) -> None:
        """Have what is late come when nothing comes before it."""
        if self._late is None:
            self._late = deque()
        self._late.append(late)

    async def _wait_for_data(self, name: str) -> None:
        if not self._late:
            await super()._wait_for_data(name)  # type: ignore[misc]
            return
        late = self._late[0]
        await _turn_of(late)
        self._late.popleft()
        late.wait()
        if late.is_too_late:
            raise asyncio.TimeoutError
        self.feed_data(late.data)


# What is late, by the loop that waits for it.
_waiting: WeakKeyDictionary[Any, list[Late]] = WeakKeyDictionary()
# So many turns of a loop are waited for where nobody can tell whether it has anything else to do.
_TURNS = 50


async def _turn_of(late: Late) -> None:
    """Return when the tasks of the loop have got as far as they can, and nothing comes before *late*.

    So those that wait at once wait together: the clock goes to the end of the one that takes longest.
    """
    loop = asyncio.get_running_loop()
    waiting = _waiting.setdefault(loop, [])
    waiting.append(late)
    try:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            ready = getattr(loop, "_ready", None)
            # The others that wait here are ready as well: each looks again at each turn.
            if ready is not None and len(ready) < len(waiting) and min(waiting, key=_due) is late:
                return
    finally:
        waiting.remove(late)


def _due(late: Late) -> float:
    return late.due

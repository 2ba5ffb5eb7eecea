"""What in redis-py and fakeredis goes by the clock of the scope: the server's time, and waits for a lock."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

import fakeredis  # noqa: F401 (so that its modules are there)
import redis.asyncio.lock
import redis.lock

from ..._behaving.clock import clock_here, clock_offset, moved
from ..clocked import MOVED_TIME, Moved, Places

__all__ = ["PLACES", "WAITS"]

_sleep = asyncio.sleep
# They wait for what a client of fakeredis' own is sent, as a socket would, which is no matter of a server.
_NOT_MOVED = ("fakeredis._clients", "fakeredis._core._selector", "fakeredis._connection")


class _MovedLoop(Moved):
    """An event loop whose time is moved."""

    __slots__ = ("_module",)

    def __init__(self, loop: Any) -> None:
        object.__setattr__(self, "_module", loop)

    def time(self) -> float:
        here: float = self._module.time()
        return here + clock_offset()


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        return await asyncio.wait_for(event.wait(), seconds)
    except asyncio.TimeoutError:
        return False


class _MovedAsyncio(Moved):
    __slots__ = ()
    _module = asyncio

    def get_running_loop(self) -> Any:
        found = asyncio.get_running_loop()
        return _MovedLoop(found) if moved else found

    async def sleep(self, delay: float, *result: Any) -> Any:
        """Sleep so long by the clock, which may be moved on meanwhile."""
        clock = clock_here() if asyncio.sleep is _sleep else None
        if clock is None or delay <= 0:
            return await asyncio.sleep(delay, *result)
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        until = loop.time() + clock.offset + delay
        with clock.telling(lambda: loop.call_soon_threadsafe(woken.set)):
            while (left := until - loop.time() - clock.offset) > 0:
                if not await _is_set_within(woken, left):
                    break
                woken.clear()
        return result[0] if result else None


_MOVED_ASYNCIO: Any = _MovedAsyncio()

PLACES = Places(
    [
        *(
            (module, "time")
            for name, module in sorted(sys.modules.items())
            if name.startswith("fakeredis.")
            and vars(module).get("time") is time
            and not name.startswith(_NOT_MOVED)
        ),
        (redis.lock, "mod_time"),
    ],
    time,
    MOVED_TIME,
)
WAITS = Places([(redis.asyncio.lock, "asyncio")], asyncio, _MOVED_ASYNCIO)

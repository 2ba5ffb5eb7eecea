"""What a connection of redis-py meets where its server can't be reached, or waits between two tries."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from typing import TYPE_CHECKING, Any

import redis.asyncio.retry as asyncio_retry
import redis.retry as sync_retry
from redis.asyncio.connection import AbstractConnection

from ..tries import RETRIES, passed_on

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["async_sleep", "limit_of_caller", "refusal_of"]

for _each in (sync_retry, asyncio_retry):
    RETRIES[_each.Retry.call_with_retry.__code__] = "do"


def refusal_of(connection: Any) -> OSError:
    """Return what a system says to *connection* where nobody listens."""
    text = os.strerror(errno.ECONNREFUSED)
    is_async = isinstance(connection, AbstractConnection)
    if is_async and not hasattr(connection, "path"):
        host = "127.0.0.1" if connection.host == "localhost" else connection.host
        text = f"Connect call failed {(host, int(connection.port))!r}"
    return ConnectionRefusedError(errno.ECONNREFUSED, text)


def async_sleep(found: Any) -> Any:
    """Return what ``redis.asyncio.retry`` sleeps by, over what it has *found*."""

    async def sleep_unless_struck(seconds: float, *args: object) -> Any:
        if passed_on(sys._getframe(1), seconds):
            return await asyncio.sleep(0)
        return await found(seconds, *args)

    return sleep_unless_struck


def limit_of_caller(connection: Any) -> float | None:
    """Return for how long an asyncio *connection* waits for a reply, while it sends; None for ever.

    Its own limit is taken off for that: see `without_time_limit`.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "send_unlimited" and frame.f_locals.get("connection") is connection:
            limit: float | None = frame.f_locals["limit"]
            return limit
        frame = frame.f_back
    return None if connection is None else connection.socket_timeout

"""What a region's own backend would raise: its client is not met, as the entries are ours."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any

from ...faults import Fails, LosesReply, Slow
from ..class_swap import swap_of
from .backend import last_proxy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._behaving.injection import Strike
    from ..._caches.cache import MockCache

__all__ = ["carry_out", "failure_of", "real_backend", "too_large_for"]


def real_backend(region: Any, counts: MockCache) -> Any:
    """Return the backend that *region* has in the scope of *counts*, and that ours stands for; or None."""
    swap = swap_of(region)
    if swap is None:
        return None
    found = object.__getattribute__(swap.state_in(counts).face, "__dict__").get("backend")
    proxy = last_proxy(found)
    return getattr(found if proxy is None else proxy.proxied, "_real", None)


def _made(module: str, name: str, *args: object) -> Exception:
    """Return an error of a client that is there, since the backend has it."""
    error: Exception = getattr(sys.modules[module], name)(*args)
    return error


def _redis_connection(backend: Any) -> Any:
    """Return a connection such as the client of *backend* makes, if that is one of redis-py; None if not."""
    client = getattr(backend, "reader_client", None)
    pool = getattr(client, "connection_pool", None)
    if pool is None or not type(pool).__module__.startswith("redis."):
        return None
    return pool.connection_class(**pool.connection_kwargs)


def _is_pymemcache(backend: Any) -> bool:
    module: Any = sys.modules.get("dogpile.cache.backends.memcached")
    return module is not None and isinstance(backend, module.PyMemcacheBackend)


def failure_of(backend: Any) -> Exception | None:
    """Return what the client of *backend* raises when its server is down; None for one in this process."""
    refused = ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    connection = _redis_connection(backend)
    if connection is not None:
        return _made("redis.exceptions", "ConnectionError", connection._error_message(refused))
    return refused if _is_pymemcache(backend) else None


def _lost_of(backend: Any) -> Exception:
    """Return what the client of *backend* raises when its connection is closed before the reply."""
    if _is_pymemcache(backend):
        return _made("pymemcache.exceptions", "MemcacheUnexpectedCloseError")
    return _made("redis.exceptions", "ConnectionError", "Connection closed by server.")


def _waits_of(backend: Any) -> list[float]:
    """Return how long the client of *backend* waits before each try but the first."""
    connection = _redis_connection(backend)
    if connection is None:
        return []
    retry = connection.retry
    return [max(0.0, retry._backoff.compute(failures)) for failures in range(1, retry._retries + 1)]


def carry_out(default: Any, backend: Any, strike: Strike, proceed: Callable[[], Any]) -> Any:
    """Carry *strike* out as the client of *backend* would meet it; by *default* where that is all."""
    fault, clock = strike.fault, strike.clock
    is_down = isinstance(fault, (Fails, LosesReply)) and fault.error is None
    if is_down and failure_of(backend) is not None:
        waits, begun = _waits_of(backend), clock.offset
        if isinstance(fault, LosesReply):
            proceed()
            if waits and not fault.then_down:
                # It is sent again, and done twice.
                clock.reach(begun + waits[0])
                return proceed()
            if not waits:
                raise _lost_of(backend)
        clock.reach(begun + sum(waits))
        raise failure_of(backend) or _lost_of(backend)
    limit = _limit_of(backend) if isinstance(fault, Slow) else None
    if limit is None or not isinstance(fault, Slow) or fault.seconds <= limit:
        return default(strike, proceed)
    waits = _waits_of(backend)
    end = clock.offset + limit * (len(waits) + 1) + sum(waits)
    for _ in range(len(waits) + 1):
        proceed()
    clock.reach(end)
    raise _timeout_of(backend)


def _limit_of(backend: Any) -> float | None:
    """Return how many seconds the client of *backend* waits for a reply; None for ever."""
    connection = _redis_connection(backend)
    if connection is not None:
        limit: float | None = connection.socket_timeout
        return limit
    if _is_pymemcache(backend):
        given: float | None = getattr(backend.client, "timeout", None)
        return given
    return None


def _timeout_of(backend: Any) -> Exception:
    """Return what the client of *backend* raises when it has waited so long."""
    if _is_pymemcache(backend):
        return TimeoutError("timed out")
    return _made("redis.exceptions", "TimeoutError", "Timeout reading from socket")


def too_large_for(backend: Any) -> Exception | None:
    """Return what the client of *backend* raises where its server has no room for an entry."""
    if _redis_connection(backend) is None:
        return None
    parser = sys.modules["redis.connection"].DefaultParser(socket_read_size=16)
    error: Exception = parser.parse_error("OOM command not allowed when used memory > 'maxmemory'.")
    return error

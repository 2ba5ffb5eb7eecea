"""What commands of redis-py cost through the redis adapter, and with fakeredis alone, sync and asyncio.

Ours is `redis.Redis()` in a scope, which counts and remembers each command; the original is the client of
fakeredis, which does neither; the limit is redis-py itself, over a socket that has the reply. Times are those
of the processor, of which other processes have no part.
"""

from __future__ import annotations

import asyncio
import errno
from contextlib import contextmanager
from functools import partial
from time import process_time
from typing import TYPE_CHECKING, Any

import measure
from measure import Row

from cachetest import PatchCaches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY, VALUE, TEN = "key", "value", 10
LOOPS, ROUNDS = 2_000, 4

# What is done with a client; of asyncio it returns what is awaited.
WORK: dict[str, Callable[[Any], Any]] = {
    "get": lambda client: client.get(KEY),
    "set": lambda client: client.set(KEY, VALUE),
    "set with a time to live": lambda client: client.set(KEY, VALUE, ex=60),
    "pipeline of 10": lambda client: ten(client.pipeline(transaction=False)).execute(),
    "transaction of 10": lambda client: ten(client.pipeline(transaction=True)).execute(),
    "delete": lambda client: client.delete("none"),
    "incr": lambda client: client.incr("number"),
    "hset": lambda client: client.hset("hash", "field", VALUE),
    "hget": lambda client: client.hget("hash", "field"),
    "mget": lambda client: client.mget(KEY, "number"),
    "exists": lambda client: client.exists(KEY),
}
# The most that ours may take, as a multiple of what fakeredis takes.
BUDGETS = {"get": 1.05, "set": 1.0, "pipeline of 10": 1.0}
OTHERS = 1.5


def ten(pipe: Any) -> Any:
    """Put ten commands into a pipeline."""
    for _ in range(TEN // 2):
        pipe.set(KEY, VALUE)
        pipe.get(KEY)
    return pipe


class StubSocket:
    """Has the reply to a get, whatever is asked."""

    def __init__(self) -> None:
        self._is_asked = False

    def sendall(self, data: bytes) -> None:
        self._is_asked = True

    def recv(self, size: int) -> bytes:
        if not self._is_asked:
            raise BlockingIOError(errno.EWOULDBLOCK, "nothing to read")
        self._is_asked = False
        return b"$5\r\nvalue\r\n"

    def settimeout(self, seconds: float | None) -> None: ...

    def shutdown(self, how: int) -> None: ...

    def close(self) -> None: ...


@contextmanager
def over_a_stub() -> Iterator[Any]:
    """Give a client of redis-py that reaches nothing."""
    import redis

    class Connection(redis.Connection):
        def _connect(self) -> Any:
            return StubSocket()

    yield redis.Redis(connection_pool=redis.ConnectionPool(connection_class=Connection, protocol=2))


@contextmanager
def ours() -> Iterator[Any]:
    import redis

    with PatchCaches("redis"):
        yield redis.Redis()


@contextmanager
def fakeredis() -> Iterator[Any]:
    from fakeredis import FakeRedis

    yield FakeRedis()


def time_sync(work: Callable[[Any], Any], subject: Callable[[], Any], loops: int) -> float:
    """Return the seconds of *loops* times *work*."""
    with subject() as client:
        if subject is not over_a_stub:
            client.set(KEY, VALUE)
            client.set("number", 1)
            client.hset("hash", "field", VALUE)
        work(client)
        start = process_time()
        for _ in range(loops):
            work(client)
        return process_time() - start


@contextmanager
def ours_async() -> Iterator[Any]:
    import redis.asyncio

    with PatchCaches("redis"):
        yield redis.asyncio.Redis()


@contextmanager
def fakeredis_async() -> Iterator[Any]:
    from fakeredis import FakeAsyncRedis

    yield FakeAsyncRedis()


def time_async(work: Callable[[Any], Any], subject: Callable[[], Any], loops: int) -> float:
    """Return the seconds of *loops* times awaiting *work*."""

    async def time() -> float:
        with subject() as client:
            await client.set(KEY, VALUE)
            await client.set("number", 1)
            await client.hset("hash", "field", VALUE)
            await work(client)
            start = process_time()
            for _ in range(loops):
                await work(client)
            taken = process_time() - start
            await client.aclose()
            return taken

    return asyncio.run(time())


REDIS = ("redis", "fakeredis")
NEEDS = {"ours": (*REDIS, "cachetest.adapters.redis"), "original": REDIS, "limit": REDIS}


def _row(name: str, work: Callable[[Any], Any], *, of_asyncio: bool) -> Row:
    columns = (
        {
            "ours": partial(time_async, work, ours_async),
            "original": partial(time_async, work, fakeredis_async),
        }
        if of_asyncio
        else {"ours": partial(time_sync, work, ours), "original": partial(time_sync, work, fakeredis)}
    )
    if name == "get" and not of_asyncio:
        columns["limit"] = partial(time_sync, work, over_a_stub)
    loops = LOOPS // TEN if name.endswith(str(TEN)) else LOOPS
    budget = BUDGETS.get(name, OTHERS)
    client = "redis.asyncio" if of_asyncio else "redis-py"
    return Row(f"{name}, {client}", columns, loops, ROUNDS, budget=budget, needs=NEEDS)


ROWS = [
    _row(name, work, of_asyncio=of_asyncio) for of_asyncio in (False, True) for name, work in WORK.items()
]

if __name__ == "__main__":
    measure.main(ROWS)

"""Redis, memcached and Django through our adapters, beside what tests of them use instead.

That is a real server on the same machine, which the worker starts, or a double of the client: that of
fakeredis, or pymemcache's own ``MockMemcacheClient``. (By other calls: ``clients.py`` and ``stores.py``.)
Django's cache in local memory is beside django-perf-rec, which records what is done to it. Each row asks from
a frame of its own, as programs do.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from functools import cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import measure
import peers
import stores
from measure import Row
from subjects import Calls

from test.servers import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from subjects import Subject

KEY, VALUE = "key", "value"


def seconds(subject: Subject, work: Callable[[Calls], object], loops: int) -> float:
    """Return the seconds of doing *work* with the calls of *subject* *loops* times."""
    with subject() as calls:
        calls.put(KEY, VALUE)
        start = perf_counter()
        for _ in range(loops):
            work(calls)
        return perf_counter() - start


def get(calls: Calls) -> None:
    """Get what is there, from a frame of its own."""
    calls.get(KEY)


def put(calls: Calls) -> None:
    """Put over what is there."""
    calls.put(KEY, VALUE)


@cache
def _redis_client() -> Any:
    """Return a client of a Redis that runs until the worker ends."""
    import atexit
    from contextlib import ExitStack

    import redis

    stack = ExitStack()
    port = stack.enter_context(server("redis-server"))
    atexit.register(stack.close)
    return redis.Redis(port=port)


@contextmanager
def redis_real() -> Iterator[Calls]:
    """Give the calls of redis-py on a real server, without cachetest."""
    client = _redis_client()
    yield Calls(client.get, client.set)


@contextmanager
def memcached(of: Callable[[], Any]) -> Iterator[Calls]:
    """Give the calls of a client of pymemcache that waits for replies."""
    with of() as client:
        yield Calls(client.get, partial(client.set, noreply=False))


@contextmanager
def memcached_mock() -> Iterator[Any]:
    """Give pymemcache's own double of its client."""
    from pymemcache.test.utils import MockMemcacheClient

    yield MockMemcacheClient()


def _row(what: str, ours: Subject, original: Subject, needs: tuple[str, ...], work: Any, **more: Any) -> Row:
    return Row(
        f"{work.__name__}, {what}",
        {"ours": partial(seconds, ours, work), "original": partial(seconds, original, work)},
        loops=500,
        needs={"ours": needs, "original": needs},
        **more,
    )


_OURS = partial(memcached, stores.memcached_ours)
_REDIS, _PYMEMCACHE = ("redis", "fakeredis"), ("pymemcache",)
_DJANGO = ("django", "django_perf_rec")

ROWS = [
    *(_row("redis-py, fakeredis", peers.redis_ours, peers.fakeredis, _REDIS, work) for work in (get, put)),
    *(
        _row("redis-py, Redis", peers.redis_ours, redis_real, _REDIS, work)
        for work in (get, put)
        if shutil.which("redis-server")
    ),
    *(
        _row(
            "pymemcache, memcached",
            _OURS,
            partial(memcached, stores.memcached_real),
            _PYMEMCACHE,
            work,
            budget=1.0,
        )
        for work in (get, put)
        if shutil.which("memcached")
    ),
    *(
        _row("pymemcache, MockMemcacheClient", _OURS, partial(memcached, memcached_mock), _PYMEMCACHE, work)
        for work in (get, put)
    ),
    *(
        _row("Django, locmem, perf-rec", peers.django_ours, peers.django_perf_rec, _DJANGO, work, budget=0.35)
        for work in (get, put)
    ),
]

if __name__ == "__main__":
    for program in ("redis-server", "memcached"):
        if not shutil.which(program):
            print(f"skipped: rows of a real server: needs {program}", file=sys.stderr)
    measure.main(ROWS)

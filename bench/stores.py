"""The same calls of a client through our adapter, and over a real server on the same machine.

Ours is the adapter of the client's library, and the original the client as it is. A set that waits for no
reply is done when the server has read it: the last call of a value is one that waits.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from functools import cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import measure
from measure import Row

from cachetest import PatchCaches
from test.servers import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEYS = [f"key{number}" for number in range(10)]


@contextmanager
def memcached_ours() -> Iterator[Any]:
    """Give a client of pymemcache whose server is ours."""
    from pymemcache import Client

    with PatchCaches("pymemcache"):
        yield Client("cache.example")


@cache
def _memcached() -> Any:
    """Return a client of a memcached that runs until the worker ends."""
    import atexit
    from contextlib import ExitStack

    from pymemcache import Client

    stack = ExitStack()
    port = stack.enter_context(server("memcached"))
    atexit.register(stack.close)
    return Client(("127.0.0.1", port), no_delay=True)


@contextmanager
def memcached_real() -> Iterator[Any]:
    """Give a client of a real server, without cachetest."""
    yield _memcached()


@cache
def _django() -> Any:
    """Return Django's default cache, on a Redis that runs until the worker ends, if there is one."""
    import atexit
    from contextlib import ExitStack

    from django.conf import settings
    from django.core.cache import caches

    stack = ExitStack()
    port = stack.enter_context(server("redis-server")) if shutil.which("redis-server") else 1
    atexit.register(stack.close)
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.configure(CACHES={"default": {"BACKEND": backend, "LOCATION": f"redis://127.0.0.1:{port}"}})
    return caches["default"]


@contextmanager
def django_ours() -> Iterator[Any]:
    """Give Django's cache on a Redis of ours."""
    found = _django()
    with PatchCaches("django"):
        yield found


@contextmanager
def django_real() -> Iterator[Any]:
    """Give it on the real server, without cachetest."""
    yield _django()


def _django_seconds(call: Callable[[Any], object], subject: Any, loops: int) -> float:
    """Return the seconds of *loops* calls, of what is there."""
    with subject() as found:
        found.set_many(dict.fromkeys(KEYS, "1"), None)
        found.set("number", 1)
        start = perf_counter()
        for _ in range(loops):
            call(found)
        return perf_counter() - start


def _seconds(call: Callable[[Any], object], subject: Any, loops: int) -> float:
    """Return the seconds of *loops* calls, of what is there."""
    with subject() as client:
        for key in KEYS:
            client.set(key, "1", noreply=False)
        start = perf_counter()
        for _ in range(loops):
            call(client)
        client.get("absent")
        return perf_counter() - start


CALLS: dict[str, Callable[[Any], object]] = {
    "get": lambda client: client.get("key0"),
    "get, a miss": lambda client: client.get("absent"),
    "get of 10": lambda client: client.get_many(KEYS),
    "put": lambda client: client.set("key0", "value", noreply=False),
    "put, no reply": lambda client: client.set("key0", "value"),
    "count": lambda client: client.incr("key1", 1),
}

ROWS = [
    Row(
        f"{name}, pymemcache, memcached",
        {"ours": partial(_seconds, call, memcached_ours)}
        | ({"original": partial(_seconds, call, memcached_real)} if shutil.which("memcached") else {}),
        loops=2_000,
        budget=1.0,
        needs={"ours": ("pymemcache", "cachetest.adapters.pymemcache"), "original": ("pymemcache",)},
    )
    for name, call in CALLS.items()
]

DJANGO_CALLS: dict[str, Callable[[Any], object]] = {
    "get": lambda found: found.get("key0"),
    "get, a miss": lambda found: found.get("absent"),
    "get of 10": lambda found: found.get_many(KEYS),
    "put": lambda found: found.set("key0", "value"),
    "put of 10": lambda found: found.set_many(dict.fromkeys(KEYS, "value")),
    "get or put": lambda found: found.get_or_set("key0", "value"),
    "count": lambda found: found.incr("number"),
}

ROWS += [
    Row(
        f"{name}, Django, Redis",
        {"ours": partial(_django_seconds, call, django_ours)}
        | ({"original": partial(_django_seconds, call, django_real)} if shutil.which("redis-server") else {}),
        loops=500,
        budget=1.0,
        needs={"ours": ("django", "fakeredis"), "original": ("django", "redis")},
    )
    for name, call in DJANGO_CALLS.items()
]

if __name__ == "__main__":
    if not shutil.which("memcached"):
        print("skipped: original: needs memcached", file=sys.stderr)
    measure.main(ROWS)

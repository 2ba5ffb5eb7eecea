"""The same get and put, counted by us and by what else tests of caches are written with.

A get is a hit, a put is over what is there. Ours is the adapter of the peer's library, or, where the peer has
none, a `MockBackend`; the original is the peer, and the limit the bare cache that it watches.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import measure
from measure import Row
from subjects import Calls, limit, ours, time_get, time_put

from cachetest import PatchCaches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from subjects import Subject

KEY = "key"
VALUE = "value"


@contextmanager
def magic_mock() -> Iterator[Calls]:
    """Wrap the limit in a ``MagicMock``, which keeps every call."""
    with limit() as calls:
        mock = MagicMock(wraps=calls)
        yield Calls(mock.get, mock.put)


def _configured_django() -> Any:
    """Return Django's default cache, with the settings of a project that has one in local memory."""
    import django
    from django.conf import settings

    if not settings.configured:
        backend = "django.core.cache.backends.locmem.LocMemCache"
        settings.configure(CACHES={"default": {"BACKEND": backend}})
        django.setup()
    from django.core.cache import caches

    return caches["default"]


@contextmanager
def django_ours() -> Iterator[Calls]:
    """Patch Django's caches with our adapter."""
    _configured_django()
    with PatchCaches("django"):
        cache = _configured_django()
        yield Calls(cache.get, cache.set)


@contextmanager
def django_perf_rec() -> Iterator[Calls]:
    """Record the operations of Django's cache, as ``django_perf_rec.record()`` does."""
    cache = _configured_django()
    from django_perf_rec.cache import AllCacheRecorder

    operations: list[object] = []
    with AllCacheRecorder(operations.append):
        yield Calls(cache.get, cache.set)


@contextmanager
def django_bare() -> Iterator[Calls]:
    """Leave Django's cache as it is."""
    cache = _configured_django()
    yield Calls(cache.get, cache.set)


@contextmanager
def redis_ours() -> Iterator[Calls]:
    """Patch redis-py with our adapter."""
    import redis

    with PatchCaches("redis"):
        client = redis.Redis()
        yield Calls(client.get, client.set)


@contextmanager
def fakeredis() -> Iterator[Calls]:
    """Use the client of fakeredis, which counts nothing."""
    from fakeredis import FakeRedis

    client = FakeRedis()
    yield Calls(client.get, client.set)


def gets(subject: Subject, loops: int) -> float:
    """Return the seconds of *loops* hits."""
    with subject() as calls:
        calls.put(KEY, VALUE)
        return time_get(calls.get, repeat(KEY, loops))


def puts(subject: Subject, loops: int) -> float:
    """Return the seconds of *loops* puts."""
    with subject() as calls:
        calls.put(KEY, VALUE)
        return time_put(calls.put, repeat(KEY, loops), VALUE)


DJANGO = ("django",)
REDIS = ("redis", "fakeredis")

PEERS = [
    ("MagicMock(wraps=)", {"ours": ours, "original": magic_mock, "limit": limit}, 2_000, {}),
    (
        "Django locmem, django-perf-rec",
        {"ours": django_ours, "original": django_perf_rec, "limit": django_bare},
        500,
        {
            "ours": (*DJANGO, "cachetest.adapters.django"),
            "original": (*DJANGO, "django_perf_rec"),
            "limit": DJANGO,
        },
    ),
    (
        "redis-py, fakeredis",
        {"ours": redis_ours, "original": fakeredis},
        500,
        {"ours": (*REDIS, "cachetest.adapters.redis"), "original": REDIS},
    ),
]

ROWS = [
    Row(
        f"{name}, {peer}",
        {column: partial(time, subject) for column, subject in columns.items()},
        loops=loops,
        needs=needs,
    )
    for peer, columns, loops, needs in PEERS
    for name, time in (("get", gets), ("put", puts))
]

if __name__ == "__main__":
    measure.main(ROWS)

"""Helpers that the tests of redis share: clients, patches, and operations in short."""

import importlib
import sys

from cachetest import PatchCaches

from ...support import is_there, needs

needs_redis = needs("fakeredis", "cachetest[redis]")


def is_recent():
    """Return whether redis-py is of release 6 or later, which tries again where it can't connect, too."""
    return is_there("fakeredis") and hasattr(importlib.import_module("redis.backoff"), _SINCE_6)


_SINCE_6 = "ExponentialWithJitterBackoff"


def shown(operations):
    """Return operations in short: kind and key, of a hash ``key.field``."""
    return ", ".join(
        f"{each.kind} {'.'.join(each.key) if isinstance(each.key, tuple) else each.key}"
        for each in operations
    )


def client(**options):
    import redis

    return redis.Redis(**options)


def ten_retries(retry=None):
    """Return options by which redis-py tries ten times more, which not each release does by itself."""
    import redis
    from redis.backoff import ExponentialBackoff
    from redis.retry import Retry

    made = (retry or Retry)(ExponentialBackoff(cap=1, base=0.01), 10)
    return {"retry": made, "retry_on_error": [redis.ConnectionError, redis.TimeoutError]}


def patched(**urls):
    from cachetest.adapters import Redis

    return PatchCaches(Redis(**urls))


def is_reading(thread):
    """Return whether *thread* has come to what stands for the socket."""
    frame = sys._current_frames().get(thread.ident)
    while frame is not None and frame.f_globals["__name__"] != "cachetest.adapters.redis.transport":
        frame = frame.f_back
    return frame is not None


def no_retries(**options):
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return client(retry=Retry(NoBackoff(), 0), **options)

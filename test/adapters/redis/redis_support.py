"""Helpers that the tests of redis share: clients, patches, and operations in short."""

import importlib

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

"""Programs with caches of libraries, for fresh processes to import."""

import functools
import hashlib

from cachetest import MockBackend

prices = MockBackend("prices")


def make_key(item, filters):
    return hashlib.sha256(repr((item, filters)).encode()).hexdigest()


def hashed_set():
    prices.get("price:" + make_key("lamp", {"red", "small", "new", "cheap"}))


def late_redis():
    import redis

    redis.Redis(port=1).get("lamp")


@functools.lru_cache
def price(item):
    return len(item)


def lamp_price():
    price("lamp")


def swallowed():
    import redis

    try:
        redis.Redis(port=1).get("lamp")
    except Exception as error:
        prices.get(f"{type(error).__name__}")

"""What each assertion is called with, as a method: so that it passes, and so that it fails."""

import contextlib
import threading

from cachetest import MockBackend, Stats

__all__ = ["CALLS", "read"]


def read(cache, key="lamp"):
    if cache.get(key) is None:
        cache.put(key, 4.0)
    return 4.0


# What each is called with, so that it passes where a lamp was read once, and so that it fails.
CALLS = {
    "stats": (
        lambda caches, _: caches.prices.assert_stats(puts=1, hits=0, misses=1),
        lambda caches, _: caches.prices.assert_stats(Stats(1, 1, 0)),
    ),
    "delta": (
        lambda caches, cache: _in_delta(caches, cache, hits=1),
        lambda caches, cache: _in_delta(caches, cache, hits=2),
    ),
    "unused": (
        lambda caches, _: caches.others.assert_unused(),
        lambda caches, _: caches.prices.assert_unused(),
    ),
    "unused of all": (
        lambda caches, _: caches.assert_unused("others"),
        lambda caches, _: caches.assert_unused(),
    ),
    "operations": (
        lambda caches, _: caches.prices.assert_operations(["miss lamp", "put lamp"]),
        lambda caches, _: caches.prices.assert_operations(["put lamp"]),
    ),
    "cached": (
        lambda caches, _: caches.prices.assert_cached("lamp", 4.0),
        lambda caches, _: caches.prices.assert_cached("desk"),
    ),
    "not cached": (
        lambda caches, _: caches.prices.assert_not_cached("desk"),
        lambda caches, _: caches.prices.assert_not_cached("lamp"),
    ),
    "ttl": (
        lambda caches, _: caches.prices.assert_ttl("lamp", None),
        lambda caches, _: caches.prices.assert_ttl("lamp", 60),
    ),
    "expires": (
        lambda caches, cache: (cache.put("desk", 1, ttl=60), caches.prices.assert_expires("desk", 60)),
        lambda caches, cache: (cache.put("desk", 1, ttl=60), caches.prices.assert_expires("desk", 50)),
    ),
    "fresh": (
        lambda caches, cache: _in_shop(
            caches, cache, after=lambda prices: (prices.append(5.0), cache.put("lamp", 5.0))
        ),
        lambda caches, cache: _in_shop(caches, cache, after=lambda prices: prices.append(5.0)),
    ),
    "survives": (
        lambda caches, cache: caches.assert_survives(lambda: _survives(cache)),
        lambda caches, cache: caches.assert_survives(lambda: read(cache)),
    ),
    "transparent": (
        lambda caches, cache: caches.assert_transparent(lambda: read(cache)),
        lambda caches, cache: caches.assert_transparent(lambda: (cache.put("a", 1), cache.get("a"))),
    ),
    "atomic": (
        lambda caches, cache: caches.prices.assert_atomic(lambda: cache.put("a", 1)),
        lambda caches, cache: caches.prices.assert_atomic(
            lambda: cache.put("n", (cache.get("n") or 0) + 1), callers=2
        ),
    ),
    "key depends on": (
        lambda caches, cache: caches.prices.assert_key_depends_on(
            lambda key: read(cache, key), {"key": "a"}, {"key": ["b"]}
        ),
        lambda caches, cache: caches.prices.assert_key_depends_on(
            lambda key: read(cache, "a"), {"key": "a"}, {"key": ["b"]}
        ),
    ),
    "key ignores": (
        lambda caches, cache: caches.prices.assert_key_ignores(
            lambda key: read(cache, "a"), {"key": "a"}, {"key": ["b"]}
        ),
        lambda caches, cache: caches.prices.assert_key_ignores(
            lambda key: read(cache, key), {"key": "a"}, {"key": ["b"]}
        ),
    ),
    "key stable": (
        lambda caches, _: caches.prices.assert_key_stable("test._assertions.own_calls:stable", 2),
        lambda caches, _: caches.prices.assert_key_stable("test._assertions.own_calls:unstable", 2),
    ),
}


def stable():
    MockBackend("prices").get("lamp")


def unstable():
    MockBackend("prices").get(hash("lamp"))


def _in_delta(caches, cache, **counts):
    with caches.prices.assert_delta(**counts) as delta:
        cache.get("lamp")
    assert delta.stats == Stats(0, 1, 0)


def _survives(cache):
    try:
        return read(cache)
    except ConnectionError:
        return 4.0


def _in_shop(caches, cache, after):
    prices = [4.0]

    def price():
        found = cache.get("lamp")
        if found is None:
            found = prices[-1]
            cache.put("lamp", found)
        return found

    caches.assert_fresh(price, after=lambda: after(prices))


def _flight(caches, cache, guard):
    def load():
        with guard:
            return read(cache, "desk")

    caches.prices.assert_single_flight(load)


CALLS["single flight"] = (
    lambda caches, cache: _flight(caches, cache, threading.Lock()),
    lambda caches, cache: _flight(caches, cache, contextlib.nullcontext()),
)

"""Squares that take long, kept in a cache of cachetools, and computed by one at a time."""

import threading

from cachetools import LRUCache, cached

squares = LRUCache(maxsize=100)
computing = threading.Lock()


@cached(squares)
def _square(number):
    return number * number


def square(number):
    """Return the square of *number*."""
    with computing:
        return _square(number)


square.__wrapped__ = _square

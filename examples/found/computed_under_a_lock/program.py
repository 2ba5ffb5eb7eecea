"""Squares that take long, kept in a cache of cachetools that has a lock."""

import threading

from cachetools import LRUCache, cached

squares = LRUCache(maxsize=100)


@cached(squares, lock=threading.Lock())
def square(number):
    """Return the square of *number*; the lock is not held here."""
    return number * number

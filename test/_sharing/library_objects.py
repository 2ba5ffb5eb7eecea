"""Caches of libraries, as a program has them in a module."""

from functools import lru_cache

from cachetools import LRUCache, cached
from cachetools.func import ttl_cache
from dogpile.cache import make_region

prices = LRUCache(10)
others = LRUCache(10)


class Shop:
    stock = LRUCache(10)

    @lru_cache  # noqa: B019 (a shop lives as long as the module)
    def price(self, name):
        return len(name)

    @staticmethod
    @lru_cache
    def weight(name):
        return len(name)


@cached(LRUCache(10))
def size_of(name):
    return len(name)


@ttl_cache(10)
def width_of(name):
    return len(name)


region = make_region().configure("dogpile.cache.memory")

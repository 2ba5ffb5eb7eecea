"""Memoised functions, as a program has them in a module."""

from functools import lru_cache


@lru_cache
def price_of(name):
    return len(name)


class Shop:
    @lru_cache  # noqa: B019 (a shop lives as long as the module)
    def price(self, name):
        return len(name)

    @staticmethod
    @lru_cache
    def weight(name):
        return len(name)

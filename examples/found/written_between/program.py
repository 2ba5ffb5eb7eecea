"""Stock in a table, kept in a cache, and forgotten when it changes."""

from cachetools import TTLCache

table = {"lamp": 10}
stock = TTLCache(maxsize=100, ttl=60)


def load(item):
    """Return how many of *item* there are, from the table."""
    return table[item]


def left(item):
    """Return how many of *item* there are."""
    found = stock.get(item)
    if found is None:
        found = stock[item] = load(item)
    return found


def sell(item):
    """Sell one of *item*, and return whether there were any."""
    table[item] -= 1
    stock.pop(item, None)
    return left(item) >= 0

"""Prices from a table, one by one and all together, kept in a TTLCache."""

from cachetools import TTLCache

table = {"lamp": 4.0, "chair": 9.0}
prices = TTLCache(maxsize=100, ttl=60)


def price(item):
    """Return the price of *item*."""
    if item not in prices:
        prices[item] = table[item]
    return prices[item]


def total():
    """Return the price of all items together."""
    if "all" not in prices:
        prices["all"] = sum(price(item) for item in table)
    return prices["all"]


def update(item, value):
    """Change the price of *item*."""
    table[item] = value
    prices.pop(item, None)

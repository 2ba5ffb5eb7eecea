"""Prices on two memcached servers, each of which stands in for the other while that is down."""

from pymemcache.client.hash import HashClient

LEFT_OUT = 60

client = HashClient(
    ["127.0.0.1:11211", "127.0.0.1:11212"], retry_attempts=0, dead_timeout=LEFT_OUT, ignore_exc=True
)
table = {"lamp": "4.00"}


def price(item):
    """Return the price of *item*."""
    found = client.get(item)
    if found is None:
        found = table[item].encode()
        client.set(item, found)
    return found.decode()


def update(item, value):
    """Change the price of *item*."""
    table[item] = value
    client.delete(item)

"""A counter of visits in Redis."""

import redis

client = redis.Redis()


def visit():
    """Count a visit, and return how many there were."""
    return client.incr("visits")

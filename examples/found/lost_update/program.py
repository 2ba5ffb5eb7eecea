"""A counter of visits in Redis."""

import redis

client = redis.Redis()


def visit():
    """Count a visit, and return how many there were."""
    visits = int(client.get("visits") or 0) + 1
    client.set("visits", visits)
    return visits

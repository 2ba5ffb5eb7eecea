"""Failed attempts to log in, counted by user and address."""

import hashlib

from cachetools import TTLCache

attempts = TTLCache(maxsize=1_000, ttl=300)


def failed(user, address):
    """Count a failed attempt of *user* from *address*, and return how many there were in five minutes."""
    key = hashlib.sha256((user + address).encode()).hexdigest()
    attempts[key] = attempts.get(key, 0) + 1
    return attempts[key]

"""Sessions in Redis, which last for half an hour after each visit."""

import redis

client = redis.Redis()

HALF_AN_HOUR = 1800


def log_in(token, user):
    """Begin a session of *user*."""
    client.set(token, user, ex=HALF_AN_HOUR)


def user_of(token):
    """Return whose session *token* is, and have it last for another half an hour; None if it is over."""
    user = client.getex(token, ex=HALF_AN_HOUR)
    return None if user is None else user.decode()

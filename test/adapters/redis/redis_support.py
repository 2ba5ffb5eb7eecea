"""What the tests of redis share: clients, patches, and operations in short."""

from cachetest import PatchCaches

from ...support import needs

needs_redis = needs("fakeredis", "cachetest[redis]")


def shown(operations):
    """Return operations in short: kind and key, of a hash ``key.field``."""
    return ", ".join(
        f"{each.kind} {'.'.join(each.key) if isinstance(each.key, tuple) else each.key}"
        for each in operations
    )


def client(**options):
    import redis

    return redis.Redis(**options)


def patched(**urls):
    from cachetest.adapters import Redis

    return PatchCaches(Redis(**urls))

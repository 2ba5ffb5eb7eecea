"""The caches of the Django project in the tests that are of classes of their own."""

import json

import redis
from django.core.cache.backends.base import BaseCache, InvalidCacheKey
from django.core.cache.backends.locmem import LocMemCache


class LowerCaseCache(LocMemCache):
    """Makes one key of all that differ in case only, and has a method of its own."""

    def __init__(self, location, params):
        super().__init__(location, params)
        self.default_timeout = 7
        self.found = {"size": self.size()}

    def make_key(self, key, version=None):
        return super().make_key(key.lower(), version=version)

    def size(self):
        """Return how many entries there are."""
        return len(self._cache)


def backwards(key, prefix, version):
    """Return *key* read from its end."""
    return key[::-1]


class StrictCache(LocMemCache):
    """A cache that refuses keys with a space in them, as those on memcached do."""

    def validate_key(self, key):
        if " " in key:
            raise InvalidCacheKey(f"a space in {key!r}")


class PlainCache(BaseCache):
    """A cache that keeps its entries itself, and has nothing that its base class would set."""

    def __init__(self, name, params):
        self.kept = {}

    def get(self, key, default=None, version=None):
        return self.kept.get(key, default)

    def set(self, key, value, timeout=None, version=None):
        self.kept[key] = value


class ClientCache(BaseCache):
    """A cache that asks a server by a client of its own."""

    def __init__(self, url, params):
        super().__init__(params)
        self.client = redis.Redis.from_url(url)

    def get(self, key, default=None, version=None):
        found = self.client.get(self.make_key(key, version))
        return default if found is None else found.decode()

    def set(self, key, value, timeout=None, version=None):
        self.client.set(self.make_key(key, version), value)

    def clear(self):
        self.client.flushdb()


class JSONSerializer:
    """Writes JSON, in which a tuple is a list."""

    def dumps(self, value):
        return json.dumps(value).encode()

    def loads(self, data):
        return json.loads(data)

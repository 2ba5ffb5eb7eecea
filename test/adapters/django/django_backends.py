"""The caches of the Django project in the tests that are of classes of their own."""

from django.core.cache.backends.base import InvalidCacheKey
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

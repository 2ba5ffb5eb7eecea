"""A cache of the Django project in the tests that is of a class of its own."""

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

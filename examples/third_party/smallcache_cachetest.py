"""The adapter of smallcache: one cache, ``"smallcache"``, with the library's own pickling and TTL."""

import smallcache

from cachetest.adapters import Adapter, Undo, cache_for

LIBRARIES = frozenset({"smallcache", "smallcache_cachetest"})  # their lines are not the program's


class SmallCache(Adapter):
    name = "smallcache"
    caches = ("smallcache",)

    def install(self):
        return Undo(lambda undo: undo.set_attribute(smallcache, "backend", CountedBackend()))

    def patched_attributes(self):
        return {"smallcache.backend": smallcache.backend}


class CountedBackend(smallcache.MemoryBackend):
    __init__ = object.__init__
    entries = property(lambda self: cache_for("smallcache").cache)  # those of the running test

    def get(self, key):
        cache, expires = cache_for("smallcache"), key in self.entries
        value = super().get(key)
        if expires and value is None:
            cache.record("expiration", key, LIBRARIES)
        cache.record("miss" if value is None else "hit", key, LIBRARIES)
        return value

    def set(self, key, value, ttl):
        super().set(key, value, ttl)
        cache_for("smallcache").record("put", key, LIBRARIES)

    def delete(self, key):
        super().delete(key)
        cache_for("smallcache").record("delete", key, LIBRARIES)

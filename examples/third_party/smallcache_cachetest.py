"""The adapter of smallcache: one cache, ``"smallcache"``, with the library's own pickling and TTL."""

from functools import partial

import smallcache

from cachetest.adapters import MISSING, Adapter, Undo, cache_for, clock_offset

LIBRARIES = frozenset({"smallcache", "smallcache_cachetest"})  # their lines are not the program's


class SmallCache(Adapter):
    name = "smallcache"
    caches = ("smallcache",)

    def install(self):
        return Undo(swap)


def swap(undo):
    clock = smallcache.clock
    undo.set_attribute(smallcache, "backend", CountedBackend())
    undo.set_attribute(smallcache, "clock", lambda: clock() + clock_offset())


class CountedBackend(smallcache.MemoryBackend):
    __init__ = object.__init__
    entries = property(lambda self: cache_for("smallcache").cache)  # those of the running test

    def get(self, key):
        cache, get = cache_for("smallcache"), super().get

        def find():
            kept = key in self.entries
            value = get(key)
            if kept and value is None:
                cache.record("expiration", key, LIBRARIES)
            return MISSING if value is None else value

        value = cache.lookup(key, find, LIBRARIES)
        return None if value is MISSING else value

    def set(self, key, value, ttl):
        cache_for("smallcache").write(key, partial(super().set, key, value, ttl), LIBRARIES)

    def delete(self, key):
        delete = partial(super().delete, key)
        cache_for("smallcache").perform("delete", [key], delete, lambda _: [("delete", key)], LIBRARIES)

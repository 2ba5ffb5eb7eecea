import unittest

import smallcache
from smallcache_cachetest import SmallCache

from cachetest.contract import MISSING, AdapterContract, Subject


class SmallCacheSubject(Subject):
    adapter = SmallCache()
    caches = ("smallcache",)

    def open(self, name):
        return smallcache.Cache()

    def get(self, cache, key):
        return cache.get(key, MISSING)

    def put(self, cache, key, value):
        cache.set(key, value)

    def put_for(self, cache, key, value, seconds):
        cache.set(key, value, seconds)

    def delete(self, cache, key):
        cache.delete(key)

    def state(self):
        return smallcache.backend, dict(smallcache.backend.entries)


class SmallCacheContract(AdapterContract, unittest.TestCase):
    exceptions = {
        "many": "the library has no call for several keys",
        "two_names": "all caches of the library are one",
        **dict.fromkeys(["fault_damaged", "fault_too_large"], "there is no storage() of bytes, and no limit"),
    }

    def make_subject(self):
        return SmallCacheSubject()

"""The contract of adapters, for pymemcache: every connection as one cache, and a cache for each server."""

import time
import unittest
from typing import ClassVar
from unittest import mock

from cachetest._behaving.gate import MISSING
from cachetest.contract import AdapterContract, Subject

from ...support import needs

needs_pymemcache = needs("pymemcache", "pymemcache")


SERVERS = {"pages": "h:11211", "users": "/run/users.sock"}


class PymemcacheSubject(Subject):
    """A program with a client for each server, with pymemcache's own pickling."""

    def __init__(self, case):
        from cachetest.adapters import Pymemcache

        self.caches = tuple(SERVERS)
        self.adapter = Pymemcache(**SERVERS)
        self._case = case
        self._from_before = self.open(self.caches[0])

    def open(self, name):
        from pymemcache import Client
        from pymemcache.serde import pickle_serde

        return Client(SERVERS[name], serde=pickle_serde, default_noreply=False)

    def get(self, cache, key):
        return cache.get(key, MISSING)

    def put(self, cache, key, value):
        cache.set(key, value)

    def put_for(self, cache, key, value, seconds):
        cache.set(key, value, expire=seconds)

    def put_many(self, cache, values):
        cache.set_many(values)

    def get_many(self, cache, keys):
        return cache.get_many(keys)

    def delete(self, cache, key):
        cache.delete(key)

    def advance(self, seconds):
        now = time.time() + seconds
        patch = mock.patch("time.time", lambda: now)
        patch.start()
        self._case.addCleanup(patch.stop)

    def state(self):
        from pymemcache import Client

        return dict(vars(Client)), dict(vars(self._from_before))


class OneCacheSubject(PymemcacheSubject):
    """The same program, all of whose connections are one cache."""

    def __init__(self, case):
        super().__init__(case)
        from cachetest.adapters import Pymemcache

        self.caches = ("pymemcache",)
        self.adapter = Pymemcache()

    def open(self, name):
        return super().open("pages")


@needs_pymemcache
class PymemcacheContract(AdapterContract, unittest.TestCase):
    def make_subject(self):
        return PymemcacheSubject(self)


@needs_pymemcache
class PymemcacheOneCacheContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = {"two_names": "Pymemcache() makes one cache of all connections"}

    def make_subject(self):
        return OneCacheSubject(self)


if __name__ == "__main__":
    unittest.main()

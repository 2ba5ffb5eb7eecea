import threading
import unittest
from typing import ClassVar

from cachetest._behaving.gate import MISSING
from cachetest.contract import AdapterContract, Subject
from test.support import needs


class CachetoolsSubject(Subject):
    """Two caches of a program that takes a lock around each use, as cachetools asks for."""

    caches = ("pages", "users")

    def __init__(self):
        import cachetools

        from cachetest.adapters import Cachetools

        self.now = 0
        self.lock = threading.Lock()
        self.made = {
            "pages": cachetools.TTLCache(10_000, 60, timer=lambda: self.now),
            "users": cachetools.LRUCache(100),
        }
        for cache in self.made.values():
            cache["before"] = "before"
        self.adapter = Cachetools(**self.made)

    def open(self, name):
        return self.made[name]

    def get(self, cache, key):
        with self.lock:
            return cache.get(key, MISSING)

    def put(self, cache, key, value):
        with self.lock:
            cache[key] = value

    def delete(self, cache, key):
        with self.lock:
            del cache[key]

    def put_for(self, cache, key, value, seconds):
        assert seconds == cache.ttl
        self.put(cache, key, value)

    def advance(self, seconds):
        self.now += seconds

    def state(self):
        return {name: (type(cache), cache.currsize, list(cache.items())) for name, cache in self.made.items()}


@needs("cachetools", "cachetools")
class CachetoolsContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = {
        "many": "cachetools has no call that looks several keys up",
        "fault_damaged": "a cache of cachetools holds objects, neither bytes nor text",
        "fault_too_large": "a cache of cachetools holds objects, neither bytes nor text",
    }

    def make_subject(self):
        return CachetoolsSubject()


if __name__ == "__main__":
    unittest.main()

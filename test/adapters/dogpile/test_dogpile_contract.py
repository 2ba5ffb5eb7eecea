import unittest
from typing import ClassVar
from unittest import mock

from cachetest._behaving.gate import MISSING
from cachetest.contract import AdapterContract, Subject
from test.support import needs


class DogpileSubject(Subject):
    """Two regions of a program: one serialized, with mangled keys and an expiration, and one plain."""

    caches = ("pages", "users")

    def __init__(self):
        from dogpile.cache import make_region
        from dogpile.cache.api import NO_VALUE
        from dogpile.cache.util import sha1_mangle_key

        from cachetest.adapters import Dogpile

        self.nothing = NO_VALUE
        self.now = 1000.0
        self.made = {
            "pages": make_region(key_mangler=lambda key: sha1_mangle_key(key.encode())).configure(
                "dogpile.cache.memory_pickle", expiration_time=60
            ),
            "users": make_region().configure("dogpile.cache.memory"),
        }
        for region in self.made.values():
            region.set("before", "before")
        self.adapter = Dogpile(**self.made)

    def open(self, name):
        return self.made[name]

    def get(self, cache, key):
        found = cache.get(key)
        return MISSING if found is self.nothing else found

    def put(self, cache, key, value):
        cache.set(key, value)

    def delete(self, cache, key):
        cache.delete(key)

    def get_many(self, cache, keys):
        found = zip(keys, cache.get_multi(keys), strict=True)
        return {key: value for key, value in found if value is not self.nothing}

    def put_many(self, cache, values):
        cache.set_multi(values)

    def put_for(self, cache, key, value, seconds):
        assert seconds == cache.expiration_time
        self.put(cache, key, value)

    def advance(self, seconds):
        self.now += seconds

    def state(self):
        return {name: (type(region), dict(vars(region))) for name, region in self.made.items()}


@needs("dogpile", "dogpile.cache")
class DogpileContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = {"fault_too_large": "the backend in memory refuses nothing for its size"}

    def make_subject(self):
        subject = DogpileSubject()
        clock = mock.patch("time.time", lambda: subject.now)
        clock.start()
        self.addCleanup(clock.stop)
        return subject


if __name__ == "__main__":
    unittest.main()

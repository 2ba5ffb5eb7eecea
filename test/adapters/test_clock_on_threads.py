"""A lookup that is all that a thread does goes by the time that a test has frozen, and by the clock above it.

freezegun gives the real time to who asks within five frames of ``threading``.
"""

import datetime
import importlib
import threading
import unittest

from parameterized import parameterized

from cachetest import MockBackend, PatchCaches

from ..support import is_there

START = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
A_MINUTE = datetime.timedelta(seconds=60)


def mocked():
    backend = MockBackend("prices")
    return (), lambda: backend.put("k", "1", ttl=120), backend.get


def of_cachetools():
    from cachetools import TTLCache

    from cachetest.adapters import Cachetools

    cache = TTLCache(9, 120)
    return (Cachetools(c=cache),), lambda: cache.update(k="1"), lambda key: cache.get(key)


def of_redis():
    from redis import Redis

    client = Redis()
    return ("redis",), lambda: client.set("k", "1", ex=120), client.get


def of_pymemcache():
    from pymemcache import Client

    client = Client("h", default_noreply=False)
    return ("pymemcache",), lambda: client.set("k", "1", expire=120), client.get


CACHES = {
    "cachetest": mocked,
    "cachetools": of_cachetools,
    "fakeredis": of_redis,
    "pymemcache": of_pymemcache,
}


def on_a_thread(get):
    """Return what *get* finds, called by the thread itself."""
    found = []

    class Looks(threading.Thread):
        def run(self):
            found.append(get("k"))

    thread = Looks()
    thread.start()
    thread.join()
    return found[0]


class FrozenTests(unittest.TestCase):
    @parameterized.expand([(library, by) for library in CACHES for by in ("freezegun", "time_machine")])
    def test_on_a_thread(self, library, by):
        for each in (library, by):
            if not is_there(each):
                self.skipTest(f"needs {each}")
        names, put, get = CACHES[library]()
        freezer = importlib.import_module(by)
        frozen = freezer.freeze_time(START) if by == "freezegun" else freezer.travel(START, tick=False)
        with PatchCaches(*names) as patch, frozen as moving:
            put()
            (moving.tick if by == "freezegun" else moving.shift)(A_MINUTE)
            patch.caches.clock.advance(59)
            self.assertIsNotNone(on_a_thread(get))
            patch.caches.clock.advance(2)
            self.assertIsNone(on_a_thread(get))


if __name__ == "__main__":
    unittest.main()

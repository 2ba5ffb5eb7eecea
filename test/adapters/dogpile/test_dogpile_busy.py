"""A region that threads are in the middle of using while a scope opens or closes."""

import functools
import threading
import unittest

from cachetest import PatchCaches
from test.support import needs

from ..busy_case import BusyCase
from .dogpile_support import DogpileTestCase, adapter


def use(region, kept, n):
    """Use *region*, which has locks of its own, and methods that were *kept* from before."""
    key = f"k{n % 17}"
    get, put, get_or_create = kept
    region.set(key, key)
    for found in (region.get(key), get(key), *region.get_multi([key])):
        if found and found != key:
            raise AssertionError((key, found))
    for found in (
        region.get_or_create(key, lambda: key),
        get_or_create(key, lambda: key),
        *region.get_or_create_multi([key], lambda *keys: list(keys)),
    ):
        if found != key:
            raise AssertionError((key, found))
    region.set_multi({key: key})
    put(key, key)
    if n % 7 == 0:
        region.delete(key)


@needs("dogpile", "dogpile.cache")
class BusyTests(BusyCase):
    told = "taken off the cache before it was patched"

    def test_regions(self):
        """No call fails, with proxies and serializers too, and all that is done in a scope is counted."""
        from dogpile.cache import make_region
        from dogpile.cache.proxy import ProxyBackend

        class Proxy(ProxyBackend):
            pass

        regions = {
            "memory": make_region().configure("dogpile.cache.memory"),
            "pickled": make_region().configure("dogpile.cache.memory_pickle"),
            "wrapped": make_region().configure("dogpile.cache.memory", wrap=[Proxy]),
        }
        works = {
            name: functools.partial(use, region, (region.get, region.set, region.get_or_create))
            for name, region in regions.items()
        }
        self.run_busy(lambda: adapter(**regions), works)
        for region in regions.values():
            self.assertEqual(region.get_or_create("k", lambda: "k"), "k")


class MiddleTests(DogpileTestCase):
    """One call, held in its middle: where it makes the value."""

    def begin(self):
        entered, go, found = threading.Event(), threading.Event(), []

        def make():
            entered.set()
            go.wait(10)
            return "made"

        thread = threading.Thread(target=lambda: found.append(self.region.get_or_create("a", make)))
        thread.start()
        entered.wait(10)

        def end():
            go.set()
            thread.join()
            self.assertEqual(found, ["made"])

        return end

    def check(self):
        """What began on the region as it is ends on it; what began in a scope ends there."""
        end = self.begin()
        with PatchCaches(adapter(region=self.region)) as patch:
            end()
            self.assertEqual(patch.caches.region.counts(), (0, 0, 0))
            self.assertIs(self.region.get("a"), self.nothing)
        self.assertEqual(self.region.get("a"), "made")
        self.region.delete("a")

        with PatchCaches(adapter(region=self.region)) as patch:
            end = self.begin()
        end()
        self.assertEqual(patch.caches.region.counts(), (1, 0, 1))
        self.assertIs(self.region.get("a"), self.nothing)

    def test_plain(self):
        self.check()

    def test_wrapped(self):
        """So does one that goes by a proxy, which belongs to the program and is one for all."""
        from dogpile.cache.proxy import ProxyBackend

        class Proxy(ProxyBackend):
            pass

        self.region.wrap(Proxy)
        self.check()

    def test_own_attributes(self):
        """The region keeps its own __dict__ while it is patched."""
        held = dict(object.__getattribute__(self.region, "__dict__"))
        with PatchCaches(adapter(region=self.region)):
            self.region.expiration_time = 1
            self.region.set("a", 1)
            self.assertEqual(object.__getattribute__(self.region, "__dict__"), held)
        self.assertEqual(vars(self.region), held)

    def test_made_later(self):
        """What an asynchronous runner does with the region that it is given counts for the running test."""
        given = []
        region = self.make_region(
            async_creation_runner=lambda cache, key, creator, mutex: given.append(
                (cache, key, creator, mutex)
            )
        ).configure("dogpile.cache.memory", expiration_time=10)

        def run():
            cache, key, creator, mutex = given.pop()
            cache.set(key, creator())
            mutex.release()

        with PatchCaches(adapter(region=region)) as patch:
            region.set("a", 1)
            self.now += 20
            self.assertEqual(region.get_or_create("a", lambda: 2), 1)
            thread = threading.Thread(target=run)
            thread.start()
            thread.join()
            self.assertEqual(region.get("a"), 2)
            self.assertEqual(patch.caches.region.counts(), (2, 1, 1))

    def test_async_runner(self):
        """An asynchronous runner gets the region of the program, and the lock that is found by the key."""
        given = []

        def run(cache, key, creator, mutex):
            given.append((cache, mutex, region._mutex(key)))
            cache.set(key, creator())
            mutex.release()

        region = self.make_region(async_creation_runner=run)
        for is_set_inside in (False, True):
            with self.subTest(is_set_inside=is_set_inside):
                region.configure(self.backend, expiration_time=10, replace_existing_backend=True)
                with PatchCaches(adapter(region=region)) as patched:
                    if is_set_inside:
                        region.async_creation_runner = run
                    self.assertIs(region.async_creation_runner, run)
                    region.set("a", 1)
                    self.now += 11
                    self.assertEqual([region.get_or_create("a", lambda: 2) for _ in range(2)], [1, 2])
                    cache, mutex, found = given.pop()
                    self.assertIs(cache, region)
                    self.assertIs(mutex, found)
                    self.assertFalse(region.key_is_locked("a"))
                    self.assertEqual(patched.caches.region.counts(), (2, 1, 1))


if __name__ == "__main__":
    unittest.main()

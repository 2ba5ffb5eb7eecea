"""Regions as they are in a test, and as they are again after it."""

import copy
import threading
import unittest
from contextlib import ExitStack
from unittest import mock

from cachetest import PatchCaches

from .dogpile_support import DogpileTestCase, adapter, kinds


class RegionTests(DogpileTestCase):
    def proxy(self):
        from dogpile.cache.proxy import ProxyBackend

        class Seen(ProxyBackend):
            def __init__(self):
                self.keys = []

            def get(self, key):
                self.keys.append(key)
                return self.proxied.get(key)

        return Seen()

    def check_is_as_before(self, region, before):
        self.assertIs(type(region), type(self.make_region()))
        self.assertEqual(vars(region), before)

    def test_restored(self):
        """A test's entries, invalidation and attributes are gone after it, and the region is what it was."""
        before = dict(vars(self.region))
        strategy = dict(vars(self.region.region_invalidator))
        with PatchCaches(adapter(region=self.region)):
            self.assertIs(self.region.get("before"), self.nothing)
            self.region.set("a", 1)
            self.region.invalidate()
            self.region.more = 1
            self.region.expiration_time = 5
            self.region.actual_backend  # noqa: B018
        self.check_is_as_before(self.region, before)
        self.assertEqual(vars(self.region.region_invalidator), strategy)
        self.assertEqual((self.region.get("before"), self.region.get("a")), (1, self.nothing))

    def test_configured_inside(self):
        """A region that is configured in the test only is patched then, and is bare again after it."""
        from dogpile.cache.exception import RegionAlreadyConfigured, RegionNotConfigured

        region = self.make_region()
        before = dict(vars(region))
        with PatchCaches(adapter(region=region)) as patched:
            self.assertFalse(region.is_configured)
            with self.assertRaises(RegionNotConfigured):
                region.backend  # noqa: B018
            self.assertIs(
                region.configure("dogpile.cache.memory_pickle", expiration_time=10, wrap=[self.proxy()]),
                region,
            )
            self.assertTrue(region.is_configured)
            with self.assertRaises(RegionAlreadyConfigured):
                region.configure(self.backend)
            self.assertEqual(region.get_or_create("a", lambda: 1), 1)
            self.assertEqual(patched.caches.region.counts(), (1, 0, 1))
        self.check_is_as_before(region, before)

    def test_configured_anew(self):
        """So is one that is configured anew."""
        before = dict(vars(self.region))
        with PatchCaches(adapter(region=self.region)) as patched:
            self.region.configure("dogpile.cache.memory_pickle", replace_existing_backend=True)
            self.region.set("a", 1)
            self.assertEqual((self.region.get("a"), self.region.expiration_time), (1, None))
            self.assertEqual(patched.caches.region.counts(), (1, 1, 0))
        self.check_is_as_before(self.region, before)

    def test_never_asks_the_backend(self):
        """Neither the backend that the region had, nor one that the test gives it, is asked anything."""
        from dogpile.cache import register_backend
        from dogpile.cache.api import CacheBackend

        class Refusing(CacheBackend):
            def __init__(self, arguments):
                pass

            def get_mutex(self, key):
                raise NotImplementedError

        register_backend("test.refusing", __name__, "Refusing")
        globals()["Refusing"] = Refusing
        region = self.make_region().configure("test.refusing")
        with self.assertRaises(NotImplementedError):
            region.get("a")
        self.patch(region=region)
        region.get_or_create("a", lambda: 1)
        region.configure("test.refusing", replace_existing_backend=True, wrap=[self.proxy()])
        region.get_or_create("b", lambda: 1)
        region.backend = self.proxy().wrap(Refusing({}))
        region.get_or_create("c", lambda: 1)
        region.backend = Refusing({})
        region.get_or_create("d", lambda: 1)
        self.assertEqual(len(kinds()), 8)

    def test_proxies(self):
        """The proxies of a region stay in the path, and have their real backend again after the test."""
        proxy = self.proxy()
        self.region.wrap(proxy)
        real = proxy.proxied
        self.assertIs(self.region.actual_backend, real)
        with PatchCaches(adapter(region=self.region)) as patched:
            self.assertIs(self.region.get("a"), self.nothing)
            self.region.set("a", 1)
            self.assertIsNot(self.region.actual_backend, real)
            self.assertEqual(patched.caches.region.counts(), (1, 0, 1))
        self.assertEqual(proxy.keys, ["a"])
        self.assertIs(proxy.proxied, real)
        self.assertEqual(self.region.get("before"), 1)

    def test_proxy_that_answers(self):
        """A lookup that a proxy answers by itself is a lookup of the region; a put that it drops is none."""
        from dogpile.cache.proxy import ProxyBackend

        class Own(ProxyBackend):
            def get(self, key):
                return region._value("own")

            def set(self, key, value):
                pass

        region = self.region
        region.wrap(Own)
        caches = self.patch()
        region.set("a", 1)
        self.assertEqual(region.get("a"), "own")
        self.assertEqual(caches.region.counts(), (0, 1, 0))

    def test_proxy_with_a_lock(self):
        """A lock that a proxy brings is the one that is taken, and the lookup is counted all the same."""
        from dogpile.cache.proxy import ProxyBackend

        taken = []

        class Locking(ProxyBackend):
            def get_mutex(self, key):
                taken.append(key)
                return CountedLock()

        class CountedLock:
            def __init__(self):
                self.lock = threading.Lock()

            def acquire(self, wait=True):
                return self.lock.acquire(wait)

            def release(self):
                self.lock.release()

        self.region.wrap(Locking)
        caches = self.patch()
        self.region.get_or_create("a", lambda: 1)
        self.region.get_or_create("a", lambda: 1)
        self.assertEqual(taken[0], "a")
        self.assertEqual(caches.region.counts(), (1, 1, 1))

    def test_null(self):
        """A region that keeps nothing keeps nothing in a test."""
        region = self.make_region().configure("dogpile.cache.null")
        self.patch(region=region)
        region.set("a", 1)
        self.assertIs(region.get("a"), self.nothing)
        self.assertEqual(kinds(), [("put", "a"), ("miss", "a")])

    def test_null_explained(self):
        """A key that was put is missed because the region keeps nothing, until it has a backend that does."""
        region = self.make_region().configure("dogpile.cache.null")
        caches = self.patch(region=region)
        region.set("a", 1)
        region.get("a")
        self.assertTrue(
            str(caches.region.explain()).endswith(
                "put by operation 1, and not kept: its backend keeps nothing"
            )
        )
        region.configure("dogpile.cache.memory", replace_existing_backend=True)
        region.set("a", 1)
        self.assertEqual(region.get("a"), 1)
        caches.region.cache.clear()
        region.get("a")
        self.assertEqual(caches.region.explain().reason, "emptied")

    def test_nested(self):
        """An inner scope is cold, not invalidated, and leaves the outer one alone."""
        outer = self.patch()
        self.region.set("a", 1)
        self.now += 1
        with PatchCaches(adapter(region=self.region)):
            self.assertIs(self.region.get("a"), self.nothing)
            self.region.invalidate()
        self.assertEqual(self.region.get("a"), 1)
        self.assertEqual(outer.region.counts(), (1, 1, 0))

    def test_parallel(self):
        """Of two tests at once one may configure the region in one way, and one in the other."""
        together = threading.Barrier(2)
        region = self.make_region()
        found = {}

        def run(name):
            with PatchCaches(adapter(region=region)) as patched:
                region.configure("dogpile.cache.memory", expiration_time=len(name))
                together.wait()
                region.get_or_create("a", lambda: name)
                together.wait()
                found[name] = region.get("a"), region.expiration_time, patched.caches.region.counts()
                together.wait()

        threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "other")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(found, {name: (name, len(name), (1, 1, 1)) for name in ("one", "other")})
        self.assertFalse(region.is_configured)

    def test_locks_are_apart(self):
        """Two tests at once may each make the value of one key, and neither waits for the other."""
        together = threading.Barrier(2)
        made = []

        def run():
            with PatchCaches(adapter(region=self.region)):
                made.append(self.region.get_or_create("a", lambda: together.wait(timeout=10) is not None))

        threads = [threading.Thread(target=run) for _ in range(2)]
        with mock.patch.object(threading, "excepthook"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(made, [True, True])

    def test_view(self):
        """`MockCache.cache` shows the values that a get would find, counts nothing, and can be written to."""
        for backend in ("dogpile.cache.memory", "dogpile.cache.memory_pickle"):
            region = self.make_region().configure(backend, expiration_time=10)
            with self.subTest(backend), PatchCaches(adapter(region=region)) as patched:
                view = patched.caches.region.cache
                view["by hand"] = 1
                self.assertEqual(region.get("by hand"), 1)
                self.now += 11
                region.set_multi({"a": None, "b": 2})
                self.assertEqual(
                    (dict(view), len(view), repr(view)), ({"a": None, "b": 2}, 2, "{'a': None, 'b': 2}")
                )
                self.assertNotIn("by hand", view)
                del view["a"]
                self.assertIs(region.get("a"), self.nothing)
                self.assertEqual(patched.caches.region.counts(), (2, 1, 1))
                patched.caches.reset()
                self.assertEqual((dict(view), region.get("b")), ({}, self.nothing))

    def test_copied_inside(self):
        """A copy that is made in a test takes nothing real along, and leaves the region patched."""
        with ExitStack() as stack:
            stack.enter_context(PatchCaches(adapter(region=self.region)))
            self.region.set("q", 1)
            copied = copy.copy(self.region)
            self.assertEqual(self.region.get("q"), 1)
            copied.set("z", 1)
            self.assertEqual(kinds(), [("put", "q"), ("hit", "q"), ("put", "z")])
        self.assertEqual(self.region.get("before"), 1)
        self.assertIs(self.region.get("z"), self.nothing)


if __name__ == "__main__":
    unittest.main()

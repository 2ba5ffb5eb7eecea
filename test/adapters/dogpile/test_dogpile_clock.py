"""Regions of dogpile.cache keep time by the clock of the scope."""

import time
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase

from ...support import run_case
from .dogpile_support import DogpileTestCase, adapter, kinds


class ClockTests(DogpileTestCase):
    @parameterized.expand([("dogpile.cache.memory",), ("dogpile.cache.memory_pickle",)])
    def test_moved(self, backend):
        """What lasts ten seconds is there until then, and is made again after."""
        region = self.make_region().configure(backend, expiration_time=10)
        caches = self.patch(region=region)
        made = []

        def make():
            made.append(1)
            return len(made)

        self.assertEqual(region.get_or_create("k", make), 1)
        caches.clock.advance(10)
        self.assertEqual(region.get_or_create("k", make), 1)
        caches.clock.advance(0.001)
        self.assertEqual(region.get_or_create("k", make), 2)
        self.assertEqual([kind for kind, _ in kinds()], ["miss", "put", "hit", "expiration", "miss", "put"])
        self.assertEqual(time.time(), self.now)

    def test_age(self):
        """The age of a value, and when it was made, are by the clock."""
        caches = self.patch()
        self.region.set("k", 1)
        caches.clock.advance(7)
        self.assertEqual(self.region.get_value_metadata("k").age, 7)
        self.region.set("l", 1)
        self.assertEqual(self.region.get_value_metadata("l").cached_time, self.now + 7)

    def test_invalidated(self):
        """An invalidation is of the clock's time, and one of another scope is not."""
        caches = self.patch()
        caches.clock.advance(5)
        self.region.set("k", 1)
        caches.clock.advance(1)
        self.region.invalidate()
        self.assertIs(self.region.get("k"), self.nothing)
        caches.clock.advance(1)
        self.region.set("k", 2)
        self.assertEqual(self.region.get("k"), 2)

    def test_view(self):
        """The entries that a test sees are those that have not expired by the clock."""
        caches = self.patch()
        self.region.set("k", 1)
        self.assertEqual(dict(caches.region.cache), {"k": 1})
        caches.clock.advance(11)
        self.assertEqual(dict(caches.region.cache), {})

    def test_assertions(self):
        region, other = self.region, self.make_region().configure("dogpile.cache.memory_pickle")

        class Tests(CacheTestCase):
            patch_caches = (adapter(region=region, other=other),)

            def test(self):
                region.set("k", 1)
                other.set("k", 1)
                self.assertCacheTTL("region", "k", 10)
                self.assertCacheTTL("other", "k", None)
                self.assertCacheExpires("region", "k", after=10)
                self.assertEqual(self.caches.region.operations.total, 1)

        result = run_case(Tests("test"))
        self.assertEqual(result.failures + result.errors, [])

    @parameterized.expand([("dogpile.cache.memory",), ("dogpile.cache.memory_pickle",)])
    def test_why_it_is_gone(self, backend):
        """A miss says when the value was made, for how long, and how long ago that was over."""
        region = self.make_region().configure(backend, expiration_time=10)
        caches = self.patch(region=region)
        region.set("k", 1)
        caches.clock.advance(3610)
        region.get("k")
        where = caches.region.operations[0].where
        self.assertEqual(
            str(caches.region.explain()).splitlines()[1:],
            [f"  put by operation 1, at {where}, 3610 s before, for 10 s; that was over 3600 s before"],
        )

    def test_why_an_invalidated_one_is_gone(self):
        """Its time was not over, and so nothing is said of that."""
        caches = self.patch()
        self.region.set("k", 1)
        caches.clock.advance(1)
        self.region.invalidate()
        self.region.get("k")
        self.assertEqual(len(str(caches.region.explain()).splitlines()), 1)

    def test_by_the_librarys_name(self):
        """What replaces the time by the library's name for it goes through, and is put back."""
        found = vars(time)["time"]
        caches = self.patch()
        with mock.patch("dogpile.cache.region.time.time", lambda: 5000.0):
            caches.clock.advance(5)
            self.region.set("k", 1)
            self.assertEqual(self.region.get_value_metadata("k").cached_time, 5005)
        self.assertIs(vars(time)["time"], found)

    def test_two_regions(self):
        """Regions that are patched one by one, and closed in their order, leave nothing."""
        import dogpile.cache.region

        from cachetest import PatchCaches

        other = self.make_region().configure(self.backend, expiration_time=10)
        with PatchCaches(adapter(other=other)) as patch:
            with PatchCaches(adapter(region=self.region)):
                self.region.set("k", 1)
            other.set("k", 1)
            patch.caches.clock.advance(11)
            self.assertIs(other.get("k"), self.nothing)
        self.assertIs(dogpile.cache.region.time, time)


del DogpileTestCase

"""Callers in processes whose locks are in the cache itself."""

import time
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase

from .._sharing.children_support import needs_fork
from ..support import needs
from .test_flight_processes import needs_linux


@needs_fork
@needs("fakeredis", "'cachetest[redis]'")
class RedisTests(CacheTestCase):
    patch_caches = ("redis",)

    def setUp(self):
        super().setUp()
        import redis

        self.client = redis.Redis()

    def price(self):
        found = self.client.get("lamp")
        if found is None:
            self.client.set("lamp", found := b"4")
        return found

    def locks_for_looking(self):
        with self.client.lock("lock", timeout=60, sleep=0.005):
            found = self.client.get("lamp")
        if found is None:
            with self.client.lock("lock", timeout=60, sleep=0.005):
                self.client.set("lamp", found := b"4")
        return found

    def locked(self):
        with self.client.lock("lock", timeout=60, sleep=0.005):
            return self.price()

    def added(self):
        found = self.client.get("lamp")
        while found is None:
            if self.client.set("lock", 1, nx=True, ex=60):
                found = self.price()
                self.client.delete("lock")
            else:
                time.sleep(0.005)
                found = self.client.get("lamp")
        return found

    @parameterized.expand([("price",), ("locks_for_looking",)])
    @needs_linux
    def test_stampede(self, name):
        with self.assertRaisesRegex(AssertionError, f"^2 processes that call {name}.* loaded 'lamp' 2 times"):
            self.assertCacheSingleFlight("redis", getattr(self, name), callers=2, processes=True, patience=60)

    @parameterized.expand([("locked",), ("added",)])
    @needs_linux
    def test_lock_in_redis(self, name):
        """Who waits for a lock in the cache by polling is told from one that loads."""
        results = self.assertCacheSingleFlight(
            "redis", getattr(self, name), callers=2, processes=True, patience=60
        )
        self.assertEqual((results, results.waited_out), ([b"4"] * 2, False))


if __name__ == "__main__":
    unittest.main()

"""`assertCacheSurvives` where a library keeps the entries, and where the function is to be awaited."""

import functools
import unittest

from cachetest import AsyncCacheTestCase, CacheTestCase, Dropped, Fails, Gone, LosesReply, MockBackend, Slow
from cachetest.adapters import Cachetools, Functools

from .._caches.test_injecting import run_text
from ..support import needs

backend = MockBackend("prices")


@functools.cache
def memoised(item):
    return len(item)


class FunctoolsTests(CacheTestCase):
    patch_caches = (Functools(memo=memoised),)

    def test_named(self):
        """A memoised function that is named makes no call that could be struck."""
        with self.assertRaisesRegex(AssertionError, "has asked none of 'memo' for anything"):
            self.assertCacheSurvives(lambda: memoised("lamp"), caches=("memo",))


@needs("cachetools", "cachetools")
class CachetoolsTests(CacheTestCase):
    @classmethod
    def setUpClass(cls):
        import cachetools

        cls.carts = cachetools.LRUCache(10)
        cls.patch_caches = (Cachetools(carts=cls.carts),)
        super().setUpClass()

    def survives(self):
        try:
            return self.carts["ada"]
        except KeyError:
            self.carts["ada"] = 3
            return 3

    def test_impossible_where_it_is_asked_warm_alone(self):
        """What can't strike a cache is left out of it, also where its first call is a warm one."""

        def survives_warm():
            if backend.get("lamp") is None:
                backend.put("lamp", "[]")
                return 0
            return self.survives() - 3

        with self.assertRaisesRegex(AssertionError, r"not tried on 'carts': .*Damaged\(\)"):
            self.assertCacheSurvives(survives_warm)

    def breaks(self):
        if "ada" not in self.carts:
            self.carts["ada"] = 3
        return self.carts["ada"]

    def test_survives(self):
        """Of the faults that there are by default, those that can strike it are tried."""
        self.assertCacheSurvives(self.survives)

    def test_breaks(self):
        with self.assertRaises(AssertionError) as failure:
            self.assertCacheSurvives(self.breaks)
        text = str(failure.exception)
        self.assertRegex(text, r"Dropped\(\) at __setitem__ 'ada' of cache 'carts'")
        self.assertRegex(text, r"not tried on 'carts': Damaged\(\): it holds objects, neither bytes nor text")
        self.assertRegex(text, r"not tried on 'carts': Fails\(\): it is inside the process")

    def test_impossible(self):
        """One that was asked for, and is impossible, is an error."""
        with self.assertRaisesRegex(TypeError, r"Fails\(\) can't strike any of the caches: 'carts'"):
            self.assertCacheSurvives(self.survives, faults=(Fails(), Gone()))


@needs("fakeredis", "cachetest[redis]")
class RedisTests(CacheTestCase):
    patch_caches = ("redis",)

    def setUp(self):
        import redis

        self.client = redis.Redis()
        self.error = redis.RedisError
        self.addCleanup(self.client.close)

    def survives(self):
        try:
            found = self.client.get("lamp")
            if found is None:
                self.client.set("lamp", "4.0")
        except self.error:
            pass
        return 4.0

    def counts(self):
        self.client.set("sold", 0)
        self.client.incr("sold")
        return int(self.client.get("sold"))

    def test_survives(self):
        """Connecting is no call of the program's; it is as it is when nothing is in force."""
        self.assertCacheSurvives(self.survives)

    def test_done_twice(self):
        """A reply that is lost has redis-py send a command again."""
        with self.assertRaisesRegex(AssertionError, r"LosesReply\(\) at INCRBY 'sold'(.|\n)*gave 2 in"):
            self.assertCacheSurvives(self.counts, faults=(LosesReply(),))


class AsyncTests(AsyncCacheTestCase):
    patch_caches = ()

    async def price(self):
        found = backend.get("lamp")
        if found is None:
            found = "4.0"
            backend.put("lamp", found)
        return found

    async def test_survives(self):
        """Where the function is to be awaited, so is the assertion."""
        await self.assertCacheSurvives(self.price, faults=(Gone(), Dropped()))

    async def test_breaks(self):
        with self.assertRaisesRegex(AssertionError, r"raised Conn(.|\n)*: await price\(\); await price\(\)"):
            await self.assertCacheSurvives(self.price, faults=(Fails(),))

    async def test_reset(self):
        rows = []

        async def insert():
            backend.get("lamp")
            rows.append(1)
            return len(rows)

        await self.assertCacheSurvives(insert, faults=(Slow(1),), reset=rows.clear)


class NotAwaitedTests(unittest.TestCase):
    def test_not_awaited(self):
        """One that is not awaited fails the test."""

        class Tests(AsyncCacheTestCase):
            patch_caches = ()

            async def price(self):
                return backend.get("lamp")

            async def test(self):
                self.assertCacheSurvives(self.price)

        self.assertIn("was not awaited, so it tested nothing", run_text(Tests("test")))


if __name__ == "__main__":
    unittest.main()

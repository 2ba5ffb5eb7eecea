"""What a user writes about many callers at once."""

from __future__ import annotations

from typing_extensions import assert_type

from cachetest import AsyncCacheTestCase


class ManyTests(AsyncCacheTestCase):
    async def price(self) -> float:
        return 4.0

    def test_threads(self) -> None:
        results = self.assertCacheSingleFlight(
            "prices", lambda: 4.0, callers=2, load="shop:load", loads=2, patience=1
        )
        assert_type(results[0], float)
        assert_type(self.assertCacheSingleFlight("prices", lambda: 4.0, processes=True)[0], float)
        assert_type(results.waited_out, bool)
        assert_type(self.assertCacheAtomic("prices", list, callers=3, load=len, most=9, order="abc"), None)

    async def test_tasks(self) -> None:
        found = await self.assertCacheSingleFlight("prices", self.price, equal=float.__eq__, msg="once")
        assert_type(found[0], float)
        await self.assertCacheAtomic("prices", self.price, reset=self.caches.reset, msg="atomic")

"""A user's code that puts caches in states, for type checkers to read: nothing in here is run."""

from __future__ import annotations

from typing_extensions import assert_type

from cachetest import AsyncCacheTestCase, cache_states


class StateTests(AsyncCacheTestCase):
    def test_transparent(self) -> None:
        assert_type(self.assertCacheTransparent(lambda: 4.0), None)
        self.assertCacheTransparent(lambda: "4", caches=("prices",), states=("cold", "off"), equal=str.__eq__)

    async def test_awaited(self) -> None:
        await self.assertCacheTransparent(self.test_awaited, msg="transparent")

    @cache_states("cold", "warm", "off", "failing")
    async def test_in_each_state(self) -> None:
        with self.caches.in_state("off", caches=["prices"]), self.caches.in_state("warm"):
            pass

    def test_verified(self) -> None:
        with self.caches.prices.verifying(equal=lambda one, other: one == other, keys="price:*"):
            pass


@cache_states("warm")
class WarmTests(StateTests):
    pass


assert_type(WarmTests(), WarmTests)

"""A user's code, like that beside it: what a test has happen to its caches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import assert_type

from cachetest import (
    AsyncCacheTestCase,
    CacheTestCase,
    Damaged,
    Dropped,
    Fails,
    Fault,
    Gone,
    LosesReply,
    MockCache,
    Operation,
    Slow,
    Stale,
    TooLarge,
)
from cachetest.adapters import Adapter, Storage, Strike, Undo

if TYPE_CHECKING:
    from collections.abc import Callable


def price() -> float:
    return 4.0


async def price_later() -> float:
    return 4.0


class StrikingTests(CacheTestCase):
    def test_survives(self) -> None:
        assert_type(self.assertCacheSurvives(price), None)
        self.assertCacheSurvives(
            price, caches=("prices",), faults=(Fails(), Gone()), reset=list, most=50, msg="down"
        )

    def test_inject(self) -> None:
        with self.caches.prices.inject(Fails(OSError("down")), on="get", key="lamp", nth={1, 3}) as injected:
            price()
        assert_type(injected.struck, list[Operation])
        struck: Fault | None = injected.struck[0].fault
        print(struck, injected.struck[0].fault == Slow(60))
        started = self.caches.inject(LosesReply(then_down=True), keys="price:*", must_strike=False).start()
        self.addCleanup(started.stop)
        self.caches.inject(Damaged(bytes.upper), Dropped(), Stale(), TooLarge(1_000), times=2, nth=range(9))

    def test_by_hand(self) -> None:
        self.caches.prices.evict("lamp")
        self.caches.prices.expire("lamp")
        self.caches.settle(patience=1)


class AsyncStrikingTests(AsyncCacheTestCase):
    async def test_survives(self) -> None:
        await self.assertCacheSurvives(price_later, equal=float.__eq__)
        await self.caches.settle()


class UnreachableAdapter(Adapter):
    name = "unreachable"

    def install(self) -> Undo:
        return Undo()

    def failure(self, cache: MockCache) -> Exception | None:
        return ConnectionError(cache.name)

    def storage(self, cache: MockCache) -> Storage:
        return Storage(cache.cache)

    def too_large(self, cache: MockCache, key: object, size: int, limit: int) -> Exception | None:
        return ValueError(f"{size} of {limit}")

    def carry_out(self, strike: Strike, proceed: Callable[[], Any]) -> Any:
        if isinstance(strike.fault, Gone):
            strike.only(())
        return super().carry_out(strike, proceed)

    def why_impossible(self, cache: MockCache, fault: Fault) -> str:
        return super().why_impossible(cache, fault)

    def program_key(self, cache: str, key: object) -> object:
        return key

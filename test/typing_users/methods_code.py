"""Code of a user that asserts by the methods of caches: what the type checkers have to accept."""

from typing import TYPE_CHECKING, Any

from typing_extensions import assert_type

from cachetest import CacheTestCase, MockCaches, Stats, at_least

if TYPE_CHECKING:
    from collections.abc import Awaitable


async def price() -> float:
    return 4.0


class ShopTests(CacheTestCase):
    def test_counts(self) -> None:
        prices = self.caches.prices
        prices.assert_stats(Stats(1, 0, 1), refusals=0, msg="cold")
        prices.assert_stats(puts=at_least(1), keys="price:*", process=None)
        with prices.assert_delta(hits=1) as delta:
            prices.get("lamp")
        assert_type(delta.stats, Stats)
        prices.assert_operations(["miss lamp", ("put", "lamp")], ordered=False)
        prices.assert_cached("lamp", 4.0, at=None, decode=None)
        prices.assert_not_cached("desk")
        prices.assert_expires("lamp", after=60)
        prices.assert_ttl("lamp", None, msg="for ever")
        prices.assert_unused()

    def test_runs(self) -> None:
        prices = self.caches.prices
        assert_type(prices.assert_single_flight(lambda: 4.0)[0], float)
        assert_type(prices.assert_atomic(lambda: None, callers=3, order="abab"), None)
        prices.assert_key_depends_on(lambda user: user, {"user": 7}, {"user": [8]}, ignored=())
        prices.assert_key_ignores(lambda user: user, {"user": 7}, {"user": [8]})
        prices.assert_key_stable("shop:price", 2)


def check(caches: MockCaches) -> None:
    caches.assert_unused("prices", msg="unused")
    caches.assert_snapshot("prices", volatile=(r"user:(\d+)",))
    assert_type(caches.assert_fresh(lambda: 4.0, after=list), None)
    caches.assert_survives(lambda: 4.0, faults=(), reset=caches.reset)
    caches.assert_transparent(lambda: 4.0, states=("cold", "off"))


async def check_awaited(caches: MockCaches) -> None:
    flown: Awaitable[Any] = caches.prices.assert_single_flight(price)
    await flown
    await caches.prices.assert_atomic(price)
    await caches.prices.assert_key_depends_on(price, {"user": 7}, {"user": [8]})
    await caches.assert_fresh(price, after=price)
    await caches.assert_survives(price)
    await caches.assert_transparent(price)

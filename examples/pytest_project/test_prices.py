"""How the shop uses its caches: the prices."""

from __future__ import annotations

import pytest
from shop.prices import forget, price

from cachetest import Fails, MockCaches, Stats

pytestmark = pytest.mark.usefixtures("rates")


def test_first_price_is_computed(caches: MockCaches) -> None:
    assert price("lamp") == 4.0
    assert caches.prices == Stats(1, 0, 1)  # puts, hits, misses


def test_second_price_is_warm(caches: MockCaches) -> None:
    price("lamp")
    price("lamp")
    assert caches.prices.num_put == 1
    assert caches.rates.num_get_hit == 1


@pytest.mark.parametrize(("currency", "expected"), [("EUR", 4.0), ("USD", 4.4), ("JPY", 640.0)])
def test_currency_is_in_the_key(caches: MockCaches, currency: str, expected: float) -> None:
    assert price("lamp", currency) == pytest.approx(expected)
    caches.prices.assert_cached(f"lamp:{currency}")


def test_forgotten_price_is_computed_again(caches: MockCaches) -> None:
    price("lamp")
    forget("lamp")
    with caches.prices.assert_delta(puts=1, misses=1):
        price("lamp")


def test_price_is_old_after_an_hour(caches: MockCaches) -> None:
    price("lamp")
    caches.clock.advance(3600)
    price("lamp")
    assert caches.prices == Stats(2, 0, 2)


def test_operations(caches: MockCaches) -> None:
    price("lamp", "USD")
    caches.assert_snapshot()


def test_cache_is_down(caches: MockCaches) -> None:
    with caches.prices.inject(Fails(ConnectionError), on="get"), pytest.raises(ConnectionError):
        price("lamp")

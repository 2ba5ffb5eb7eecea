"""How the shop uses its caches: the pages."""

from __future__ import annotations

import pytest
from django.test import Client
from shop.prices import rate

from cachetest import MockCaches, Stats


@pytest.fixture(scope="class")
def first_page(class_caches: MockCaches, rates: None) -> None:
    """Have a page that somebody has seen before."""
    Client().get("/lamp/USD")


@pytest.mark.usefixtures("first_page")
class TestPages:
    def test_page_is_warm(self, caches: MockCaches, client: Client) -> None:
        client.get("/lamp/USD")
        caches.prices.assert_unused()
        assert caches.default.num_get_miss == 0

    def test_other_page_is_cold(self, caches: MockCaches, client: Client) -> None:
        client.get("/table/USD")
        assert caches.prices == Stats(1, 0, 1)


@pytest.mark.caches(enable=(), explain_misses=False)
def test_without_rates(caches: MockCaches) -> None:
    assert rate("EUR") == 1.0
    assert caches.rates == Stats(3, 0, 1)

"""A user's code about what keys depend on, for type checkers to read: nothing in here is run."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import assert_type

from cachetest import AsyncCacheTestCase, PatchCaches, cache_options


def price(item: str, locale: str) -> float:
    return float(len(item + locale))


async def price_async(item: str, locale: str) -> float:
    return price(item, locale)


@dataclass
class Query:
    item: str
    locale: str


def price_of(query: Query) -> float:
    return price(query.item, query.locale)


class KeyTests(AsyncCacheTestCase):
    explain_keys = ("shop.cache:make_key",)

    @cache_options(explain_keys=["shop.cache:make_key"])
    def test_stable(self) -> None:
        assert_type(
            self.assertCacheKeyStable("prices", "shop.cache:front", 5, timeout=10, msg="the same"), None
        )
        self.assertCacheKeyStable("prices", self.test_stable, runs=2)
        with PatchCaches(explain_keys=["shop.cache:make_key"]):
            pass

    def test_inputs(self) -> None:
        inputs = {"item": "lamp", "locale": "en"}
        changes = {"item": ["chair"], "locale": ("de", "fr")}
        assert_type(self.assertCacheKeyDependsOn("prices", price, inputs, changes), None)
        self.assertCacheKeyDependsOn("prices", price, inputs, changes, equal=float.__eq__, msg="in the key")
        self.assertCacheKeyDependsOn(
            "prices", price_of, Query("lamp", "en"), {"item": ["chair"]}, ignored=("locale",)
        )
        assert_type(
            self.assertCacheKeyIgnores("prices", price, inputs, {"locale": ["de"]}, msg="no matter"), None
        )

    async def test_awaited(self) -> None:
        inputs = {"item": "lamp", "locale": "en"}
        await self.assertCacheKeyDependsOn("prices", price_async, inputs, {"item": ["chair"]})
        await self.assertCacheKeyIgnores("prices", price_async, inputs, {"locale": ["de"]})

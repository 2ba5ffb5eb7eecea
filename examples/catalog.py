"""A shop's catalog that asks a slow source for each price once: functions memoised with functools."""

from __future__ import annotations

import functools

PRICES = {"lamp": 40, "chair": 85}


@functools.lru_cache(maxsize=100)
def price_of(article: str) -> int:
    """Return the price of *article* in euros, before discount."""
    return PRICES[article]  # a query, in a real shop


class Order:
    """What a customer buys, at a discount in percent."""

    def __init__(self, articles: list[str], discount: int = 0) -> None:
        self.articles = articles
        self.discount = discount

    def total(self) -> float:
        """Return the price of the order in euros."""
        return sum(price_of(article) for article in self.articles) * (100 - self.discount) / 100


def change_price(article: str, price: int) -> None:
    """Set the price of *article*, and forget what is memoised."""
    PRICES[article] = price
    price_of.cache_clear()

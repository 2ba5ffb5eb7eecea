"""What an article costs, by two caches: one of rates, and one of prices."""

from __future__ import annotations

from django.core.cache import caches

_RATES = {"EUR": 1.0, "USD": 1.1, "JPY": 160.0}


def load_rates() -> None:
    """Load all rates, which takes long: done once, when the shop opens."""
    caches["rates"].set_many({f"rate:{currency}": rate for currency, rate in _RATES.items()})


def rate(currency: str) -> float:
    """Return what an euro is worth in *currency*."""
    found = caches["rates"].get(f"rate:{currency}")
    if found is None:
        load_rates()
        found = _RATES[currency]
    return float(found)


def price(article: str, currency: str = "EUR") -> float:
    """Return the price of *article* in *currency*."""
    found = caches["prices"].get(f"{article}:{currency}")
    if found is None:
        found = len(article) * rate(currency)
        caches["prices"].set(f"{article}:{currency}", found)
    return float(found)


def forget(article: str) -> None:
    """Forget what an article costs, in each currency."""
    caches["prices"].delete_many([f"{article}:{currency}" for currency in _RATES])

"""A web program that keeps the sessions of its users, and the rates of a bank, in caches of cachetools."""

from __future__ import annotations

import threading

from cachetools import LRUCache, TTLCache, cached

# Two users at a time, as a small shop has.
sessions: LRUCache[str, dict[str, str]] = LRUCache(2)
rates: TTLCache[tuple[str, ...], float] = TTLCache(100, ttl=3600)


def session_of(user: str) -> dict[str, str]:
    """Return what is remembered of *user*, whom it makes the one seen last."""
    if user not in sessions:
        sessions[user] = {"user": user}
    return sessions[user]


@cached(rates, lock=threading.Lock())
def rate(currency: str) -> float:
    """Return the price of one euro in *currency*, which the bank is slow to tell."""
    return {"USD": 1.1, "CHF": 0.9}[currency]

"""The contract of adapters, for the methods of any class, sync and async."""

import asyncio
import unittest
from typing import ClassVar

from cachetest.adapters import Methods
from cachetest.contract import MISSING, AdapterContract, Subject

from . import shop_caches
from .shop_caches import AsyncPrices, Prices


class MethodsSubject(Subject):
    caches = ("prices", "rates")
    cls = Prices
    adapter = Methods(
        prices=shop_caches.prices,
        rates=shop_caches.rates,
        get="lookup",
        put="store",
        delete="drop",
        missing=KeyError,
    )

    def open(self, name):
        return getattr(shop_caches, name)

    def get(self, cache, key):
        try:
            return cache.lookup(key)
        except KeyError:
            return MISSING

    def put(self, cache, key, value):
        cache.store(key, value)

    def delete(self, cache, key):
        cache.drop(key)

    def state(self):
        return dict(vars(self.cls))


class AsyncMethodsSubject(MethodsSubject):
    cls = AsyncPrices
    adapter = Methods(
        prices=shop_caches.async_prices,
        rates=shop_caches.async_rates,
        get="fetch",
        put="save",
        delete="forget",
    )

    def open(self, name):
        return getattr(shop_caches, f"async_{name}")

    def get(self, cache, key):
        return asyncio.run(cache.fetch(key, MISSING))

    def put(self, cache, key, value):
        asyncio.run(cache.save(key, value))

    def delete(self, cache, key):
        asyncio.run(cache.forget(key))


EXCEPTIONS = {
    "many": "Methods counts calls that are about one key",
    "expiry": "Methods knows no times: what a class lets expire is a miss like others",
    **dict.fromkeys(("clock", "clock_nested", "clock_parallel"), "Methods knows no times"),
    "fault_damaged": "a class holds objects of its own, neither bytes nor text",
    "fault_too_large": "a class holds objects of its own, neither bytes nor text",
}


class MethodsContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = EXCEPTIONS

    def make_subject(self):
        return MethodsSubject()


class AsyncMethodsContract(AdapterContract, unittest.TestCase):
    exceptions: ClassVar = EXCEPTIONS

    def make_subject(self):
        return AsyncMethodsSubject()


if __name__ == "__main__":
    unittest.main()

"""A module that uses a cache as it is imported in a fresh process, with another key in each."""

import os

from cachetest import MockBackend

prices = MockBackend("prices")
if "CACHETEST_JOIN" in os.environ:
    prices.get(object())


def price():
    prices.get("price:lamp")


def nothing():
    pass

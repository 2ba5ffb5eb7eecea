"""A module that uses a cache as it is imported, unless the test itself has imported it."""

import os

from cachetest import MockBackend

prices = MockBackend("prices")
if "CACHETEST_JOIN" in os.environ:
    prices.get("at import")


def price():
    prices.get("price:lamp")

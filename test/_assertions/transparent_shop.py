"""The program that `assertCacheTransparent` is tried on."""

from cachetest import MockBackend

TABLE = {"lamp": 4.0}


class Shop:
    """A program with a bug that *make* says: what is put in the cache for an answer."""

    def __init__(self, make=lambda answer: answer, name="prices"):
        self.cache = MockBackend(name)
        self.make = make
        self.calls = 0

    def price(self, key="lamp"):
        self.calls += 1
        found = self.cache.get(key)
        if found is None:
            found = TABLE[key]
            self.cache.put(key, self.make(found))
        return found

    async def price_later(self):
        return self.price()

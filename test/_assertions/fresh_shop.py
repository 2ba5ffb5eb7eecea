"""The program that `assertCacheFresh` is tried on."""

import asyncio

from cachetest import MockBackend


class Shop:
    """A program with a table and a cache, which forgets to delete what is in *forgets*."""

    def __init__(self, case, *forgets):
        self.case = case
        self.cache = MockBackend("prices")
        self.table = {"lamp": 4.0, "chair": 9.0}
        self.forgets = forgets
        self.reads = 0

    def read(self, key="lamp"):
        self.reads += 1
        found = self.cache.get(key)
        if found is None:
            found = sum(self.table.values()) if key == "all" else self.table[key]
            self.cache.put(key, found)
        return found

    def total(self):
        return self.read("all")

    def write(self, value=5.0):
        self.table["lamp"] = value
        for key in ("lamp", "all"):
            if key not in self.forgets:
                self.case.caches.prices.delete(key)

    def remove(self):
        del self.table["lamp"]
        if "lamp" not in self.forgets:
            self.case.caches.prices.delete("lamp")

    async def read_async(self):
        await asyncio.sleep(0)
        return self.read()

    async def write_async(self):
        await asyncio.sleep(0)
        self.write()

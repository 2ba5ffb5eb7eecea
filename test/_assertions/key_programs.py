"""The programs that the assertions on keys are tried on."""

import asyncio
import hashlib
from dataclasses import dataclass, field

from cachetest import CacheTestCase, MockBackend

BASE = {"user": 7, "locale": "en"}
CHANGES = {"locale": ["de"], "user": [8]}


class Program:
    """A program that keeps the answers of *work* in a cache, under the key that *key* makes of its inputs."""

    def __init__(self, key, work=lambda **inputs: tuple(inputs.values()), name="prices"):
        self.cache = MockBackend(name)
        self.key = key
        self.work = work
        self.calls = []

    def price(self, **inputs):
        self.calls.append(inputs)
        key = self.key(**inputs)
        found = self.cache.get(key)
        if found is None:
            found = self.work(**inputs)
            self.cache.put(key, found)
        return found

    async def price_async(self, **inputs):
        await asyncio.sleep(0)
        return self.price(**inputs)


def all_in(user, locale):
    return f"{user}:{locale}"


def hashed(*parts):
    return hashlib.sha256("".join(map(str, parts)).encode()).hexdigest()


@dataclass(frozen=True)
class Query:
    item: str
    locale: str = "en"
    trace: str = ""
    seen: int = field(default=0, init=False)


class KeyCase(CacheTestCase):
    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)

    def check(self, key, base=BASE, changes=CHANGES, work=None, **more):
        """Have the key that *key* makes depend on *changes*, in a program that is returned."""
        program = Program(key) if work is None else Program(key, work)
        self.assertCacheKeyDependsOn("prices", program.price, base, changes, **more)
        return program

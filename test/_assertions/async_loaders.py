"""Loaders in tasks, with what `assertCacheSingleFlight` has to say of each."""

import asyncio
import time
from functools import partial

from cachetest import MockBackend

from .loaders import FAILS, PASSES


class AsyncLoaders:
    """Loaders in tasks."""

    def __init__(self):
        self.cache = MockBackend("prices")
        self.lock = asyncio.Lock()
        self.loading = {}
        self.calls = 0

    async def load(self):
        await asyncio.sleep(0)
        return 4.0

    async def put(self):
        value = await self.load()
        self.cache.put("lamp", value)
        return value

    async def unguarded(self):
        found = self.cache.get("lamp")
        return await self.put() if found is None else found

    async def slow_unguarded(self):
        await asyncio.sleep(0.001)
        found = self.cache.get("lamp")
        if found is None:
            await asyncio.sleep(0.001)
            found = await self.put()
        return found

    async def inner_task(self):
        # Each looks up a turn of the loop later than the one before.
        self.calls += 1
        for _ in range(self.calls):
            await asyncio.sleep(0)
        found = self.cache.get("lamp")
        return await asyncio.create_task(self.put()) if found is None else found

    async def executor_unguarded(self):
        found = self.cache.get("lamp")
        if found is None:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(None, partial(time.sleep, 0.001)) or await self.put()
        return found

    async def second_look_too_late(self):
        found = self.cache.get("lamp")
        if found is None:
            found = await self.load()
            async with self.lock:
                if self.cache.get("lamp") is None:
                    self.cache.put("lamp", found)
        return found

    async def locks_for_looking(self):
        async with self.lock:
            await asyncio.sleep(0)
            found = self.cache.get("lamp")
        return await self.put() if found is None else found

    async def second_look(self):
        found = self.cache.get("lamp")
        if found is None:
            async with self.lock:
                found = await self.unguarded()
        return found

    async def all_locked(self):
        async with self.lock:
            return await self.unguarded()

    async def time_out(self):
        return await asyncio.wait_for(self.all_locked(), 60)

    async def future_of_the_first(self):
        found = self.cache.get("lamp")
        if found is not None:
            return found
        if "lamp" not in self.loading:
            self.loading["lamp"] = asyncio.ensure_future(self.put())
        return await asyncio.shield(self.loading["lamp"])

    async def event_of_the_first(self):
        found = self.cache.get("lamp")
        if found is not None:
            return found
        is_first = "lamp" not in self.loading
        event = self.loading.setdefault("lamp", asyncio.Event())
        if is_first:
            await self.put()
            event.set()
        await event.wait()
        return self.cache.get("lamp")

    async def polling_the_cache(self):
        is_first, self.loading["lamp"] = "lamp" not in self.loading, True
        found = self.cache.get("lamp")
        if is_first:
            return await self.put()
        while found is None:
            await asyncio.sleep(0.0005)
            found = self.cache.get("lamp")
        return found


TASKS = [
    ("unguarded", FAILS, False),
    ("unguarded", FAILS, True),
    ("slow_unguarded", FAILS, False),
    ("inner_task", FAILS, False),
    ("executor_unguarded", FAILS, False),
    ("second_look_too_late", FAILS, True),
    ("locks_for_looking", FAILS, False),
    ("second_look", PASSES, False),
    ("second_look", PASSES, True),
    ("all_locked", PASSES, False),
    ("time_out", PASSES, False),
    ("future_of_the_first", PASSES, False),
    ("event_of_the_first", PASSES, False),
    ("polling_the_cache", PASSES, False),
]

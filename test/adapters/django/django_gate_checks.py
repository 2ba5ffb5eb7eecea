"""The gate as Django's calls pass it, the asynchronous ones too; run inside `django_project`."""

import asyncio
import unittest

import redis
from django.core.cache import caches

from cachetest import PatchCaches
from cachetest._behaving.gate import MISSING
from cachetest._caches.attribution import current_scope

from ..._behaving.behaviours import put_in_force
from ..gate_case import GateCase
from .django_contract_checks import DjangoContract, DjangoSubject
from .django_project import NOWHERE


class AsyncDjangoSubject(DjangoSubject):
    """The same program, which awaits."""

    def get(self, cache, key):
        return asyncio.run(self.awaited(cache.aget, key, MISSING))

    def put(self, cache, key, value):
        asyncio.run(self.awaited(cache.aset, key, value))

    def delete(self, cache, key):
        asyncio.run(self.awaited(cache.adelete, key))

    def get_many(self, cache, keys):
        return asyncio.run(self.awaited(cache.aget_many, keys))

    async def awaited(self, method, *args):
        return await method(*args)


class DjangoGateTests(GateCase, unittest.TestCase):
    def make_subject(self):
        suite = DjangoContract("test_cold")
        self.addCleanup(suite.doCleanups)
        return suite.make_subject()


class AsyncDjangoGateTests(GateCase, unittest.TestCase):
    def make_subject(self):
        caches["default"].get("a")
        return AsyncDjangoSubject()


class BelowTests(unittest.TestCase):
    def test_once(self):
        """A behaviour acts around the call of the alias, and not on the commands that it comes to."""
        seen = []

        def see(call, proceed):
            seen.append((call.cache, call.asked))
            return proceed()

        with PatchCaches("django", "redis"):
            client = redis.Redis.from_url(NOWHERE)
            client.get("a")
            put_in_force(current_scope(), see)
            caches["pages"].set("a", 1)
            caches["pages"].get_or_set("b", lambda: client.get("c"))
            put_in_force(current_scope())
        # To get or to set are several calls, with what the program does itself in between.
        called = [("pages", "set"), ("pages", "get_or_set"), ("redis", "GET")]
        self.assertEqual(list(dict.fromkeys(seen)), called)

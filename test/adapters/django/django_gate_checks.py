"""The gate as Django's calls pass it, the asynchronous ones too; run inside `django_project`."""

import asyncio
import unittest

from django.core.cache import caches

from cachetest._behaving.gate import MISSING

from ..gate_case import GateCase
from .django_contract_checks import DjangoContract, DjangoSubject


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

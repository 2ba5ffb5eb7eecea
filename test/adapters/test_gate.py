"""Every adapter has its calls pass the gate, so that what is in force acts on each library alike."""

import importlib.util
import pkgutil
import unittest
from contextlib import nullcontext

from cachetest import MockBackend
from cachetest._behaving.gate import MISSING
from cachetest.adapters import Adapter
from cachetest.adapters.registry import known_adapters
from cachetest.contract import Subject

from ..support import needs
from .gate_case import GateCase

# Those that are tested in another module: in a Django project, and where torch is.
ELSEWHERE = {"django": "django.django_gate_checks", "inductor": "test_gate_torch"}

WITHOUT = {
    "functools": "its functions keep their entries themselves, and are only read",
}


class ContractGateCase(GateCase):
    """The tests for the adapter of a contract, on the subject of that."""

    contract = ""

    def make_subject(self):
        suite = pkgutil.resolve_name(f"test.adapters.{self.contract}")("test_cold")
        self.addCleanup(suite.doCleanups)
        return suite.make_subject()


@needs("cachetools", "cachetools")
class CachetoolsGateTests(ContractGateCase, unittest.TestCase):
    contract = "cachetools.test_cachetools_contract:CachetoolsContract"


@needs("jax", "jax")
class JaxGateTests(ContractGateCase, unittest.TestCase):
    contract = "jax.test_jax_contract:JaxContract"


class MethodsGateTests(ContractGateCase, unittest.TestCase):
    contract = "methods.test_methods_contract:MethodsContract"


@needs("dogpile", "dogpile.cache")
class DogpileGateTests(ContractGateCase, unittest.TestCase):
    contract = "dogpile.test_dogpile_contract:DogpileContract"


@needs("pymemcache", "pymemcache")
class PymemcacheGateTests(ContractGateCase, unittest.TestCase):
    contract = "pymemcache.test_pymemcache_contract:PymemcacheContract"


@needs("fakeredis", "cachetest[redis]")
class RedisGateTests(ContractGateCase, unittest.TestCase):
    contract = "redis.test_redis_contract:RedisContract"
    # The reply of the server.
    absent = None


@needs("fakeredis", "cachetest[redis]")
class AsyncRedisGateTests(ContractGateCase, unittest.TestCase):
    contract = "redis.test_redis_contract:AsyncRedisContract"
    absent = None


class NothingPatched(Adapter):
    """An adapter that patches nothing, for caches that a program calls by a `MockBackend`."""

    name = "nothing"
    caches = ("c",)

    def install(self):
        return nullcontext()


class MockBackendSubject(Subject):
    """A program that calls a `MockBackend` itself."""

    adapter, caches = NothingPatched(), ("c",)

    def open(self, name):
        return MockBackend(name)

    def get(self, cache, key):
        found = cache.get(key)
        return MISSING if found is None else found

    def put(self, cache, key, value):
        cache.put(key, value)

    def state(self):
        return None


class MockBackendGateTests(GateCase, unittest.TestCase):
    def make_subject(self):
        return MockBackendSubject()


class TableTests(unittest.TestCase):
    def test_every_adapter(self):
        """No adapter is left out."""
        here = {each.contract.partition(".")[0] for each in ContractGateCase.__subclasses__()}
        self.assertEqual(sorted({*here, *ELSEWHERE, *WITHOUT}), sorted(known_adapters))
        for module in ELSEWHERE.values():
            self.assertIsNotNone(importlib.util.find_spec(f"test.adapters.{module}"), module)


if __name__ == "__main__":
    unittest.main()

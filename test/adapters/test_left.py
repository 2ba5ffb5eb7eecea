"""Every adapter has the scope of a class, and late workers, served."""

import pkgutil
import unittest

from ..support import needs
from .left_case import LeftCase
from .test_gate import MockBackendSubject


class ContractLeftCase(LeftCase):
    """The tests for the adapter of a contract, on the subject of that."""

    contract = ""

    def make_subject(self):
        suite = pkgutil.resolve_name(f"test.adapters.{self.contract}")("test_cold")
        self.addCleanup(suite.doCleanups)
        return suite.make_subject()


@needs("cachetools", "cachetools")
class CachetoolsLeftTests(ContractLeftCase, unittest.TestCase):
    contract = "cachetools.test_cachetools_contract:CachetoolsContract"


@needs("dogpile", "dogpile.cache")
class DogpileLeftTests(ContractLeftCase, unittest.TestCase):
    contract = "dogpile.test_dogpile_contract:DogpileContract"


@needs("pymemcache", "pymemcache")
class PymemcacheLeftTests(ContractLeftCase, unittest.TestCase):
    contract = "pymemcache.test_pymemcache_contract:PymemcacheContract"


@needs("fakeredis", "cachetest[redis]")
class RedisLeftTests(ContractLeftCase, unittest.TestCase):
    contract = "redis.test_redis_contract:RedisContract"


@needs("fakeredis", "cachetest[redis]")
class AsyncRedisLeftTests(ContractLeftCase, unittest.TestCase):
    contract = "redis.test_redis_contract:AsyncRedisContract"


class MockBackendLeftTests(LeftCase, unittest.TestCase):
    test_left_running = None  # nothing is patched, so that nothing is held

    def make_subject(self):
        return MockBackendSubject()


if __name__ == "__main__":
    unittest.main()

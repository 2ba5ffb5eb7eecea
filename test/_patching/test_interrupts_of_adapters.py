"""The table of `test_interrupts` for every adapter that comes with cachetest, Django's apart.

Those that have a contract are interrupted on the subject of that.
"""

import pkgutil
import sys
import unittest

from cachetest._patching.key_functions import key_functions
from cachetest.adapters.inductor import adapter as inductor_adapter
from cachetest.adapters.inductor import hooks as inductor_hooks
from cachetest.adapters.registry import get_adapter

from ..support import needs, needs_torch
from . import key_makers
from .test_interrupts import InterruptCase, SwitchInterruptCase


@needs_torch
class InductorInterruptTests(SwitchInterruptCase, unittest.TestCase):
    enable = ("fx_graph_remote_cache", "enable_remote_autograd_cache")
    # CI sets CACHETEST_EXHAUSTIVE in an environment without torch.
    every = True

    def setUp(self):
        self.adapter = get_adapter("inductor")
        self.hooked = list(inductor_hooks.values())

    def state(self):
        return (
            [dict(vars(owner)) for _, owner in inductor_adapter._cache_classes(False)],
            [vars(place).get(name) for place, name, _ in self.hooked],
            list(sys.meta_path),
            {switch.name: switch.save() for switch in self.adapter.switches if switch.exists()},
        )


class SubjectInterruptCase(InterruptCase):
    """The table for an adapter, on the subject of its contract."""

    contract = ""

    def setUp(self):
        suite = pkgutil.resolve_name(f"test.adapters.{self.contract}")("test_cold")
        self.addCleanup(suite.doCleanups)
        self.subject = suite.make_subject()
        self.adapter = self.subject.adapter
        # What a program holds from before, and has to have back.
        self.held = [self.subject.open(name) for name in self.subject.caches]

    def state(self):
        return self.subject.state()


class KeyFunctionsInterruptTests(InterruptCase, unittest.TestCase):
    def setUp(self):
        (self.adapter,) = key_functions(
            tuple(f"{key_makers.__name__}:{each}" for each in ("make_key", "inner"))
        )

    def state(self):
        functions = (key_makers.make_key, key_makers.inner)
        return [(each.__code__, dict(vars(each))) for each in functions]


@needs("cachetools", "cachetools")
class CachetoolsInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "cachetools.test_cachetools_contract:CachetoolsContract"


@needs("dogpile", "dogpile.cache")
class DogpileInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "dogpile.test_dogpile_contract:DogpileContract"


class FunctoolsInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "test_functools_contract:FunctoolsContract"


class MethodsInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "methods.test_methods_contract:MethodsContract"


@needs("pymemcache", "pymemcache")
class PymemcacheInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "pymemcache.test_pymemcache_contract:PymemcacheContract"


@needs("fakeredis", "cachetest[redis]")
class RedisInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "redis.test_redis_contract:RedisContract"


if __name__ == "__main__":
    unittest.main()

"""The region that the tests of the dogpile adapter patch, and what they ask of its log."""

import unittest
from contextlib import ExitStack
from unittest import mock

from cachetest import PatchCaches
from cachetest._caches.attribution import current_scope
from test.support import needs


def adapter(**targets):
    from cachetest.adapters import Dogpile

    return Dogpile(**targets)


def kinds(name="region"):
    """Return the kinds of the operations of a cache of the running scope, and their keys, oldest first."""
    return [(each.kind, each.key) for each in current_scope().caches[name].operations]


@needs("dogpile", "dogpile.cache")
class DogpileTestCase(unittest.TestCase):
    """A test of `region`, in memory, whose entries last ten seconds, and which held "before" before it."""

    backend = "dogpile.cache.memory"

    def setUp(self):
        from dogpile.cache import make_region
        from dogpile.cache.api import NO_VALUE

        self.make_region, self.nothing = make_region, NO_VALUE
        self.now = 1000.0
        clock = mock.patch("time.time", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)
        self.region = make_region().configure(self.backend, expiration_time=10)
        self.region.set("before", 1)

    def patch(self, **targets):
        """Patch *targets*, or `region`, until the end of the test, and return the scope's caches."""
        stack = ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(PatchCaches(adapter(**(targets or {"region": self.region})))).caches

    def cached(self, **options):
        """Return a function that the region caches, and the list of what it was called with."""
        calls = []

        @self.region.cache_on_arguments(function_key_generator=lambda *_: str, **options)
        def function(n):
            calls.append(n)
            return n * 2

        return function, calls

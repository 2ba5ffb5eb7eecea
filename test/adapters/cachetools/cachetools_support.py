"""The cache that the tests of the cachetools adapter patch, and what they ask of its log."""

import unittest
from contextlib import ExitStack

from cachetest import PatchCaches
from cachetest._caches.attribution import current_scope
from test.support import needs


def adapter(**targets):
    from cachetest.adapters import Cachetools

    return Cachetools(**targets)


def kinds(name="cache"):
    """Return the kinds of the operations of a cache of the running scope, and their keys, oldest first."""
    return [(each.kind, each.key) for each in current_scope().caches[name].operations]


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@needs("cachetools", "cachetools")
class CachetoolsTestCase(unittest.TestCase):
    """A test of `cache`, a patched LRUCache(2) that held "before" when it was patched."""

    def setUp(self):
        import cachetools

        self.library = cachetools
        self.cache = cachetools.LRUCache(2)
        self.cache["before"] = 1
        self.clock = Clock()

    def patch(self, **targets):
        """Patch *targets*, or `cache`, until the end of the test, and return the scope's caches."""
        stack = ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(PatchCaches(adapter(**(targets or {"cache": self.cache})))).caches

    def ttl_cache(self):
        return self.library.TTLCache(3, 10, timer=self.clock)

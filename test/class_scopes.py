"""Classes of tests that set something up, and how they are run."""

import unittest

from cachetest import CacheTestCase, MockBackend
from cachetest._caches.attribution import scope_of_caller
from cachetest._caches.scope import open_scopes

from .support import run_case


def run_class(*classes):
    """Run the tests of *classes* as unittest does, and return the result."""
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    return run_case(unittest.TestSuite(map(load, classes)))


class ClassScopeCase(unittest.TestCase):
    def setUp(self):
        self.prices = MockBackend("prices")
        self.addCleanup(lambda: self.assertEqual(open_scopes(), ()))
        self.addCleanup(lambda: self.assertIsNone(scope_of_caller()))

    def passes(self, *classes, tests=None):
        result = run_class(*classes)
        self.assertEqual(result.errors + result.failures, [])
        if tests is not None:
            self.assertEqual(result.testsRun, tests)


def prepared(prices, base=CacheTestCase, **more):
    """Return a class that puts an entry as it is set up, and that has two tests, which change it."""

    def set_up(cls):
        prices.put("lamp", [1])

    def check(self):
        self.assertEqual(prices.get("lamp"), [1])
        prices.get("lamp").append(2)
        prices.put("table", 3)
        self.assertCacheStats("prices", puts=1, hits=2, misses=0)
        self.assertIsNone(prices.get("chair"))

    names = {"setUpClass": classmethod(set_up), "test_a": check, "test_b": check, **more}
    return type("Prepared", (base,), names)

"""Assertions in a rank: a process that makes a case by itself, and calls the method of its test."""

import multiprocessing
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, NotPatchedError

from .children_support import SECONDS, START_METHODS

prices = MockBackend("prices")


class ShopCase(CacheTestCase):
    """A case whose ranks run the test as torch's do: by its name, in another process."""

    patch_caches = ()

    def work(self):
        prices.get("lamp")
        prices.put("lamp", 4.0)
        self.assertCacheStats("prices", puts=2, misses=0, hits=1)
        self.assertCacheStats("prices", puts=1, process="rank 0")
        self.assertCached("prices", "lamp", 4.0)
        self.assertIn("prices", self.caches)
        self.assertEqual(self.caches.prices.operations[-1].process_name, "rank 0")

    def fail_if_used(self):
        self.assertCacheUnused("prices")


def run_rank(name, results):
    """Do what torch's MultiProcessTestCase does in a rank."""
    case = ShopCase(name)
    try:
        getattr(case, name)()
    except AssertionError as error:
        results.put(str(error))
    else:
        results.put("passed")


def outcome_of(name, method):
    context = multiprocessing.get_context(method)
    results = context.SimpleQueue()
    # So does torch call the process of a rank.
    child = context.Process(target=run_rank, args=(name, results), name="process 0")
    child.start()
    child.join(SECONDS)
    return results.get()


class RankTests(CacheTestCase):
    patch_caches = ()

    @parameterized.expand(START_METHODS)
    def test_passes(self, method):
        """What a rank asserts is of the one scope of the test."""
        prices.put("lamp", 5.0)
        self.assertEqual(outcome_of("work", method), "passed")
        self.assertCacheStats("prices", puts=1, misses=0, process="MainProcess")

    @parameterized.expand(START_METHODS)
    def test_fails(self, method):
        """It fails in the rank, with what the others have done."""
        prices.put("lamp", 5.0)
        text = outcome_of("fail_if_used", method)
        self.assertIn("expected no operation on 'prices'", text)
        self.assertRegex(text, r"1\. put  'lamp'  at \S+ in test_fails")


class NobodyTests(unittest.TestCase):
    def test_by_nobody(self):
        """Outside of any test, a case that is not run has no caches."""
        with self.assertRaisesRegex(AttributeError, "'ShopCase' object has no attribute 'caches'"):
            _ = ShopCase("work").caches
        with self.assertRaisesRegex(NotPatchedError, "was not run by unittest, so it has no caches"):
            ShopCase("fail_if_used").fail_if_used()


if __name__ == "__main__":
    unittest.main()

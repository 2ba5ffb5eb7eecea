"""What ``setUpClass`` has put is there from the beginning of a test, whoever looks first."""

import pkgutil
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase

from ..support import is_there, run_case

CONTRACTS = {
    "cachetools": "cachetools.test_cachetools_contract:CachetoolsContract",
    "dogpile": "dogpile.test_dogpile_contract:DogpileContract",
    "pymemcache": "pymemcache.test_pymemcache_contract:PymemcacheContract",
    "redis": "redis.test_redis_contract:RedisContract",
}


class ClassEntryTests(unittest.TestCase):
    def passes(self, name, check, **more):
        """Run *check* with the case, the subject, and a cache in which the class has put ``"k"``."""
        if not is_there(name):
            self.skipTest(f"needs {name}")
        suite = pkgutil.resolve_name(f"test.adapters.{CONTRACTS[name]}")("test_cold")
        self.addCleanup(suite.doCleanups)
        subject = suite.make_subject()
        cache = subject.caches[0]
        opened = subject.open(cache)

        class Inner(CacheTestCase):
            patch_caches = (subject.adapter,)

            @classmethod
            def setUpClass(cls):
                subject.put(opened, "k", "of the class")

            def test_a(self):
                check(self, subject, cache, opened)

            test_b = test_a

        result = run_case(unittest.defaultTestLoader.loadTestsFromTestCase(Inner))
        self.assertEqual([text for _, text in result.errors + result.failures], [])
        self.assertEqual(result.testsRun, 2)

    @parameterized.expand(CONTRACTS)
    def test_seen_before_the_first_operation(self, name):
        """An assertion finds it, and so do the entries; nothing is counted for that."""

        def check(case, subject, cache, opened):
            with case.assertRaisesRegex(AssertionError, "the scope of the class"):
                case.assertNotCached(cache, "k")
            case.assertEqual(len(case.caches[cache].cache), 1)
            case.assertCacheUnused()
            subject.get(opened, "k")
            case.assertCacheStats(cache, puts=0, hits=1, misses=0)

        self.passes(name, check)

    @parameterized.expand(CONTRACTS)
    def test_emptied_before_the_first_operation(self, name):
        """Entries that a test has emptied are gone for the program, and are there again in the next test."""

        def check(case, subject, cache, opened):
            case.caches[cache].cache.clear()
            subject.get(opened, "k")
            case.assertCacheStats(cache, hits=0, misses=1)

        self.passes(name, check)

    @parameterized.expand(CONTRACTS)
    def test_reset_before_the_first_operation(self, name):
        """So it is after a reset of all."""

        def check(case, subject, cache, opened):
            case.caches.reset()
            subject.get(opened, "k")
            case.assertCacheStats(cache, hits=0, misses=1)

        self.passes(name, check)


if __name__ == "__main__":
    unittest.main()

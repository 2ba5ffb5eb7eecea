"""The scope of a class beside other threads, loops, classes and modules."""

import sys
import threading
import types
import unittest

from cachetest import AsyncCacheTestCase, CacheTestCase, global_stats
from cachetest._caches.scope import open_scopes

from .class_scopes import ClassScopeCase, prepared
from .support import run_case, run_method


class ElsewhereTests(ClassScopeCase):
    """Other threads, loops, and tests inside tests."""

    def test_async(self):
        """A test that is a coroutine finds them as well."""
        prices = self.prices

        async def test(case):
            case.assertEqual(prices.get("lamp"), [1])

        self.passes(prepared(prices, AsyncCacheTestCase, test_a=test), tests=2)

    def test_on_other_threads(self):
        """Tests that a runner hands to threads, all at once, find their class's."""
        cls = prepared(self.prices)
        cls.setUpClass()
        try:
            barrier = threading.Barrier(3)
            cls.setUp = lambda case: barrier.wait()
            results = [unittest.TestResult() for _ in range(3)]
            threads = [threading.Thread(target=cls("test_a").run, args=(each,)) for each in results]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            cls.doClassCleanups()
        self.assertEqual([each.errors + each.failures for each in results], [[]] * 3)

    def test_worker_from_before(self):
        """With a class at rest, a test takes what a thread from before does, and the class between tests."""
        prices = self.prices
        jobs, answers = [threading.Semaphore(0) for _ in range(2)]
        stop = []

        def worker():
            while jobs.acquire() and not stop:
                prices.put("k", 1)
                answers.release()

        thread = threading.Thread(target=worker)
        thread.start()
        counts = []

        def use():
            jobs.release()
            answers.acquire()

        class Inner(CacheTestCase):
            @classmethod
            def setUpClass(cls):
                use()

            def run(self, result=None):
                use()
                return super().run(result)

            def test(self):
                use()
                counts.append(self.caches.prices.counts())

            @classmethod
            def tearDownClass(cls):
                counts.append(global_stats.prices.counts())

        self.passes(Inner)
        stop.append(True)
        jobs.release()
        thread.join()
        self.assertEqual(counts, [(1, 0, 0), (2, 0, 0)])

    def test_inside_a_test(self):
        """A class that a test runs has a scope inside that test, which is as it was afterwards."""
        prices = self.prices

        def outer(case):
            prices.put("outer", 1)
            self.passes(prepared(prices), tests=2)
            case.assertCacheStats("prices", puts=1, hits=0, misses=0)
            case.assertEqual(prices.get("outer"), 1)

        cls = type("Outer", (CacheTestCase,), {"setUpClass": classmethod(lambda cls: None), "test": outer})
        self.passes(cls, tests=1)

    def test_left_by_a_runner(self):
        """What a runner left of one class is closed when another class's first test begins."""
        cls = prepared(self.prices)
        cls.setUpClass()
        self.assertEqual(len(open_scopes()), 1)
        _, result = run_method(CacheTestCase, lambda case: case.assertIsNone(self.prices.get("lamp")))
        self.assertTrue(result.wasSuccessful(), result.failures)


class ModuleTests(ClassScopeCase):
    """``setUpModule`` and ``tearDownModule``."""

    source = """
from cachetest import CacheTestCase, MockBackend, global_stats
prices = MockBackend("prices")
seen = []
class Bare(CacheTestCase):
    def test(self):
        self.assertEqual(prices.get("lamp"), [1])
        prices.get("lamp").append(2)
        self.assertCacheStats("prices", puts=0, hits=2)
class Prepared(CacheTestCase):
    @classmethod
    def setUpClass(cls):
        prices.get("lamp").append(3)
    def test(self):
        self.assertEqual(prices.get("lamp"), [1, 3])
def setUpModule():
    prices.put("lamp", [1])
def tearDownModule():
    seen.append((prices.get("lamp"), global_stats.prices.counts()))
"""

    def test_module(self):
        """The tests and the classes of a module begin with what the module has set up."""
        name = "set_up_by_module"
        module = sys.modules[name] = types.ModuleType(name)
        self.addCleanup(sys.modules.pop, name)
        exec(compile(self.source, f"/elsewhere/{name}.py", "exec"), vars(module))
        suite = unittest.defaultTestLoader.loadTestsFromModule(module)
        result = run_case(suite)
        self.assertEqual(result.errors + result.failures, [])
        self.assertEqual((result.testsRun, module.seen), (2, [([1], (1, 1, 0))]))

    def test_failing(self):
        """One that raises leaves nothing behind."""
        name = "set_up_in_vain"
        module = sys.modules[name] = types.ModuleType(name)
        self.addCleanup(sys.modules.pop, name)
        source = self.source.replace('prices.put("lamp", [1])', "raise ValueError")
        exec(compile(source, f"/elsewhere/{name}.py", "exec"), vars(module))
        result = run_case(unittest.defaultTestLoader.loadTestsFromModule(module))
        self.assertEqual((result.testsRun, len(result.errors)), (0, 1))


if __name__ == "__main__":
    unittest.main()

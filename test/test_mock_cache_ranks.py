"""Tests that torch runs on threads of its own, a case for each, as its MultiThreadedTestCase does."""

import threading
import unittest

from cachetest import CacheTestMixin, MockBackend, NotPatchedError, global_stats

from .support import run_case


class RanksTestCase(unittest.TestCase):
    """What MultiThreadedTestCase does: each rank is another case, whose test method is called on a thread."""

    world_size = 4

    def run(self, result=None):
        method = getattr(self, self._testMethodName)
        setattr(self, self._testMethodName, lambda: self.join(method.__func__))
        return super().run(result)

    def join(self, function):
        errors = []
        threads = [threading.Thread(target=self.rank_of, args=(n, errors)) for n in range(self.world_size)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        for error in errors:
            raise error
        self.after()

    def rank_of(self, n, errors):
        rank = type(self)(self._testMethodName)
        rank.rank = n
        try:
            getattr(rank, self._testMethodName)()
        except BaseException as error:
            errors.append(error)

    def after(self):
        """What the case itself does when the ranks have ended."""


class RankTests(unittest.TestCase):
    def run_ranks(self, body, **attributes):
        case = type(
            "Ranks", (CacheTestMixin, RanksTestCase), {"test": body, "patch_caches": (), **attributes}
        )
        result = run_case(unittest.TestSuite([case("test")]))
        return [text for _, text in (*result.errors, *result.failures)]

    def test_assertions(self):
        """Each rank counts for the test, and can assert on it, by its caches and by entries."""

        def body(case):
            backend = MockBackend("prices")
            backend.put(case.rank, 1)
            case.assertCached("prices", case.rank)
            with case.assertRaises(AssertionError):
                case.assertCacheUnused()
            assert case.caches.prices.num_put >= 1
            assert global_stats.prices is case.caches.prices

        def after(case):
            case.assertCacheStats("prices", puts=4)

        self.assertEqual(self.run_ranks(body, after=after), [])

    def test_failure(self):
        """A failure in a rank is one of the test."""

        def body(case):
            MockBackend("prices").put(case.rank, 1)
            case.assertCacheStats("prices", puts=9)

        (text,) = self.run_ranks(body)
        self.assertIn("cache 'prices': expected puts=9, got ", text)

    def test_not_run(self):
        """A case whose test nobody runs has no caches: it gets none of another test."""

        class Other(CacheTestMixin, unittest.TestCase):
            def test(self):
                pass

        def body(case):
            with case.assertRaises(NotPatchedError):
                Other("test").assertCacheUnused()
            assert not hasattr(Other("test"), "caches")

        self.assertEqual(self.run_ranks(body), [])
        self.assertFalse(hasattr(Other("test"), "caches"))

    def test_not_kept(self):
        """The case is not kept by what a scope leaves behind."""
        self.run_ranks(lambda case: None)
        case = CacheCase("runTest")
        run_case(unittest.TestSuite([case]))
        self.assertIsNone(case.scope_runs())


class CacheCase(CacheTestMixin, unittest.TestCase):
    patch_caches = ()

    def runTest(self):
        self.scope = self._session.scope

    def scope_runs(self):
        return self.scope.entered_by


if __name__ == "__main__":
    unittest.main()

"""What has struck an operation is told with it."""

import io
import unittest

from cachetest import CacheTestCase, Fails, Gone, MockBackend


class StruckTests(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        backend = MockBackend("prices")
        backend.put("lamp", 4.0)
        with self.caches.prices.inject(Gone(), nth=1):
            backend.get("lamp")
        with self.caches.prices.inject(Fails(OSError("down"))), self.assertRaises(OSError):
            backend.get("lamp")

    def test_failure(self):
        """A failure says so of each, and of the miss that its entry was evicted."""
        with self.assertRaises(AssertionError) as failure:
            self.assertCacheStats("prices", hits=2)
        lines = [line.partition("  at ")[::2] for line in str(failure.exception).splitlines()]
        told = {begin.split()[1]: end for begin, end in lines if end}
        self.assertNotIn("struck by", told["put"])
        self.assertRegex(told["eviction"], r"in setUp, struck by Gone\(\)$")
        self.assertRegex(told["miss"], r"in setUp, struck by Gone\(\)$")
        self.assertRegex(told["failure"], r"in setUp, struck by Fails\(OSError\('down'\)\): OSError: down$")
        self.assertIn("put, then evicted by operation 2", str(failure.exception))

    def test_report(self):
        file = io.StringIO()
        self.caches.report(file)
        self.assertRegex(file.getvalue(), r"eviction  'lamp'  at .*, by MainThread, struck by Gone\(\)\n")


if __name__ == "__main__":
    unittest.main()

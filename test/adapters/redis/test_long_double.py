"""Sums as a real Redis gave them, on a machine whose long double has 64 binary digits."""

import unittest

from parameterized import parameterized

from .redis_support import needs_redis


@needs_redis
class SumTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("0.1", "0.2", "0.3"),
            ("5.0e3", "200", "5200"),
            ("0.3", "-0.3", "0"),
            ("0.1", "-0.3", "-0.2"),
            ("3.0", "0", "3"),
            ("-1e-18", "0", "0"),
            ("1e-17", "1e-17", "0.00000000000000002"),
            ("7.3", "1e3", "1007.29999999999999999"),
            ("1e15", "0.3", "1000000000000000.29998779296875"),
            ("1e17", "0.1", "100000000000000000.1015625"),
            ("123456789012345678901234567890", "1", "123456789012345678899921813504"),
        ]
    )
    def test_sum(self, one, other, expected):
        """A sum has the digits that it has there."""
        from cachetest.adapters.redis.long_double import add

        self.assertEqual(add(one.encode(), other.encode()).decode(), expected)


if __name__ == "__main__":
    unittest.main()

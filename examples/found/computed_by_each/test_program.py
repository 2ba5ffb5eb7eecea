"""Many requests at once ask the service once."""

import unittest

import program

from cachetest import CacheTestCase


class RateTests(CacheTestCase):
    def test_rate(self):
        """Of three callers that find nothing, one loads."""
        self.assertCacheSingleFlight("default", lambda: program.rate("EUR"), callers=3, load=program.load)


if __name__ == "__main__":
    unittest.main()

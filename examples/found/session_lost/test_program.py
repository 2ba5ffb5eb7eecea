"""Whoever comes back in time stays logged in."""

import unittest

from program import log_in, user_of

from cachetest import CacheTestCase, Slow


class SessionTests(CacheTestCase):
    patch_caches = ("redis",)

    def test_just_in_time(self):
        """A visit a second before the session ends makes it last, also where the server is slow."""
        log_in("a1b2", "ada")
        self.caches.clock.advance(1799)
        with self.caches.redis.inject(Slow(2), on="get"):
            self.assertEqual(user_of("a1b2"), "ada")
        self.assertCacheTTL("redis", "a1b2", 1800 - 2)


if __name__ == "__main__":
    unittest.main()

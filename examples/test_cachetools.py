"""How the web program uses its caches, tested where they are: nothing is handed to it."""

from __future__ import annotations

import importlib.util
import unittest

from cachetest import CacheTestCase


@unittest.skipUnless(importlib.util.find_spec("cachetools"), "needs cachetools: pip install cachetools")
class SessionTests(CacheTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        from cachetest.adapters import Cachetools

        cls.patch_caches = (
            Cachetools(sessions="cachetools_sessions:sessions", rates="cachetools_sessions:rates"),
        )

    def setUp(self) -> None:
        import cachetools_sessions

        self.program = cachetools_sessions

    def test_second_rate_is_warm(self) -> None:
        self.program.rate("USD")
        self.assertCacheStats("rates", puts=1, hits=0, misses=1)
        with self.assertCacheDelta("rates", puts=0, hits=1, misses=0):
            self.program.rate("USD")

    def test_unknown_currency_is_not_kept(self) -> None:
        with self.assertRaises(KeyError):
            self.program.rate("XXX")
        self.assertCacheStats("rates", puts=0, hits=0, misses=1)

    def test_sessions_are_kept(self) -> None:
        self.program.session_of("ada")["basket"] = "lamp"
        self.assertEqual(self.program.session_of("ada")["basket"], "lamp")
        self.assertCacheStats("sessions", puts=1, hits=2, misses=0)
        self.assertCached("sessions", "ada", {"user": "ada", "basket": "lamp"})

    def test_third_user_takes_the_place_of_the_one_seen_longest_ago(self) -> None:
        for user in ("ada", "bob", "ada", "cyd"):
            self.program.session_of(user)
        self.assertNotCached("sessions", "bob")
        evicted = [each.key for each in self.caches["sessions"].operations if each.kind == "eviction"]
        self.assertEqual(evicted, ["bob"])


if __name__ == "__main__":
    unittest.main()

"""Faults and what is done by hand meet entries that live for a time as they meet others."""

import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import Damaged, Dropped, Gone, MockBackend, PatchCaches, Slow, Stale


class TimedFaultTests(unittest.TestCase):
    def setUp(self):
        now = mock.patch("time.time", return_value=1000.0)
        now.start()
        self.addCleanup(now.stop)
        patch = PatchCaches()
        self.caches = patch.__enter__().caches
        self.addCleanup(patch.__exit__, None, None, None)
        self.backend = MockBackend("c")
        self.cache = self.caches.c
        self.backend.put("k", "value", ttl=60)

    def kinds(self):
        return [each.kind for each in self.cache.operations]

    def test_damaged(self):
        """Half of a value lives as long as the whole."""
        with self.cache.inject(Damaged()):
            self.assertEqual(self.backend.get("k"), "va")
        self.caches.clock.advance(59)
        self.assertEqual(self.backend.get("k"), "va")
        self.caches.clock.advance(1)
        self.assertIsNone(self.backend.get("k"))

    @parameterized.expand([("for_a_time", 3600), ("for_ever", None)])
    def test_dropped(self, _, ttl):
        """What was there stays, with its time, and not that of the put that was dropped."""
        with self.cache.inject(Dropped()):
            self.backend.put("k", "other", ttl)
            self.backend.put("new", "other", ttl)
        self.assertEqual(self.backend.get("k"), "value")
        self.assertIsNone(self.backend.get("new"))
        self.caches.clock.advance(60)
        self.assertIsNone(self.backend.get("k"))

    def test_dropped_first(self):
        """So does one that stays, where the put that was dropped is the first with a time."""
        backend = MockBackend("d")
        backend.put("k", 1)
        with self.caches.d.inject(Dropped()):
            backend.put("k", 2, ttl=60)
        self.caches.clock.advance(61)
        self.assertEqual(backend.get("k"), 1)

    def test_stale(self):
        """It is found as it was, and has the later time after that."""
        with self.cache.inject(Stale(), on="get"):
            self.backend.put("k", "later", ttl=3600)
            self.assertEqual(self.backend.get("k"), "value")
        self.caches.clock.advance(61)
        self.assertEqual(self.backend.get("k"), "later")

    def test_gone(self):
        """An eviction is no expiration, also of one that has expired."""
        with self.cache.inject(Gone(), on="get"):
            self.assertIsNone(self.backend.get("k"))
        self.assertEqual(self.kinds(), ["put", "eviction", "miss"])

    def test_expired_before(self):
        """To look whether a fault can strike it is no lookup: the program's finds it expired."""
        self.caches.clock.advance(61)
        with self.cache.inject(Gone(), on="get", must_strike=False):
            self.assertIsNone(self.backend.get("k"))
        self.assertEqual(self.kinds(), ["put", "expiration", "miss"])

    def test_slow(self):
        """The time that an answer takes passes for the entries, too."""
        with self.cache.inject(Slow(61), on="get"):
            self.assertEqual(self.backend.get("k"), "value")
        self.assertIsNone(self.backend.get("k"))
        self.assertEqual(self.caches.clock.offset, 61)

    def test_by_hand(self):
        self.cache.expire("k")
        self.assertIsNone(self.backend.get("k"))
        self.assertEqual(self.kinds(), ["put", "expiration", "miss"])
        with self.assertRaises(KeyError):
            self.cache.evict("k")


if __name__ == "__main__":
    unittest.main()

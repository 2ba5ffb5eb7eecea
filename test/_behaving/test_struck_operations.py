"""Which operations an injection has struck, and when it keeps the entries that it shows."""

import unittest

from cachetest import CacheTestCase, Damaged, Fails, Gone, MockBackend, Stale


class StruckTests(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.prices, self.users = MockBackend("prices"), MockBackend("users")

    def test_of_several_caches(self):
        """They are told in the order in which they came, whichever cache they were on."""
        with self.caches.inject(Fails()) as injected:
            for backend in (self.prices, self.users, self.prices):
                self.assertRaises(ConnectionError, backend.get, "a")
        self.assertEqual([each.cache for each in injected.struck], ["prices", "users", "prices"])
        self.assertEqual([each.number for each in injected.struck], [1, 2, 3])

    def test_of_several_keys(self):
        """Of a call about several keys those alone that the fault is about."""
        cache = self.caches.prices
        cache.cache.update(a=1, b=2)
        with cache.inject(Gone(), key="a") as injected:
            cache.perform(
                "get",
                ("a", "b"),
                lambda: dict(cache.cache),
                lambda found: [("hit" if key in found else "miss", key) for key in "ab"],
            )
        told = [(each.kind, each.key, each.fault) for each in cache.operations]
        self.assertEqual(told, [("eviction", "a", Gone()), ("miss", "a", Gone()), ("hit", "b", None)])
        self.assertEqual([each.key for each in injected.struck], ["a"])

    def test_what_it_strikes_by_itself(self):
        """Without on= a fault strikes what it is of, though it could strike more."""
        with self.caches.prices.inject(Damaged()):
            self.prices.put("a", "abcd")
            self.assertEqual(self.caches.prices.cache, {"a": "abcd"})
            self.assertEqual(self.prices.get("a"), "ab")

    def test_changed_by_hand_before_any_call(self):
        """The entries are kept as the block begins, and not as the first call comes."""
        self.prices.put("a", 1)
        with self.caches.prices.inject(Stale()):
            self.caches.prices.evict("a")
            self.assertEqual(self.prices.get("a"), 1)


if __name__ == "__main__":
    unittest.main()

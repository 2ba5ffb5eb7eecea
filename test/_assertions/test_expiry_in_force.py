"""The assertions on the time that entries live, where faults or a state are in force."""

import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, Dropped, Fails, Gone, MockBackend, Stale

PRICES = MockBackend("prices")
RATES = MockBackend("rates")

ASSERTIONS = [
    ("expires", lambda case: case.assertCacheExpires("prices", "lamp", after=60)),
    ("ttl", lambda case: case.assertCacheTTL("prices", "lamp", 60)),
]
REFUSED = (
    "how long 'lamp' in cache 'prices' lives can't be tested here: {}, so the program would not see what is "
    "there. Assert it after that block"
)


class InForceTests(CacheTestCase):
    """They look past what a program would meet: in such a block they would tell something else."""

    patch_caches = ()

    def setUp(self):
        PRICES.put("lamp", 4.0, ttl=60)
        RATES.put("EUR", 1.1)

    def refuses(self, check, acts):
        with self.assertRaises(RuntimeError) as caught:
            check(self)
        self.assertEqual(str(caught.exception), REFUSED.format(acts))
        self.assertEqual(self.caches.clock.offset, 0)

    @parameterized.expand(ASSERTIONS)
    def test_refused_where_faults_strike(self, _, check):
        for block, acts in (
            (self.caches.prices.inject(Stale(), must_strike=False), "inject(Stale())"),
            (self.caches.inject(Fails(), on="get", must_strike=False), "inject(Fails(), on='get')"),
            (self.caches.inject(Gone(), key="lamp", must_strike=False), "inject(Gone(), key='lamp')"),
        ):
            with self.subTest(acts), block:
                self.refuses(check, f"{acts} strikes its lookups")
        check(self)

    @parameterized.expand(ASSERTIONS)
    def test_refused_where_it_is_off(self, _, check):
        with self.caches.in_state("off", caches=("prices",)):
            PRICES.put("lamp", 4.0, ttl=60)
            self.refuses(check, "the cache is off")
        with self.assertRaisesRegex(AssertionError, "differ|compared"), self.caches.prices.verifying():
            PRICES.put("lamp", 4.0, ttl=60)
            self.refuses(check, "the cache is off")

    @parameterized.expand(ASSERTIONS)
    def test_passes_where_nothing_strikes_its_lookups(self, _, check):
        for block in (
            self.caches.rates.inject(Stale(), must_strike=False),
            self.caches.inject(Gone(), key="chair", must_strike=False),
            self.caches.inject(Fails(), on="put", must_strike=False),
            self.caches.inject(Dropped(), must_strike=False),
            self.caches.in_state("off", caches=("rates",)),
        ):
            with self.subTest(block=block), block:
                RATES.get("EUR")
                check(self)
            PRICES.put("lamp", 4.0, ttl=60)

    def test_of_the_test_itself(self):
        """What is counted of an injection is as it was: the assertion has asked it nothing."""
        with self.caches.inject(Fails(), on="get", nth=1) as injected:
            with self.assertRaises(RuntimeError):
                self.assertCacheTTL("prices", "lamp", 60)
            self.assertRaises(ConnectionError, PRICES.get, "lamp")
        self.assertEqual([each.kind for each in injected.struck], ["failure"])


if __name__ == "__main__":
    unittest.main()

"""The test case that the assertions are tried on."""

from cachetest import CacheTestCase, MockBackend


class AssertionCase(CacheTestCase):
    """A cache with two puts, one hit and three misses."""

    def setUp(self):
        self.backend = MockBackend("prices")
        self.refill()

    def refill(self):
        for key in ("a", "b", "c"):
            self.backend.get(key)
        self.backend.put("a", 1)
        self.backend.put("b", 2)
        self.backend.get("a")

    def fails(self, text):
        return self.assertRaisesRegex(self.failureException, text)

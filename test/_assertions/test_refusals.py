"""A hit of which the library refused what was found is a hit, and no silent one."""

import copy
import io

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, Stats

WHY = "it is damaged"


class RefusalTestCase(CacheTestCase):
    """One put, two hits, and a refusal of what the second found."""

    def setUp(self):
        self.prices = MockBackend("prices")
        self.prices.put("lamp", 1)
        self.prices.get("lamp")
        self.use_and_refuse()

    def use_and_refuse(self):
        self.prices.get("lamp")
        self.caches.prices.record("refusal", "lamp", known={"error": WHY})


class AssertionTests(RefusalTestCase):
    @parameterized.expand(
        [
            ("named", (), {"hits": 2, "refusals": 1}),
            ("named_alone", (), {"refusals": 1}),
            ("named_beside_stats", (Stats(1, 2, 0),), {"refusals": 1}),
            ("hits_not_compared", (), {"puts": 1, "misses": 0}),
        ]
    )
    def test_passes(self, _, args, counts):
        """It is compared where it is named, and where hits are."""
        self.assertCacheStats("prices", *args, **counts)

    @parameterized.expand(
        [
            ("hits", (), {"hits": 2}, "expected refusals=0, got 1"),
            ("stats", (Stats(1, 2, 0),), {}, "expected refusals=0, got 1"),
            ("too_few", (), {"hits": 2, "refusals": 0}, "expected refusals=0, got 1"),
            ("too_many", (), {"refusals": 2}, "expected refusals=2, got 1"),
            ("wrong_hits", (), {"hits": 1}, "expected hits=1, got 2, expected refusals=0, got 1"),
        ]
    )
    def test_fails(self, _, args, counts, text):
        """Where hits are compared, a refusal that nobody named fails."""
        with self.assertRaisesRegex(AssertionError, rf"\Acache 'prices': {text}\n"):
            self.assertCacheStats("prices", *args, **counts)

    def test_text(self):
        """The text has the refusals in the table, what to do, and why below the refusal."""
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("prices", Stats(1, 2, 0))
        lines = [line.partition("  at ")[0] for line in str(caught.exception).splitlines()]
        self.assertEqual(
            lines,
            [
                "cache 'prices': expected refusals=0, got 1",
                "  expected: puts=1 hits=2 misses=0 refusals=0",
                "  got:      puts=1 hits=2 misses=0 refusals=1",
                "                                            ^",
                "  what a hit found was not used; where that is meant, say so: refusals=1",
                "  operations, oldest first:",
                "    1. put      'lamp'",
                "    2. hit      'lamp'",
                "    3. hit      'lamp'",
                "    4. refusal  'lamp'",
                "         found by operation 3, and not used: it is damaged",
            ],
        )

    def test_many(self):
        """Of many refusals, those that are not explained have the reason on their line."""
        for _ in range(5):
            self.use_and_refuse()
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("prices", hits=7)
        refused = [line for line in str(caught.exception).splitlines() if " refusal " in line]
        self.assertEqual([line.endswith(f": {WHY}") for line in refused], [False] * 3 + [True] * 2 + [False])

    def test_without(self):
        """Where there are none, texts say nothing of them, nor does a count that is named fail."""
        MockBackend("other").get("a")
        self.assertCacheStats("other", misses=1, hits=0, refusals=0)
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("other", misses=0, hits=0)
        self.assertNotIn("refusals=", str(caught.exception))

    def test_block(self):
        """A block has its own refusals, and none from before it."""
        with self.assertCacheDelta("prices", hits=1):
            self.prices.get("lamp")
        with self.assertCacheDelta("prices", hits=1, refusals=1):
            self.use_and_refuse()
        with self.assertRaisesRegex(AssertionError, "inside the block: expected refusals=0, got 1\n"):
            with self.assertCacheDelta("prices", hits=1):
                self.use_and_refuse()

    @parameterized.expand(
        [
            (-1, ValueError, "refusals must be 0 or more, not -1"),
            (True, TypeError, "refusals must be an integer, not True"),
            ("1", TypeError, "refusals must be an integer, not '1'"),
        ]
    )
    def test_usage_errors(self, count, error, text):
        """What can't be meant is an error at the call."""
        for assertion in (self.assertCacheStats, self.assertCacheDelta):
            with self.assertRaisesRegex(error, text):
                assertion("prices", hits=2, refusals=count)


class CountTests(RefusalTestCase):
    def test_equality(self):
        """Stats are the three counts, and `==` does not look at refusals."""
        self.assertTrue(self.caches.prices == Stats(1, 2, 0))
        self.assertEqual(self.caches.prices.stats, Stats(1, 2, 0))

    def test_count(self):
        """A cache knows how many there were, and so does its copy; a reset forgets them."""
        cache = self.caches.prices
        copied = copy.copy(cache)
        self.assertEqual((cache.num_refusal, copied.num_refusal), (1, 1))
        cache.reset()
        copied.reset()
        self.assertEqual((cache.num_refusal, copied.num_refusal), (0, 0))

    def test_operation(self):
        """It is an operation of its own, with the reason."""
        *_, hit, refusal = self.caches.prices.operations
        self.assertEqual((hit.kind, hit.error), ("hit", None))
        self.assertEqual((refusal.kind, refusal.key, refusal.asked), ("refusal", "lamp", "get"))
        self.assertEqual(refusal.error, WHY)

    def test_explain(self):
        """The newest of misses and refusals is explained."""
        self.assertEqual(self.caches.prices.explain().reason, "refused")
        self.prices.get("table")
        self.assertEqual(self.caches.prices.explain().reason, "never put")
        self.assertEqual(self.caches.prices.explain("lamp").note, WHY)

    def test_as_dict(self):
        """The count, the reason of the operation, and the explanation are among the data."""
        found = self.caches.as_dict()["caches"]["prices"]
        self.assertEqual((found["hits"], found["refusals"]), (2, 1))
        self.assertEqual([each["error"] for each in found["operations"]], [None, None, None, WHY])
        self.assertEqual((found["newest_miss"]["operation"], found["newest_miss"]["earlier"]), (4, 3))

    def test_report(self):
        """The report counts them, where there are any, and says why."""
        out = io.StringIO()
        MockBackend("other").get("a")
        self.caches.report(out)
        text = out.getvalue()
        self.assertIn("  prices: puts: 1, misses: 0, hits: 2, refusals: 1\n", text)
        self.assertIn("  other: puts: 0, misses: 1, hits: 0\n", text)
        self.assertRegex(text, r"4\. refusal  'lamp'  at .*: it is damaged\n")

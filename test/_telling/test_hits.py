"""A hit that was not expected is explained as a miss is: where its entry came from."""

import threading
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, MockCache, MockCaches, Stats
from cachetest._recording.call_sites import Location
from cachetest._recording.operation import Operation
from cachetest._recording.snapshot import Snapshot
from cachetest._telling.facts import ORIGINS
from cachetest._telling.history import CacheFacts, History
from cachetest._telling.key_parts import components
from cachetest._telling.origins import entry_lines, hit_lines

from ..support import run_method

WHERE = Location("f.py", 1, "g")


def history(*steps, **facts):
    """Return the history of *steps*, each of a kind, a key and, if it is another one, a thread."""
    log = [
        Operation(n, step[0], "c", step[1], "".join(step[2:]) or "main", WHERE)
        for n, step in enumerate(steps, 1)
    ]
    return History("c", Snapshot("c", log, 0), CacheFacts(**{"components": components, **facts}))


def failure(body, **attributes):
    """Return the text of the failure of a test with *body*."""
    _, result = run_method(CacheTestCase, body, **{"patch_caches": (), **attributes})
    ((_, text),) = result.failures
    return text


class HitLinesTests(unittest.TestCase):
    @parameterized.expand(
        [
            (
                "right before",
                [("put", "a"), ("hit", "a")],
                "put by operation 1, at f.py:1 in g, right before it; no part",
            ),
            (
                "one between",
                [("put", "a"), ("put", "b"), ("hit", "a")],
                "operation 1, at f.py:1 in g, one operation before",
            ),
            (
                "many between",
                [("put", "a"), *[("miss", "b")] * 5, ("hit", "a")],
                "put by operation 1, at f.py:1 in g, 5 operations before it; no part of its key differs",
            ),
            ("latest put", [("put", "a"), ("put", "a"), ("hit", "a")], "put by operation 2,"),
            ("after a hit", [("put", "a"), ("hit", "a"), ("hit", "a")], "put by operation 1,"),
            (
                "filled again after a delete",
                [("put", "a"), ("delete", "a"), ("miss", "a"), ("put", "a"), ("hit", "a")],
                "deleted by operation 2, at f.py:1 in g, then put by operation 4,",
            ),
            ("by hand", [("hit", "a")], "no operation put it: it was put in by hand"),
            (
                "by hand after a delete",
                [("put", "a"), ("delete", "a"), ("hit", "a")],
                "deleted by operation 2, at f.py:1 in g; no operation put it since: it was put in by hand",
            ),
            (
                "by hand after a miss",
                [("miss", "a"), ("hit", "a")],
                "missed by operation 1, at f.py:1 in g; no operation put it since: it was put in by hand",
            ),
        ]
    )
    def test_first(self, _, steps, text):
        """The first line says which operation put the entry, where, and how many operations before."""
        found = history(*steps)
        self.assertIn(text, hit_lines(found, len(steps) - 1)[0])

    @parameterized.expand(
        [
            ("view", {"is_plain": False}, "by hand, or in a way that is not counted"),
            ("dropped", {"dropped": 7}, "put before the operations that are known"),
            ("known", {"origins": {"a": "another process"}}, "it comes from another process"),
        ]
    )
    def test_not_put(self, _, facts, text):
        """By hand is said only where nothing else can have done it."""
        lines = hit_lines(history(("hit", "a"), **facts), 0)
        self.assertIn(text, lines[0])

    def test_under_way(self):
        """A put that another thread logged right after the hit may have been what it found."""
        found = history(("hit", "a"), ("put", "a", "worker"))
        (line,) = hit_lines(found, 0)
        self.assertEqual(
            line, "put by operation 2, at f.py:1 in g, which was logged after it and may have been under way"
        )
        (line,) = hit_lines(history(("hit", "a"), ("put", "a")), 0)
        self.assertIn("by hand", line)

    def test_near_delete(self):
        """The delete of a near key since is told, with the part that differs; that of another key is not."""
        found = history(
            ("put", "price:lamp"), ("delete", "prices:lamp"), ("delete", "x:y"), ("hit", "price:lamp")
        )
        self.assertEqual(
            hit_lines(found, 3)[1:],
            [
                "deleted since: 'prices:lamp', by operation 2, at f.py:1 in g, which differs in",
                "  part 1: 'prices' -> 'price'",
            ],
        )

    def test_delete_before(self):
        """A delete of a near key before the put is no news."""
        found = history(("delete", "prices:lamp"), ("put", "price:lamp"), ("hit", "price:lamp"))
        self.assertEqual(len(hit_lines(found, 2)), 1)

    def test_deleted_elsewhere(self):
        """The delete of the same key in another cache since is told."""
        caches = MockCaches(["default", "api"])
        caches.default.put("a", 1)
        caches.api.delete("a")
        caches.default.get("a")
        lines = hit_lines(caches.history_of(caches.default), 1)
        self.assertRegex(
            lines[1], r"^deleted in cache 'api' alone, by operation 2, at .*test_hits.py:\d+ in "
        )

    def test_entry(self):
        """An entry as it is now is told of in the same way."""
        found = history(("put", "price:lamp"), ("delete", "prices:lamp"))
        first, second, _ = entry_lines(found, "price:lamp")
        self.assertEqual(first, "put by operation 1, at f.py:1 in g")
        self.assertTrue(second.startswith("deleted since: 'prices:lamp', by operation 2"))


class UnexpectedHitTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("hits", {"hits": 0}),
            ("misses", {"misses": 1}),
            ("puts", {"puts": 2}),
        ]
    )
    def test_told(self, _, expected):
        """A hit is explained where it should have been none, or have been a miss."""

        def body(case):
            backend = MockBackend("c")
            backend.put("k", 1)
            backend.get("k")
            case.assertCacheStats("c", **expected)

        self.assertIn("put by operation 1, at ", failure(body))

    def test_stats(self):
        """So it is where a Stats is compared."""

        def body(case):
            backend = MockBackend("c")
            backend.put("k", 1)
            backend.get("k")
            case.assertCacheStats("c", Stats(1, 0, 0))

        self.assertIn("put by operation 1, at ", failure(body))

    def test_not_told(self):
        """It is not explained where there are too few of them."""

        def body(case):
            backend = MockBackend("c")
            backend.put("k", 1)
            backend.get("k")
            case.assertCacheStats("c", hits=2)

        self.assertNotIn("put by operation 1", failure(body))

    @parameterized.expand(
        [
            (
                "there",
                lambda case: case.assertNotCached("c", "price:lamp"),
                "cache 'c' has an entry for 'price:lamp': 4\n",
            ),
            (
                "value",
                lambda case: case.assertCached("c", "price:lamp", 5),
                "cache 'c', entry 'price:lamp': expected 5, got 4\n",
            ),
        ]
    )
    def test_entries(self, _, check, first):
        """assertNotCached and a wrong value say who put the entry, and what was deleted since."""

        def body(case):
            MockBackend("c").put("price:lamp", 4)
            case.caches.c.delete("prices:lamp")
            check(case)

        text = failure(body)
        self.assertIn(first, text)
        self.assertIn("  the entry: put by operation 1, at ", text)
        self.assertIn("deleted since: 'prices:lamp', by operation 2, at ", text)
        self.assertLess(text.index("1. put"), text.index("the entry:"))


class OriginTests(unittest.TestCase):
    """`Operation.origin`."""

    def test_put(self):
        """It is the number of the put that was found, of the whole scope, and None of anything but a hit."""
        caches = MockCaches(["c", "other"])
        caches.other.put("x", 1)
        caches.c.put("k", 1)
        caches.c.get("k")
        caches.c.get("k")
        self.assertEqual([each.origin for each in caches.c.operations], [None, 2, 2])

    @parameterized.expand([("delete",), ("eviction",), ("expiration",), ("miss",)])
    def test_ended(self, kind):
        """What was put before the entry ended is no origin."""
        cache = MockCache("c")
        cache.put("k", 1)
        cache.record(kind, "k")
        cache.record("hit", "k")
        self.assertEqual(cache.operations[-1].origin, "by hand")

    def test_by_hand(self):
        """An entry that the test put there by hand is said to be."""
        cache = MockCache("c")
        cache.cache["k"] = 1
        cache.get("k")
        self.assertEqual(cache.operations[0].origin, "by hand")

    def test_not_by_hand(self):
        """It is not said where it may be otherwise: operations are gone, or a thread was about to put."""
        caches = MockCaches(["c"], log_length=1)
        caches.c.put("k", 1)
        caches.c.get("k")
        self.assertIsNone(caches.c.operations[0].origin)
        cache = MockCache("c")
        cache.record("hit", "k")
        worker = threading.Thread(target=cache.put, args=("k", 1), name="worker")
        worker.start()
        worker.join()
        self.assertIsNone(cache.operations[0].origin)

    def test_given(self):
        """What whoever brought the entry says of it goes before."""
        cache = MockCache("c")
        cache.adapter_state(ORIGINS, dict)["k"] = "the scope of the class"
        cache.cache["k"] = 1
        cache.get("k")
        self.assertEqual(cache.operations[0].origin, "the scope of the class")

    def test_keys_that_can_not_be_hashed(self):
        """A key of a failure that can't be hashed is no obstacle."""
        cache = MockCache("c")
        cache.put("k", 1)
        with self.assertRaises(TypeError):
            cache.get([])
        cache.get("k")
        self.assertEqual(cache.operations[-1].origin, 1)


if __name__ == "__main__":
    unittest.main()

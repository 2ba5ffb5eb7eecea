"""A forked child reads and changes the caches of its parent's test as its parent does."""

import os
import threading
import unittest
import warnings

from parameterized import parameterized

from cachetest import MockBackend, Stats, global_stats

from .children_support import SECONDS, counted_in, needs_fork, outcome_of, run_forked, use_mock


@needs_fork
class ReadingTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("counts", lambda caches: caches.prices.num_put),
            ("stats", lambda caches: caches.prices.stats.counts()),
            ("operations", lambda caches: list(caches.prices.operations)),
            ("keys", lambda caches: caches.prices.operations.keys("put")),
            ("entries", lambda caches: dict(caches.prices.cache)),
            ("equality", lambda caches: (caches.prices == caches.other, caches.prices == Stats(1, 0, 1))),
            ("names", lambda caches: sorted(caches)),
            ("report", lambda caches: caches.as_dict()),
            ("explanation", lambda caches: str(caches.prices.explain())),
            ("history", lambda caches: str(caches.prices.history().explain(1))),
            ("repr", repr),
            ("global_stats", lambda _: (global_stats.prices.counts(), sorted(global_stats))),
        ]
    )
    def test_reading(self, _, read):
        """A child reads what its parent does."""

        def body(caches):
            MockBackend("prices").put("desk", 90.0)
            MockBackend("prices").get("lamp")
            MockBackend("other").put("desk", 90.0)
            return run_forked(read, caches), read(caches)

        child, parent = counted_in(body)[0]
        self.assertEqual(child, parent)

    def test_what_is_made_in_the_parent_later(self):
        """A cache that the parent has come to have since is there in the child, and no other is."""

        def look(caches, writing, reading):
            os.write(writing, b"x")
            os.read(reading, 1)
            return caches["late"].num_put, outcome_of(lambda: caches["never"])

        def body(caches):
            to_child, to_parent = os.pipe(), os.pipe()

            def put():
                os.read(to_parent[0], 1)
                MockBackend("late").put("lamp", 1)
                os.write(to_child[1], b"x")

            thread = threading.Thread(target=put)
            thread.start()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                told = run_forked(look, caches, to_parent[1], to_child[0])
            thread.join(SECONDS)
            for each in (*to_child, *to_parent):
                os.close(each)
            return told

        count, told = counted_in(body)[0]
        self.assertEqual(count, 1)
        self.assertIn("UnknownCacheError: no cache 'never' here", told)

    def test_block_in_the_child(self):
        """What is counted in a block of the child is what all did meanwhile."""

        def work(caches):
            with caches.counting() as delta:
                use_mock()
            return delta.stats.counts(), len(delta["prices"].operations)

        def body(caches):
            use_mock()
            return run_forked(work, caches)

        self.assertEqual(counted_in(body)[0], ((1, 0, 0), 1))

    def test_reset_in_the_child(self):
        """A child that resets a cache does so for all."""

        def body(caches):
            use_mock()
            return run_forked(lambda: (caches.reset(), caches.prices.counts())[1]), caches.prices.counts()

        self.assertEqual(counted_in(body), (((0, 0, 0), (0, 0, 0)), (0, 0, 0), []))

    def test_by_hand(self):
        """So does one that takes an entry out, or changes one by hand."""

        def work(caches):
            caches.prices.evict("lamp")
            caches.prices.cache["chair"] = 1
            return MockBackend("prices").get("lamp"), MockBackend("prices").get("chair")

        def body(caches):
            use_mock()
            return run_forked(work, caches)

        told, counts, operations = counted_in(body)
        self.assertEqual((told, counts), ((None, 1), (1, 1, 1)))
        self.assertEqual([each.kind for each in operations], ["put", "eviction", "miss", "hit"])


if __name__ == "__main__":
    unittest.main()

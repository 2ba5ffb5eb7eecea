import os
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend

from ..processes import as_process


class NarrowingTests(CacheTestCase):
    """Two ranks, a worker and the test have used a cache."""

    patch_caches = ()

    def setUp(self):
        self.cache = MockBackend("c")
        self.cache.put("a", 1)
        with as_process(7, "rank 0"):
            self.cache.get("a")
        with as_process(8, "rank 1"):
            self.cache.get("b")
        with as_process(9, "ForkProcess-1"):
            self.cache.get("c")
            self.cache.put("c", 2)

    @parameterized.expand(
        [
            ("test", "MainProcess", ["put a"]),
            ("rank", 0, ["hit a"]),
            ("rank_by_name", "rank 1", ["miss b"]),
            ("id", 9, ["miss c", "put c"]),
            ("name", "ForkProcess-1", ["miss c", "put c"]),
            ("id_of_a_rank", 8, ["miss b"]),
        ]
    )
    def test_narrowed(self, _, process, operations):
        """Each assertion looks at the operations of that process alone."""
        kinds = [each.partition(" ")[0] for each in operations]
        counts = {"puts": kinds.count("put"), "hits": kinds.count("hit"), "misses": kinds.count("miss")}
        self.assertCacheStats("c", **counts, process=process)
        self.assertCacheOperations("c", operations, process=process)
        self.assertCacheOperations("c", operations[::-1], process=process, ordered=False)
        with self.assertRaisesRegex(AssertionError, "expected no operation of .* on 'c'"):
            self.assertCacheUnused("c", process=process)
        other = MockBackend("d")
        other.put("a", 1)
        if process != "MainProcess":
            self.assertCacheUnused("d", process=process)

    def test_own_id(self):
        """The id of the test's own process is that of its operations."""
        self.assertCacheOperations("c", ["put a"], process=os.getpid())

    def test_words(self):
        """A failure says by name of which process it is, and shows what the others have done as well."""
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("c", hits=0, process=0)
        first, *lines = str(caught.exception).splitlines()
        self.assertEqual(first, "cache 'c', of rank 0: expected hits=0, got 1")
        self.assertRegex("\n".join(lines), "1. put   'a'  at .*, by MainProcess\n")
        with self.assertRaisesRegex(
            AssertionError, "^cache 'c', its operations of ForkProcess-1: missing hit c"
        ):
            self.assertCacheOperations("c", ["hit c", "put c"], process=9)

    @parameterized.expand(
        [
            (
                "name",
                "ForkProces-1",
                "process 'ForkProces-1' is not known in this test, the closest is 'ForkProcess-1' ",
            ),
            ("id", 99, "process 99 is not known in this test, the closest is"),
            ("rank", 5, "process 5 is not known in this test, the closest is"),
        ]
    )
    def test_unknown(self, _, process, text):
        """One that is not known is an error, which lists those that are, with the closest."""
        with self.assertRaisesRegex(ValueError, text) as caught:
            self.assertCacheStats("c", hits=0, process=process)
        told = f"'rank 0' (7), 'rank 1' (8), 'ForkProcess-1' (9), 'MainProcess' ({os.getpid()})"
        self.assertTrue(str(caught.exception).endswith(f"the processes are {told}"), caught.exception)

    def test_ambiguous_name(self):
        """A name that several have is an error, with their ids."""
        with as_process(10, "ForkProcess-1"):
            self.cache.get("c")
        text = r"process='ForkProcess-1' may be any of 'ForkProcess-1' \(9\), 'ForkProcess-1' \(10\): give"
        with self.assertRaisesRegex(ValueError, text):
            self.assertCacheUnused("c", process="ForkProcess-1")
        self.assertCacheOperations("c", ["hit c"], process=10)

    def test_ambiguous_number(self):
        """A number that is the id of one process and the rank of another is an error."""
        with as_process(1, "ForkProcess-2"):
            self.cache.get("c")
        with self.assertRaisesRegex(
            ValueError, r"process=1 may be any of 'rank 1' \(8\), 'ForkProcess-2' \(1\)"
        ):
            self.assertCacheUnused("c", process=1)
        self.assertCacheOperations("c", ["hit c"], process="ForkProcess-2")

    def test_delta(self):
        """A block compares what a process did in it, also one that was not known before."""
        with self.assertCacheDelta("c", hits=1, misses=0, process=12) as delta:
            self.cache.get("nothing")
            with as_process(12, "ForkProcess-2"):
                self.cache.get("a")
        self.assertEqual([each.process_name for each in delta.operations], ["ForkProcess-2"])
        self.assertEqual(delta.stats.num_get_hit, 1)
        with (
            self.assertRaisesRegex(
                AssertionError, "cache 'c', of ForkProcess-2 inside the block: expected hits=1"
            ),
            self.assertCacheDelta("c", hits=1, process="ForkProcess-2"),
        ):
            self.cache.get("a")

    def test_keys_of_a_process(self):
        """With keys, it is the operations of that process on these."""
        self.assertCacheStats("c", misses=0, keys="b", process=9)
        self.assertCacheStats("c", misses=1, keys="c", process=9)


if __name__ == "__main__":
    unittest.main()

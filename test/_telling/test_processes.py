import io
import re
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest._recording.operation import Location, Operation
from cachetest._recording.uncounted import UncountedOperation
from cachetest._telling.processes import named_apart
from cachetest._telling.snapshots import snapshot_lines
from cachetest._telling.uncounted_lines import describe_uncounted
from cachetest._telling.verified import Replaced, replaced_by_others

from ..processes import as_process


class Texts(CacheTestCase):
    """A case whose texts are read without the lines of this file."""

    def runTest(self):
        """Have a scope, for what uses this by hand."""

    def failure(self, assertion, *args, **kwargs):
        with self.assertRaises(AssertionError) as caught:
            assertion(*args, **kwargs)
        return re.sub(r"\S*test_processes.py:\d+ in \w+", "f.py:1 in g", str(caught.exception))


class ListingTests(Texts):
    def setUp(self):
        self.cache = MockBackend("c")

    def test_two_processes(self):
        """Each operation has its process, the test's own as well; a miss says whose the nearest put is."""
        with as_process(7, "rank 0"):
            self.cache.put("x:[32, 32]", 1)
        with as_process(8, "rank 1"):
            self.cache.get("x:[33, 32]")
        self.cache.get("x:[32, 32]")
        text = self.failure(self.assertCacheStats, "c", hits=2)
        self.assertEqual(
            text.splitlines()[4:],
            [
                "  operations, oldest first:",
                "    1. put   'x:[32, 32]'  at f.py:1 in g, by rank 0",
                "    2. miss  'x:[33, 32]'  at f.py:1 in g, by rank 1",
                "         never put before; the nearest key, 'x:[32, 32]', put by rank 0 at f.py:1 in g "
                "(operation 1), missed by rank 1, differs in",
                "           part 2: '[32' -> '[33'",
                "    3. hit   'x:[32, 32]'  at f.py:1 in g, by MainProcess",
            ],
        )

    def test_within_one_process(self):
        """What one process has done to its own lookup goes by its number, as ever."""
        self.cache.put("other", 1)
        with as_process(7, "rank 0"):
            self.cache.put("k", 1)
            self.caches.c.delete("k")
            self.cache.get("k")
        self.assertIn(
            "put, then deleted by operation 3\n", self.failure(self.assertCacheStats, "c", hits=1) + "\n"
        )

    @parameterized.expand(
        [
            ("deleted", ("put", "delete"), "put, then deleted by rank 0 at f.py:1 in g (operation 2)"),
            (
                "missed",
                ("get",),
                "missed before, at operation 1, by rank 0 at f.py:1 in g, and never put since",
            ),
        ]
    )
    def test_by_another(self, _, calls, told):
        """What another process has done has the name of that, and its line."""
        with as_process(7, "rank 0"):
            for call in calls:
                getattr(self.caches.c, call)("k", *([1] if call == "put" else []))
        with as_process(8, "rank 1"):
            self.cache.get("k")
        self.assertIn(told, self.failure(self.assertCacheStats, "c", hits=1))

    def test_put_later(self):
        """A put that came too late has its process."""
        self.cache.get("k")
        with as_process(7, "rank 0"):
            self.cache.put("k", 1)
        text = self.failure(self.assertCacheStats, "c", hits=1)
        self.assertIn("never put before; put later, by rank 0 at f.py:1 in g (operation 2)", text)

    def test_gone_by_hand(self):
        """Where it was seen last has its process; two processes are no proof that it was taken by hand."""
        with as_process(7, "rank 0"):
            self.cache.put("k", 1)
        del self.caches.c.cache["k"]
        self.cache.get("k")
        text = self.failure(self.assertCacheStats, "c", hits=1)
        self.assertTrue(
            text.endswith(
                "it was there at operation 1, by rank 0 at f.py:1 in g, then gone with no delete logged"
            )
        )

    def test_where_a_hit_came_from(self):
        """The put of what was hit has its process, the test's own as well."""
        self.cache.put("k", 1)
        with as_process(7, "ForkProcess-1"):
            self.cache.get("k")
        text = self.failure(self.assertCacheStats, "c", hits=0)
        self.assertIn("put by operation 1, at f.py:1 in g, by MainProcess, right before it", text)

    def test_threads_of_processes(self):
        """A thread has its process where any process has several."""
        with as_process(7, "ForkProcess-1"):
            self.cache.put("a", 1)
        with as_process(7, "ForkProcess-1", "worker"):
            self.cache.put("b", 1)
        text = self.failure(self.assertCacheUnused)
        self.assertIn("1. put  'a'  at f.py:1 in g, by MainThread of ForkProcess-1\n", text)
        self.assertIn("2. put  'b'  at f.py:1 in g, by worker of ForkProcess-1", text)

    def test_a_process_in_another_cache(self):
        """Processes are named where there are several in the scope, in each of its caches."""
        self.cache.put("a", 1)
        with as_process(7, "ForkProcess-1"):
            MockBackend("d").put("a", 1)
        self.assertIn("by MainProcess", self.failure(self.assertCacheUnused, "c"))

    def test_one_name(self):
        """Two processes of one name are told apart by their ids."""
        for process in (7, 8):
            with as_process(process, "worker"):
                self.cache.put("a", process)
        text = self.failure(self.assertCacheUnused)
        self.assertIn("by worker (7)\n", text)
        self.assertIn("by worker (8)", text)

    def test_operations(self):
        """The diff of operations has the process of each."""
        self.cache.put("a", 1)
        with as_process(7, "rank 0"):
            self.cache.get("a")
        text = self.failure(self.assertCacheOperations, "c", ["put a"])
        self.assertIn("+ hit a  2. at f.py:1 in g, by rank 0", text)


class ReportTests(Texts):
    def use(self, *names):
        cache = MockBackend("c")
        cache.put("a", 1)
        for process, name in enumerate(names, 7):
            with as_process(process, name):
                cache.get("b")

    def printed(self):
        printed = io.StringIO()
        self.caches.report(printed)
        return printed.getvalue()

    def test_report(self):
        """The report names the thread of an operation, and its process where there are several."""
        self.use("rank 0")
        self.assertRegex(self.printed(), r"2\. miss  'b'  at \S+ in use, by MainThread of rank 0\n")
        self.assertRegex(self.printed(), r"1\. put   'a'  at \S+ in use, by MainThread of MainProcess\n")

    def test_one_process(self):
        """Nothing of processes is said where all is of the test's own."""
        self.use()
        self.assertRegex(self.printed(), r"1\. put   'a'  at \S+ in use, by MainThread\n")
        self.assertNotIn("process", self.caches.as_dict()["caches"]["c"]["operations"][0])

    def test_as_dict(self):
        """The data have id and name of the process, and places instead of numbers in the explanation."""
        MockBackend("d").put("first", 1)
        self.use("rank 0", "rank 1")
        data = self.caches.as_dict()["caches"]["c"]
        self.assertEqual(
            [each["process_name"] for each in data["operations"]], ["MainProcess", "rank 0", "rank 1"]
        )
        self.assertEqual([each["process"] for each in data["operations"]][1:], [7, 8])
        self.assertIn("missed before, at operation 2, by rank 0 at ", data["newest_miss"]["text"])


class SnapshotTests(unittest.TestCase):
    def test_heads(self):
        """A snapshot has ranks by name, and other children by none: theirs are others in each run."""
        with PatchCaches() as patched:
            cache = MockBackend("c")
            cache.put("a", 1)
            for process, name in ((8, "ForkProcess-3"), (7, "rank 0")):
                with as_process(process, name):
                    cache.put("a", 1)
            lines = snapshot_lines([patched.caches.c.history()])
        self.assertEqual(
            [line.text for line in lines if line.is_head],
            [
                "cache c, thread 1, in MainProcess",
                "cache c, thread 2, in a child process",
                "cache c, thread 3, in rank 0",
            ],
        )


class OtherLinesTests(unittest.TestCase):
    operation = Operation(
        1, "put", "c", "k", "worker", Location("f.py", 3, "g"), process=7, process_name="ForkProcess-1"
    )

    def test_uncounted(self):
        """What no test has counted has its process."""
        (line,) = describe_uncounted([UncountedOperation(self.operation, (), None)])
        self.assertIn("by thread worker of ForkProcess-1, at f.py:3 in g", line)

    def test_verified(self):
        """So has a put that another value was put over."""
        text = replaced_by_others("c", [Replaced("k", [], 1)], 1, _Log([self.operation]))
        self.assertIn("put by operation 1, at f.py:3 in g, by ForkProcess-1", text)

    def test_named_apart(self):
        """Nothing is named where all is of the test's own process."""
        self.assertEqual(named_apart({1: "MainProcess"}), {})
        self.assertEqual(named_apart({}), {})


class _Log(list):
    dropped = 0


if __name__ == "__main__":
    unittest.main()

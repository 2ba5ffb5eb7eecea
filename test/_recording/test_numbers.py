"""The numbers of operations: one sequence for a scope, across its caches and threads."""

import copy
import os
import pickle
import sys
import threading
import unittest

from cachetest import MockBackend, MockCache, MockCaches, PatchCaches
from cachetest._recording.call_sites import NO_LIBRARIES
from cachetest._recording.log import OperationLog

from .._caches.test_parallel import run_all, switch_interval


def in_order(caches):
    """Return name, kind and key of all operations of *caches*, by their numbers, which have to be 1, 2, 3."""
    found = sorted((each.number, each) for cache in caches.values() for each in cache.operations)
    assert [number for number, _ in found] == list(range(1, len(found) + 1)), found
    return [(each.cache, each.kind, each.key) for _, each in found]


class ScopeTests(unittest.TestCase):
    def test_across_caches(self):
        """What was done first has the smaller number, whichever cache it was done to."""
        with PatchCaches() as patch:
            prices, names = MockBackend("prices"), MockBackend("names")
            prices.get("a")
            names.put("b", 1)
            prices.put("a", 1)
            names.get("b")
        self.assertEqual(
            in_order(patch.caches),
            [("prices", "miss", "a"), ("names", "put", "b"), ("prices", "put", "a"), ("names", "hit", "b")],
        )

    def test_every_kind(self):
        """Whatever is logged has its number, what the library did by itself and what failed included."""
        with PatchCaches() as patch:
            backend = MockBackend("c")
            backend.get("a")
            with self.assertRaises(TypeError):
                backend.get([])
            patch.caches.c.record("eviction", "b")
            patch.caches.c.delete("a")
            backend.put("a", 1)
        self.assertEqual(
            in_order(patch.caches),
            [
                ("c", "miss", "a"),
                ("c", "failure", []),
                ("c", "eviction", "b"),
                ("c", "delete", "a"),
                ("c", "put", "a"),
            ],
        )

    def test_each_scope_its_own(self):
        """A block inside another begins with 1, and the outer one goes on where it was."""
        with PatchCaches() as outer:
            backend = MockBackend("c")
            backend.get("a")
            with PatchCaches() as inner:
                backend.get("b")
            backend.get("c")
        self.assertEqual([each.number for each in outer.caches.c.operations], [1, 2])
        self.assertEqual([each.number for each in inner.caches.c.operations], [1])

    def test_cache_without_a_scope(self):
        """A cache that was made by hand has a sequence of its own."""
        caches = [MockCache("c"), MockCache("d")]
        for cache in caches:
            cache.get("a")
            cache.get("b")
        self.assertEqual([[each.number for each in cache.operations] for cache in caches], [[1, 2], [1, 2]])

    def test_dropped(self):
        """What is no longer in the log has had its number all the same."""
        with PatchCaches(log_length=2) as patch:
            for name in ("c", "d") * 3:
                MockBackend(name).put("a", 1)
        self.assertEqual([each.number for each in patch.caches.c.operations], [3, 5])
        self.assertEqual([each.number for each in patch.caches.d.operations], [4, 6])

    def test_reset(self):
        """No number is given twice in a scope, also when its caches were reset."""
        with PatchCaches() as patch:
            one, other = MockBackend("c"), MockBackend("d")
            one.get("a")
            other.get("a")
            patch.caches.c.reset()
            one.get("a")
            other.get("b")
            patch.caches.reset()
            other.get("c")
        self.assertEqual([each.number for each in patch.caches.c.operations], [])
        self.assertEqual([each.number for each in patch.caches.d.operations], [5])

    def test_process(self):
        """Each operation knows the process that it came from."""
        with PatchCaches() as patch:
            MockBackend("c").get("a")
        self.assertEqual(patch.caches.c.operations[0].process, os.getpid())

    def test_told(self):
        """The numbers in an explanation are those of the scope."""
        with PatchCaches() as patch:
            for name in ("other", "c"):
                MockBackend(name).put("a:1", 1)
            for name in ("other", "c"):
                MockBackend(name).get("a:2")
        explanation = patch.caches.c.explain()
        self.assertEqual((explanation.operation, explanation.nearest_operation), (4, 2))
        self.assertIn(
            "operation 4, key 'a:2': never put before; the nearest key, 'a:1', put by operation 2",
            str(explanation),
        )


class ThreadTests(unittest.TestCase):
    def test_each_once(self):
        """Of many threads on several caches, no two operations have one number, and none is left out."""
        threads, operations = 8, 600
        names = ("c", "d", "e")
        with switch_interval(1e-6), PatchCaches() as patch:
            start = threading.Barrier(threads)

            def work():
                backends = [MockBackend(name) for name in names]
                start.wait()
                for n in range(operations // 2):
                    backends[n % 3].put(n, n)
                    backends[(n + 1) % 3].get(n)

            run_all([work] * threads)
        numbers = []
        for name in names:
            mine = [each.number for each in patch.caches[name].operations]
            self.assertEqual(mine, sorted(mine))
            numbers += mine
        self.assertEqual(sorted(numbers), list(range(1, threads * operations + 1)))

    def test_numbered_first_and_logged_second(self):
        """An operation that another thread overtook on its way into the log is read in its place."""
        log = OperationLog("c")
        log.record("put", "a", NO_LIBRARIES, sys._getframe())
        overtaken = log.state.latest.pop()
        log.record("put", "b", NO_LIBRARIES, sys._getframe())
        log.state.latest.append(overtaken)
        self.assertEqual([each.key for each in log], ["a", "b"])
        self.assertEqual(log[-1].key, "b")
        self.assertEqual(log.keys("put"), ["b", "a"])
        snapshot = log.snapshot()
        self.assertEqual(
            (snapshot.numbers(), snapshot.keys(), snapshot.kinds()), ([1, 2], ["a", "b"], ["put"] * 2)
        )


class CopyTests(unittest.TestCase):
    def copies(self, made):
        return copy.deepcopy(made), pickle.loads(pickle.dumps(made))

    def test_log(self):
        """A log that was copied goes on with the next number."""
        log = OperationLog("c")
        for key in "ab":
            log.record("put", key, NO_LIBRARIES, sys._getframe())
        for copied in self.copies(log):
            copied.record("put", "c", NO_LIBRARIES, sys._getframe())
            self.assertEqual([each.number for each in copied], [1, 2, 3])
        self.assertEqual(len(log), 2)

    def test_caches(self):
        """So do all the caches of a scope: theirs is still one sequence."""
        caches = MockCaches(["c", "d", "e"])
        for name in "cdc":
            caches[name].put("a", 1)
        for copied in self.copies(caches):
            for name in "dcen":
                copied.ensure(name).put("b", 1)
            self.assertEqual([key for *_, key in in_order(copied)], ["a"] * 3 + ["b"] * 4)
        self.assertEqual(len(in_order(caches)), 3)

    def test_caches_without_operations(self):
        """Where there was none yet, the next is the first."""
        for copied in self.copies(MockCaches(["c"])):
            copied.c.get("a")
            self.assertEqual([each.number for each in copied.c.operations], [1])


if __name__ == "__main__":
    unittest.main()

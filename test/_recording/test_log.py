import copy
import itertools
import pickle
import sys
import threading
import unittest

from parameterized import parameterized

from cachetest import MockCache
from cachetest._recording.call_sites import NO_LIBRARIES
from cachetest._recording.log import ObservedLog, OperationLog

from ..support import in_module


class OperationLogTests(unittest.TestCase):
    def setUp(self):
        self.log = OperationLog("c")

    def record(self, *kinds):
        frame = sys._getframe()
        made = []
        for n, kind in enumerate(kinds):
            self.log.record(kind, n, NO_LIBRARIES, frame)
            made.append(self.log[-1])
        return made

    def test_empty(self):
        """A log starts with nothing in it."""
        self.assertEqual((len(self.log), list(self.log), self.log.dropped), (0, [], 0))

    def test_sequence(self):
        """It is read as a sequence, oldest first."""
        made = self.record("miss", "put", "hit")
        self.assertEqual([o.kind for o in self.log], ["miss", "put", "hit"])
        self.assertEqual(self.log[0], made[0])
        self.assertEqual(self.log[-1], made[2])
        self.assertEqual(self.log[1:], made[1:])
        self.assertEqual(self.log, made)
        self.assertIn(made[1], self.log)
        with self.assertRaises(IndexError):
            self.log[3]

    def test_not_equal(self):
        """It is only equal to a sequence of the same operations."""
        self.record("miss")
        self.assertNotEqual(self.log, [])
        self.assertNotEqual(self.log, "miss")
        self.assertNotEqual(self.log, 1)

    def test_facts(self):
        """An operation knows its cache, key, thread and line."""
        (made,) = self.record("put")
        self.assertEqual((made.kind, made.cache, made.key), ("put", "c", 0))
        self.assertEqual(made.thread, threading.current_thread().name)
        self.assertEqual((made.where.filename, made.where.function), (__file__, "record"))

    def test_line(self):
        """The line is that of the call, also where the code has moved on since."""
        lines = []

        def work():
            cache = MockCache("c")
            lines.append(sys._getframe().f_lineno + 1)
            cache.put(1, 1)
            for _ in range(3):
                cache.get(
                    1,
                )
            lines.append(sys._getframe().f_lineno - 3)
            return cache.operations

        log = work()
        self.assertEqual([each.where.lineno for each in log], [lines[0], *[lines[1]] * 3])

    def test_called_through_a_library(self):
        """A line of a library is not the caller because it was for a thread that ran nothing else."""
        cache = MockCache("c")
        timer = threading.Timer(0, cache.get, [1])
        timer.start()
        timer.join()
        again = threading.Timer(0, cache.get, [1])
        again.run()
        cache.get(1)
        functions = [operation.where.function for operation in cache.operations]
        self.assertEqual(functions, ["run", "test_called_through_a_library", "test_called_through_a_library"])

    @parameterized.expand([("get", "1"), ("put", "1, 1"), ("delete", "1"), ("record", "'put', 1")])
    def test_same_line_with_libraries(self, name, arguments):
        """A caller that one operation was logged with may be in the library of another."""
        cache = MockCache("c")
        source = f"def call(cache, *libraries):\n    cache.{name}({arguments}, *libraries)"
        call = in_module("some_library", source)["call"]
        call(cache)
        call(cache, frozenset({"some_library"}))
        call(cache)
        functions = [operation.where.function for operation in cache.operations]
        self.assertEqual(functions, ["call", "test_same_line_with_libraries", "call"])

    def test_module_without_a_usable_name(self):
        """What has no name is not the caller, nor in the way."""
        for name in ([], None, ...):
            names = {} if name is ... else {"__name__": name}
            exec(compile("def get(cache): cache.get(1)", "<generated>", "exec"), names)
            cache = MockCache("c")
            names["get"](cache)
            self.assertEqual(cache.operations[0].where.filename, __file__)

    def test_copied(self):
        """A log that was pickled or copied has what it had, and goes on."""
        self.record("put", "hit")
        for copied in (copy.deepcopy(self.log), pickle.loads(pickle.dumps(self.log))):
            self.assertEqual(copied, self.log)
            copied.record("hit", 3, NO_LIBRARIES, sys._getframe())
            self.assertEqual((copied.tally("hit"), copied.total, self.log.total), (2, 3, 2))
            self.assertEqual(copied[-1].where.function, "test_copied")

    def test_bounded(self):
        """Old operations are dropped, and said to be; their counts are not."""
        self.log = OperationLog("c", 3)
        self.record(*["put"] * 5, "hit")
        self.assertEqual([o.key for o in self.log], [3, 4, 5])
        self.assertEqual(self.log.dropped, 3)
        self.assertEqual((self.log.tally("put"), self.log.tally("hit"), self.log.tally("miss")), (5, 1, 0))
        self.assertEqual(repr(self.log), "<3 operations, 3 older ones dropped>")

    def test_counted_before_logged(self):
        """An operation that is counted, and on its way into the log, is not one that was dropped."""
        self.log.state.puts.append(None)
        self.assertEqual((self.log.total, self.log.dropped), (1, 0))

    def test_copy_of_an_observed_log(self):
        """A copy of a log with an observer has nobody to tell."""
        log = ObservedLog("c", None, itertools.count(1), self.fail)
        copied = copy.copy(log)
        copied.record("put", 1, NO_LIBRARIES, sys._getframe())
        self.assertEqual((copied.tally("put"), log.tally("put")), (1, 0))

    def test_clear(self):
        """Clearing forgets counts too."""
        self.record("put")
        self.log.clear()
        self.assertEqual((len(self.log), self.log.tally("put"), self.log.dropped), (0, 0, 0))


if __name__ == "__main__":
    unittest.main()

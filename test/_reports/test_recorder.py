"""`Recorder`: what it keeps of the scopes that close, and that nothing is kept elsewhere."""

import io
import pickle
import unittest
from unittest import mock

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest._patching import session
from cachetest._recording import numbering
from cachetest._recording.numbering import TimedNumbers
from cachetest._reports.recorder import Recorder


def run(*cases):
    """Run tests of a class as unittest does, and return the result."""
    return unittest.TextTestRunner(io.StringIO()).run(unittest.TestSuite(cases))


class Clock:
    """A clock that goes on by a second whenever it is read."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


class RecorderCase(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.object(numbering, "_NOW", (Clock(),))
        patch.start()
        self.addCleanup(patch.stop)
        self.recorder = Recorder()
        self.addCleanup(self.recorder.stop)

    def record(self, block):
        """Return the record of *block*, called with a backend in a scope of its own."""
        with self.recorder, PatchCaches():
            block(MockBackend("prices"))
        return self.recorder.tests[-1]


class OperationTests(RecorderCase):
    def test_counts_and_operations(self):
        """A scope that closes is kept: its counts, and each operation with the text of its key."""

        def block(prices):
            prices.get("lamp")
            prices.put("lamp", 4)
            prices.get("lamp")

        found = self.record(block)
        self.assertEqual(found.kind, "block")
        self.assertEqual(found.caches["prices"].counts["hits"], 1)
        details = found.details()
        cache = details["caches"]["prices"]
        self.assertEqual([each["kind"] for each in cache["operations"]], ["miss", "put", "hit"])
        self.assertEqual([each["text"] for each in cache["keys"]], ["'lamp'"])
        self.assertEqual([each["key"] for each in cache["operations"]], [0, 0, 0])
        self.assertIn("test_recorder.py", details["places"][0])
        self.assertEqual(cache["operations"][2]["origin"], 2)

    def test_times(self):
        """An operation has its time, and a miss how long it took until its key was put by that thread."""

        def block(prices):
            prices.get("lamp")
            prices.get("shoe")
            prices.put("lamp", 4)

        found = self.record(block)
        rows = found.details()["caches"]["prices"]["operations"]
        self.assertEqual([each["at"] for each in rows], [1.0, 2.0, 3.0])
        self.assertEqual([each.get("seconds") for each in rows], [2.0, None, None])
        self.assertEqual((found.caches["prices"].seconds, found.cost), (2.0, 2.0))

    def test_overlapping_loads_count_once(self):
        """Values that are made one inside the other cost what the outer one does."""

        def block(prices):
            outer = MockBackend("pages")
            outer.get("shop")
            prices.get("lamp")
            prices.put("lamp", 4)
            outer.put("shop", "4")

        found = self.record(block)
        self.assertEqual((found.caches["prices"].seconds, found.caches["pages"].seconds), (1.0, 3.0))
        self.assertEqual(found.cost, 3.0)

    def test_who_looks_twice(self):
        """A second look of the same thread, under a lock say, is part of the same load; a hit ends it."""

        def block(prices):
            prices.get("lamp")
            prices.get("lamp")
            prices.put("lamp", 4)

        rows = self.record(block).details()["caches"]["prices"]["operations"]
        self.assertEqual([each.get("seconds") for each in rows], [2.0, None, None])

    def test_explanations(self):
        """Each miss is explained, with the parts that differ, and a part that a key lacks is left out."""

        def block(prices):
            prices.put("lamp:de", 1)
            prices.get("lamp:fr:x")

        (found,) = self.record(block).details()["caches"]["prices"]["explanations"]
        self.assertEqual(
            (found["operation"], found["reason"], found["nearest_operation"]), (2, "never put", 1)
        )
        self.assertEqual(
            found["differences"],
            [{"part": "part 2", "was": "de", "now": "fr"}, {"part": "part 3", "now": "x"}],
        )

    def test_many_misses(self):
        """Of very many misses those are explained that cost most, and how many are not is said."""

        def block(prices):
            for n in range(100):
                prices.get(n)
            prices.put(99, 1)

        cache = self.record(block).details()["caches"]["prices"]
        self.assertEqual((len(cache["explanations"]), cache["not_explained"]), (50, 50))
        self.assertEqual(cache["explanations"][-1]["operation"], 100)

    def test_key_that_raises(self):
        """What a key raises where it is looked at is told, and does not end the test."""

        class Key:
            def __repr__(self):
                raise ValueError("no repr")

        found = self.record(lambda prices: prices.get(Key()))
        (key,) = found.details()["caches"]["prices"]["keys"]
        self.assertIn("<Key instance at 0x", key["text"])

    def test_unused_caches_are_left_out(self):
        """A cache that nothing was done to is not in the record; a scope without any has none."""
        self.assertEqual(self.record(lambda prices: None).caches, {})


class ScopeTests(RecorderCase):
    class Tests(CacheTestCase):
        def test_miss(self):
            MockBackend("prices").get("lamp")
            with PatchCaches():
                MockBackend("prices").get("shoe")

    class SetUp(CacheTestCase):
        @classmethod
        def setUpClass(cls):
            MockBackend("prices").put("lamp", 1)

        def test_hit(self):
            MockBackend("prices").get("lamp")

    def test_test_with_a_block(self):
        """A block inside a test is part of its record, and of nothing else."""
        with self.recorder:
            run(self.Tests("test_miss"))
        (found,) = self.recorder.tests
        self.assertEqual((found.kind, found.label), ("test", self.Tests("test_miss").id()))
        (block,) = found.blocks
        self.assertEqual(
            (block.kind, found.total("misses"), found.caches["prices"].counts["misses"]), ("block", 2, 1)
        )

    def test_class(self):
        """What a class sets up has a record of its own."""
        with self.recorder:
            run(self.SetUp("test_hit"))
        self.assertEqual([each.kind for each in self.recorder.tests], ["test", "class"])
        self.assertEqual(self.recorder.tests[1].total("puts"), 1)

    def test_outcome_after_or_before(self):
        """The outcome of a test is told before or after its scope has closed; it is one record."""
        label = self.Tests("test_miss").id()
        with self.recorder:
            self.recorder.add_outcome(label, "passed", 2.0)
            run(self.Tests("test_miss"))
            run(self.Tests("test_miss"))
            self.recorder.add_outcome(label, "failed", 3.0)
            self.recorder.add_outcome("no.caches", "skipped", None)
        found = [(each.label, each.outcome, each.seconds, bool(each.packed)) for each in self.recorder.tests]
        self.assertEqual(
            found,
            [
                (label, "passed", 2.0, True),
                (label, "failed", 3.0, True),
                ("no.caches", "skipped", None, False),
            ],
        )

    def test_block_around_the_recorder(self):
        """A block whose scope around it does not close is kept by itself."""
        with PatchCaches():
            with self.recorder:
                self.assertIs(self.record_inner(), None)
            self.assertEqual([each.total("misses") for each in self.recorder.tests], [1])

    def record_inner(self):
        with PatchCaches():
            MockBackend("prices").get("lamp")

    def test_end_that_is_interrupted(self):
        """An end that is done once more, as it was interrupted, is told of once."""
        ends = iter([mock.Mock(side_effect=KeyboardInterrupt), session.close_scope])
        with self.recorder, mock.patch.object(session, "close_scope", lambda *args: next(ends)(*args)):
            with self.assertRaises(KeyboardInterrupt), PatchCaches():
                MockBackend("prices").get("lamp")
        self.assertEqual([each.total("misses") for each in self.recorder.tests], [1])


class LifeTests(RecorderCase):
    def test_nothing_without_one(self):
        """Without a recorder nothing is told of, and operations have no times."""
        with PatchCaches() as caches:
            self.assertNotIsInstance(caches.caches._numbers, TimedNumbers)
        self.assertEqual((session.closing, self.recorder.tests), ([], []))

    def test_two_at_once(self):
        """Two recorders keep the same, and times are kept until the last is stopped."""
        other = Recorder()
        with self.recorder, other:
            pass
        with other:
            other_tests = self.record(lambda prices: prices.get("lamp"))
            self.assertEqual(other_tests.total("misses"), 1)
            with PatchCaches() as caches:
                self.assertIsInstance(caches.caches._numbers, TimedNumbers)
        self.assertEqual(len(other.tests), 2)
        self.assertEqual(session.closing, [])

    def test_started_twice(self):
        """To start it twice is an error; to stop it twice is not."""
        with self.recorder:
            with self.assertRaisesRegex(RuntimeError, "was started before"):
                self.recorder.start()
        self.recorder.stop()
        self.assertEqual(session.closing, [])

    def test_pickled(self):
        """A record is plain values: the worker of a runner can send it."""
        found = self.record(lambda prices: prices.get("lamp"))
        self.assertEqual(pickle.loads(pickle.dumps(found)), found)


if __name__ == "__main__":
    unittest.main()

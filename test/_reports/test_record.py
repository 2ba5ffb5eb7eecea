"""What is kept of scopes for a report, put together."""

import unittest

from parameterized import parameterized

from cachetest._reports.record import Report, TestRecord, merge


class MergeTests(unittest.TestCase):
    def full(self, label, **more):
        record = TestRecord(label, **more)
        record.pack({"caches": {}})
        return record

    @parameterized.expand([("first", 1), ("last", -1)])
    def test_outcome_of_another_record(self, _, step):
        """The outcome that one record has of a test goes to what another has of it."""
        parts = [
            Report([self.full("b", seconds=1.0)]),
            Report([TestRecord("b", outcome="passed", seconds=2.0)]),
        ]
        (found,) = merge(parts[::step]).tests
        self.assertEqual((found.outcome, found.seconds, bool(found.packed)), ("passed", 2.0, True))

    def test_same_label_twice(self):
        """A test that ran twice is there twice."""
        parts = [Report([self.full("b", outcome="failed")]), Report([self.full("b", outcome="passed")])]
        self.assertEqual([each.outcome for each in merge(parts).tests], ["failed", "passed"])

    def test_order(self):
        """Whatever order the workers come in, the tests are in that of their labels."""
        parts = [Report([self.full("c"), self.full("a")]), Report([self.full("b")])]
        self.assertEqual([each.label for each in merge(parts).tests], ["a", "b", "c"])


if __name__ == "__main__":
    unittest.main()

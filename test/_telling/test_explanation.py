import unittest

from parameterized import parameterized

from cachetest._telling.explanation import ABSENT, Difference, Explanation


class DifferenceTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("values", "a", "b", "part 1: 'a' -> 'b'"),
            ("absent before", ABSENT, 1, "part 1: nothing -> 1"),
            ("absent now", None, ABSENT, "part 1: None -> nothing"),
            ("hashes", "a" * 64, "b" * 64, "part 1: a hash, and what went into it can't be told from it"),
            ("one hash", "a" * 32, "b", f"part 1: '{'a' * 32}' -> 'b'"),
        ]
    )
    def test_text(self, _, was, now, text):
        """A difference is a part, what it was and what it is; of two hashes it says that they are."""
        self.assertEqual(str(Difference("part 1", was, now)), text)


class ExplanationTests(unittest.TestCase):
    def explanation(self, **given):
        return Explanation(**{"cache": "c", "key": "a", "operation": 7, **given})

    @parameterized.expand(
        [
            ("never put", {}, "never put before"),
            ("never put", {"complete": False}, "not put in the operations that are known"),
            ("never put", {"later": 9}, "never put before; put later, by operation 9"),
            ("deleted", {"earlier": 5}, "put, then deleted by operation 5"),
            (
                "deleted",
                {"earlier": 5, "later": 9},
                "put, then deleted by operation 5; put later, by operation 9",
            ),
            ("evicted", {"earlier": 5}, "put, then evicted by operation 5"),
            ("expired", {"earlier": 5}, "put, then expired by operation 5"),
            ("reset", {}, "put, then the cache was reset"),
            (
                "emptied",
                {"earlier": 5},
                "it was there at operation 5, then gone with no delete logged: the cache was emptied by hand",
            ),
            ("not kept", {"earlier": 5}, "put by operation 5, and not kept: its backend keeps nothing"),
            ("put elsewhere", {}, "never put here"),
            ("guards failed", {"note": "s0 > 5"}, "the key was present, its guards failed: s0 > 5"),
            ("refused", {"earlier": 5, "note": "why"}, "found by operation 5, and not used: why"),
            ("refused", {"note": "why"}, "found, and not used: why"),
        ]
    )
    def test_first_line(self, reason, given, text):
        """Each reason has words of its own, with the numbers of the operations that it follows from."""
        found = self.explanation(reason=reason, **given)
        self.assertEqual(found.lines(), [text])
        self.assertEqual(str(found), f"cache 'c', operation 7, key 'a': {text}")

    def test_bypassed(self):
        """Of a bypass there is no key, only the reason."""
        found = self.explanation(reason="bypassed", note="no shape env")
        self.assertEqual(
            str(found), "cache 'c', operation 7: no lookup, the library did not take part: no shape env"
        )

    @parameterized.expand(
        [
            ("put", {"nearest_operation": 3}, ", put by operation 3,"),
            (
                "looked up",
                {"nearest_operation": 3, "nearest_kind": "miss"},
                ", looked up by operation 3 and never put,",
            ),
            ("an entry", {}, ""),
        ]
    )
    def test_nearest(self, _, given, told):
        """The nearest key is told with the operation that shows it, where one does."""
        differences = (Difference("part 1", "b", "a"),)
        found = self.explanation(reason="never put", nearest="b", differences=differences, **given)
        self.assertEqual(
            found.lines(),
            [f"never put before; the nearest key, 'b'{told} differs in", "  part 1: 'b' -> 'a'"],
        )

    def test_nearest_without_differences(self):
        """Where no part differs, something else does."""
        (line,) = self.explanation(reason="never put", nearest="b").lines()
        self.assertEqual(line, "never put before; the nearest key, 'b' differs in punctuation or type only")

    def test_limit(self):
        """Of many differences the first are told, and how many more there are; the note comes last."""
        differences = tuple(Difference(f"part {n}", n, -n) for n in range(1, 8))
        found = self.explanation(reason="never put", nearest="b", differences=differences, note="opaque")
        self.assertEqual(
            found.lines(limit=2)[1:],
            ["  part 1: 1 -> -1", "  part 2: 2 -> -2", "  and 5 more parts", "opaque"],
        )
        self.assertEqual(found.lines(limit=6)[-2:], ["  and 1 more part", "opaque"])
        self.assertEqual(len(found.lines()), 1 + 5 + 1 + 1)


if __name__ == "__main__":
    unittest.main()

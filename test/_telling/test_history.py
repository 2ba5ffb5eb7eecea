import unittest

from parameterized import parameterized

from cachetest._recording.call_sites import Location
from cachetest._recording.operation import GUARDS_FAILED, Operation
from cachetest._recording.snapshot import Snapshot
from cachetest._telling.explanation import ABSENT
from cachetest._telling.history import CacheFacts, History
from cachetest._telling.key_parts import components


def operations(*kinds_and_keys, first=1):
    where = Location("f", 1, "g")
    return [
        Operation(n, kind, "c", key, "main", where) for n, (kind, key) in enumerate(kinds_and_keys, first)
    ]


def explain(log, index=-1, **facts):
    """Return the explanation of one operation of *log*."""
    history = History("c", Snapshot("c", log, 0), CacheFacts(**{"components": components, **facts}))
    return history.explain(range(len(log))[index])


class OutcomeTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("cold", [("miss", "a")], 0, "never put", None, None),
            ("put_later", [("miss", "a"), ("put", "a")], 0, "never put", None, 2),
            ("deleted", [("put", "a"), ("delete", "a"), ("miss", "a")], 2, "deleted", 2, None),
            (
                "deleted_and_put_later",
                [("put", "a"), ("delete", "a"), ("miss", "a"), ("put", "a")],
                2,
                "deleted",
                2,
                4,
            ),
            ("evicted", [("put", "a"), ("eviction", "a"), ("miss", "a")], 2, "evicted", 2, None),
            ("expired", [("put", "a"), ("expiration", "a"), ("miss", "a")], 2, "expired", 2, None),
            ("expired_unknown_put", [("expiration", "a"), ("miss", "a")], 1, "expired", 1, None),
            ("deleted_what_was_never_there", [("delete", "a"), ("miss", "a")], 1, "never put", None, None),
            ("emptied", [("put", "a"), ("miss", "a")], 1, "emptied", 1, None),
            ("emptied_after_hit", [("hit", "a"), ("miss", "a")], 1, "emptied", 1, None),
            (
                "put_again",
                [("put", "a"), ("delete", "a"), ("put", "a"), ("eviction", "a"), ("miss", "a")],
                4,
                "evicted",
                4,
                None,
            ),
            ("bypass", [("bypass", "no shape env")], 0, "bypassed", None, None),
        ]
    )
    def test_reason(self, _, log, index, reason, earlier, later):
        """What became of the key is told by the operations on it."""
        found = explain(operations(*log), index)
        self.assertEqual((found.reason, found.earlier, found.later), (reason, earlier, later))

    def test_reset(self):
        """A key that a reset took away is known for it."""
        self.assertEqual(explain(operations(("miss", "a")), forgotten=["b", "a"]).reason, "reset")
        self.assertEqual(explain(operations(("miss", "a")), forgotten=["b"]).reason, "never put")

    @parameterized.expand(
        [
            ("put", [("put", "a"), ("miss", "a")], "not kept"),
            ("deleted", [("put", "a"), ("delete", "a"), ("miss", "a")], "deleted"),
            ("another", [("put", "b"), ("miss", "b")], "emptied"),
            ("never_put", [("miss", "a")], "never put"),
        ]
    )
    def test_not_kept(self, _, log, reason):
        """A key that the library threw away as it was put was not emptied by hand."""
        self.assertEqual(explain(operations(*log), unkept=["a"]).reason, reason)

    def test_elsewhere(self):
        """A key that another cache has is said to be there."""
        found = explain(operations(("miss", "a")), elsewhere=lambda key: ["other"])
        self.assertEqual(found.reason, "put elsewhere")
        self.assertIn("never put here\n  the same key was put in 'other'", str(found))

    @parameterized.expand(
        [
            (f"{GUARDS_FAILED}s0 > 5", "guards failed", "the key was present, its guards failed: s0 > 5"),
            ("it is damaged", "refused", "found by operation 3, and not used: it is damaged"),
            (None, "refused", "found by operation 3, and not used: its library does not say why"),
        ]
    )
    def test_refused(self, error, reason, text):
        """What the library refused to use is explained by what it said, and names the hit that found it."""
        log = operations(("hit", "a"), ("put", "a"), ("hit", "a"), ("hit", "b"))
        log.append(Operation(5, "refusal", "c", "a", "main", Location("f", 1, "g"), error=error))
        found = explain(log)
        self.assertEqual((found.reason, found.operation, found.earlier), (reason, 5, 3))
        self.assertTrue(str(found).endswith(text))

    def test_numbers(self):
        """Operations keep their numbers when older ones are gone."""
        found = explain(operations(("put", "b"), ("miss", "a"), ("put", "a"), first=101), 1, dropped=100)
        self.assertEqual((found.operation, found.nearest_operation, found.later), (102, 101, 103))
        self.assertIn("not put in the operations that are known", str(found))


class NearestTests(unittest.TestCase):
    def nearest(self, *log, **facts):
        found = explain(operations(*log), **facts)
        return found.nearest, [tuple(each) for each in found.differences]

    def test_before_only(self):
        """Only what came before the miss is near."""
        found = explain(operations(("put", "a:1"), ("miss", "a:2"), ("put", "a:2")), 1)
        self.assertEqual((found.nearest, found.later), ("a:1", 3))

    def test_fewest_parts(self):
        """The key with the fewest differing parts is the nearest, whichever was put last."""
        self.assertEqual(
            self.nearest(("put", "a:1:x"), ("put", "b:2:y"), ("miss", "a:1:z")),
            ("a:1:x", [("part 3", "x", "z")]),
        )

    def test_likeness(self):
        """Of keys that differ in as many parts, the likest is the nearest, and of equally like the newest."""
        self.assertEqual(self.nearest(("put", "abcd"), ("put", "wxyz"), ("miss", "abce"))[0], "abcd")
        self.assertEqual(self.nearest(("put", ("a", 1)), ("put", ("a", 2)), ("miss", ("a", 3)))[0], ("a", 2))

    @parameterized.expand(
        [
            ("missing", "a:1", "a:1:z", [("part 3", ABSENT, "z")]),
            ("types", ("a", 1), ("a", "1"), [("part 2", 1, "1")]),
            ("punctuation", "a/b", "a:b", []),
            ("none", ("a", None), ("a",), [("part 2", None, ABSENT)]),
            ("json", '{"a": 1, "b": 2}', '{"b": 2, "a": 3}', [("a", 1, 3)]),
            ("unhashable_part", ("a", [1]), ("a", [2]), [("part 2[0]", 1, 2)]),
        ]
    )
    def test_differences(self, _, put, missed, differences):
        """The parts that differ are named, a part that one of the keys lacks as absent."""
        self.assertEqual(self.nearest(("put", put), ("miss", missed)), (put, differences))

    def test_entries_nobody_put(self):
        """Where no operation put anything, the entries are compared."""
        self.assertEqual(self.nearest(("miss", "a:1"), present=["a:2", "b:3"])[0], "a:2")

    def test_only_looked_up(self):
        """Where there is nothing to compare with but other lookups, these are."""
        found = explain(operations(("miss", "a:1"), ("miss", "a:2")))
        self.assertEqual((found.nearest, found.nearest_put), ("a:1", False))
        self.assertIn("looked up by operation 1 and never put", str(found))

    def test_hashes(self):
        """Of two hashes it is said that they tell nothing."""
        found = explain(operations(("put", "a" * 64), ("miss", "b" * 64)))
        self.assertIn("part 1: a hash, and what went into it can't be told from it", str(found))

    def test_opaque(self):
        """Why keys can't be taken apart is added."""
        self.assertTrue(
            str(explain(operations(("put", "a"), ("miss", "b")), why_opaque="no hook")).endswith("no hook")
        )

    def test_keys_that_do_not_compare(self):
        """Keys that can't be compared, hashed or shown are different, and the same is the same."""

        class Key:
            def __eq__(self, other):
                raise ValueError("ambiguous")

            def __str__(self):
                raise ValueError("no")

            __repr__ = __str__
            __hash__ = object.__hash__

        log = operations(("put", (Key(), 1)), ("put", (Key(), 2)), ("miss", (Key(), 3)))
        self.assertEqual(explain(log).reason, "never put")
        for key in (Key(), [1]):
            self.assertEqual(explain(operations(("put", key), ("miss", key))).reason, "emptied")

    def test_own_components(self):
        """An adapter's own way of taking keys apart is used."""
        self.assertEqual(
            self.nearest(
                ("put", "a-1"),
                ("miss", "a-2"),
                components=lambda key: list(zip(("name", "version"), key.split("-"), strict=True)),
            )[1],
            [("version", "1", "2")],
        )

    def test_work_grows_with_the_keys(self):
        """Each key is taken apart once, however many misses are explained, but for those that are told."""
        looked = []

        def looked_at(key):
            looked.append(key)
            return components(key)

        log = operations(*(("put", f"u:{n}") for n in range(2000)), *(("miss", f"v:{n}") for n in range(5)))
        history = History("c", Snapshot("c", log, 0), CacheFacts(components=looked_at))
        for index in history.misses():
            history.explain(index)
        self.assertLessEqual(len(looked), 2000 + 5 * 3)


if __name__ == "__main__":
    unittest.main()

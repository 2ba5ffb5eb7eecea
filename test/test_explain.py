import unittest
from dataclasses import dataclass

from parameterized import parameterized

from cachetest.explain import ABSENT, Miss, components, explain_miss
from cachetest.operations import Location, Operation


@dataclass(frozen=True)
class Key:
    user: int
    page: str


class Frozen(dict):
    """A mapping that can be a key."""

    def __hash__(self):
        return 1


def operations(*kinds_and_keys):
    return [Operation(kind, "c", key, "main", Location("f", 1, "g")) for kind, key in kinds_and_keys]


class ComponentsTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("string", "user:42/v1", [("part 1", "user"), ("part 2", "42"), ("part 3", "v1")]),
            ("word", "user", [("part 1", "user")]),
            ("tuple", ("user", 42), [("part 1", "user"), ("part 2", 42)]),
            ("mapping", Frozen(user=42), [("user", 42)]),
            ("dataclass", Key(42, "a"), [("user", 42), ("page", "a")]),
            ("bytes", b"user:42", [("key", b"user:42")]),
            ("number", 42, [("key", 42)]),
            ("class", Key, [("key", Key)]),
        ]
    )
    def test_parts(self, _, key, parts):
        """A key comes apart by its own structure."""
        self.assertEqual(components(key), parts)


class ExplainTests(unittest.TestCase):
    def test_nothing_put(self):
        """The first lookup of an empty cache misses because it is empty."""
        self.assertEqual(explain_miss(operations(("miss", "a")), 0), Miss("empty"))

    def test_cold(self):
        """The usual cold miss is followed by the put of its key."""
        log = operations(("miss", "a"), ("put", "a"))
        self.assertEqual(explain_miss(log, 0), Miss("empty, put later"))

    def test_put_before(self):
        """A key that had been put was lost in between."""
        log = operations(("put", "a"), ("miss", "a"))
        self.assertEqual(explain_miss(log, 1), Miss("put before"))

    def test_put_later(self):
        """Only what came before the miss is near."""
        log = operations(("put", "a:1"), ("miss", "a:2"), ("put", "a:2"))
        self.assertEqual(explain_miss(log, 1), Miss("put later", "a:1", (("part 2", "1", "2"),)))

    def test_nearest(self):
        """The key with the fewest differing parts is the nearest, whichever was put last."""
        log = operations(("put", "a:1:x"), ("put", "b:2:y"), ("miss", "a:1:z"))
        self.assertEqual(explain_miss(log, 2), Miss("never put", "a:1:x", (("part 3", "x", "z"),)))

    def test_nearest_by_likeness(self):
        """Of keys that differ in as many parts, the likest is the nearest."""
        log = operations(("put", "abcd"), ("put", "wxyz"), ("miss", "abce"))
        self.assertEqual(explain_miss(log, 2).nearest, "abcd")

    def test_missing_part(self):
        """A part that one of the keys lacks is said to be absent there."""
        log = operations(("put", "a:1"), ("miss", "a:1:z"))
        self.assertEqual(explain_miss(log, 1).differing, (("part 3", ABSENT, "z"),))

    def test_types_differ(self):
        """1 and 1.0 and True are one key to a dict, and three to whoever wonders why."""
        log = operations(("put", ("a", 1)), ("miss", ("a", "1")))
        self.assertEqual(explain_miss(log, 1).differing, (("part 2", 1, "1"),))

    def test_keys_that_do_not_compare(self):
        """Keys that can't be compared, or shown, are different."""

        class Key:
            def __eq__(self, other):
                raise ValueError("ambiguous")

            def __str__(self):
                raise ValueError("no")

            __repr__ = __str__
            __hash__ = object.__hash__

        log = operations(("put", (Key(), 1)), ("put", (Key(), 2)), ("miss", (Key(), 3)))
        self.assertEqual(explain_miss(log, 2).reason, "never put")
        key = Key()
        self.assertEqual(explain_miss(operations(("put", key), ("miss", key)), 1), Miss("put before"))

    def test_nothing_differs_but_the_punctuation(self):
        """Keys with the same parts have no part that differs."""
        self.assertEqual(explain_miss(operations(("put", "a/b"), ("miss", "a:b")), 1).differing, ())
        self.assertEqual(
            explain_miss(operations(("put", ("a", None)), ("miss", ("a",))), 1).differing,
            (("part 2", None, ABSENT),),
        )

    def test_long_keys(self):
        """Of a key as long as a prompt, only the first parts are looked at."""
        looked = []

        def take_apart(key):
            looked.append(key)
            return components(key)

        words = " ".join(map(str, range(3000)))
        log = operations(*(("put", f"{n} {words}") for n in range(2000)), ("miss", f"x {words}"))
        found = explain_miss(log, 2000, take_apart)
        self.assertEqual([name for name, _, _ in found.differing], ["part 1"])
        self.assertLessEqual(len(looked), 501)
        self.assertLessEqual(len(components(words)), 21)

    def test_own_components(self):
        """An adapter's own way of taking keys apart is used."""
        log = operations(("put", "a-1"), ("miss", "a-2"))
        found = explain_miss(log, 1, lambda key: list(zip(("name", "version"), key.split("-"), strict=True)))
        self.assertEqual(found.differing, (("version", "1", "2"),))


if __name__ == "__main__":
    unittest.main()

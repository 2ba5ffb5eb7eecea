import unittest

from parameterized import parameterized

from cachetest._telling.likeness import closest_keys, hashes_of, identity, likest, same, same_key


class ClosestTests(unittest.TestCase):
    def test_order(self):
        """The likest keys come first, and no more than asked for."""
        self.assertEqual(
            closest_keys("user:42", ["a", "user:41", "b", "user:420"], 2), ["user:420", "user:41"]
        )
        self.assertEqual(closest_keys("user:42", [], 2), [])


class Array:
    """A value whose == gives an array, as of numpy."""

    def __init__(self, *values):
        self.values = values

    def __eq__(self, other):
        return Answer(one == two for one, two in zip(self.values, other.values, strict=True))

    __hash__ = None


class Answer(list):
    """An answer for each of several values, which is neither true nor false."""

    def __bool__(self):
        raise ValueError("ambiguous")

    def all(self):
        return all(self)


class Raises:
    """A key whose == raises."""

    def __eq__(self, other):
        raise ValueError("no")

    def __hash__(self):
        return 1


class SameTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("equal", 1, 1.0, True),
            ("different", 1, 2, False),
            ("arrays", Array(1, 2), Array(1, 2), True),
            ("other arrays", Array(1, 2), Array(1, 3), False),
            ("arrays of other lengths", Array(1, 2), Array(1), False),
            ("== raises", Raises(), Raises(), False),
        ]
    )
    def test_same(self, _, one, other, answer):
        """Values are compared by ==, whatever that gives or raises."""
        self.assertIs(same(one, other), answer)

    def test_itself(self):
        """A value is the same as itself, whatever its == says."""
        for value in (float("nan"), Raises(), Array(1)):
            self.assertTrue(same(value, value))

    def test_same_key(self):
        """Keys of different types are never the same."""
        self.assertTrue(same_key("a", "a"))
        for other in (1.0, True, "1"):
            self.assertFalse(same_key(1, other))


class IdentityTests(unittest.TestCase):
    @parameterized.expand([("a",), (1,), (("a", 1),), (None,)])
    def test_equal_keys(self, key):
        """What stands for a key is equal to what stands for an equal one, and can be looked up."""
        again = type(key)(key) if key is not None else None
        self.assertEqual(identity(key), identity(again))
        self.assertEqual(hash(identity(key)), hash(identity(again)))

    def test_types(self):
        """1, 1.0 and True are three keys."""
        self.assertEqual(len({identity(1), identity(1.0), identity(True)}), 3)

    def test_keys_that_can_not_be_looked_up(self):
        """A key that can't be hashed stands for itself alone, as one whose == raises does."""
        key = [1]
        self.assertEqual(identity(key), identity(key))
        self.assertNotEqual(identity(key), identity([1]))
        self.assertNotEqual(identity(Raises()), identity(Raises()))


class LikestTests(unittest.TestCase):
    def test_newest_of_equally_like(self):
        """Of keys that are equally like it is the newest."""
        self.assertEqual(likest("('a', 3)", [("a", 1), ("a", 2)]), [1])

    def test_only_one(self):
        """Of one key there is no choice."""
        self.assertEqual(likest("'a'", [object()]), [0])

    def test_hashes_of(self):
        """Each part has a hash, by name, type and value; where one has none, there are none."""
        one, other = hashes_of({"a": 1, "b": 2}), hashes_of({"a": True, "b": 2})
        self.assertEqual([x == y for x, y in zip(one, other, strict=True)], [False, True])
        self.assertIsNone(hashes_of({"a": [1]}))


if __name__ == "__main__":
    unittest.main()

import dataclasses
import hashlib
import itertools
import tracemalloc
import unittest
from collections import OrderedDict, deque, namedtuple

from parameterized import parameterized

from cachetest._telling.formatting import (
    Shown,
    change,
    common_start,
    first_of,
    label_keys,
    shared_ends,
    short_middle,
    short_repr,
)


def digest(n):
    return hashlib.sha256(b"%d" % n).hexdigest()


class Text(str):
    """A string whose repr is not asked for."""


class Huge:
    """A stand-in for a large value, which must not be built into text as a whole."""

    def __init__(self):
        self.reprs = 0

    def __repr__(self):
        self.reprs += 1
        return "x"


@dataclasses.dataclass
class Entry:
    name: str
    payload: object
    hidden: int = dataclasses.field(default=0, repr=False)


class Rude:
    def __repr__(self):
        raise RuntimeError("no")


class ShortenTests(unittest.TestCase):
    @parameterized.expand(
        [(1,), (None,), ("text",), (b"bytes",), ([1, "two"],), ({"a": 1},), ((1,),), (1.5,)]
    )
    def test_short(self, value):
        """What is short is shown as it is."""
        self.assertEqual(short_repr(value), repr(value))

    @parameterized.expand(
        [
            ("str", "a" * 1000),
            ("bytes", b"a" * 1000),
            ("bytearray", bytearray(b"a" * 1000)),
            ("list", list(range(1000))),
        ]
    )
    def test_cut(self, _, value):
        """What is long is cut at 100 characters, and marked."""
        self.assertEqual(short_repr(value), repr(value)[:100] + "...")

    def test_exactly_the_limit(self):
        """A text of 100 characters is not long."""
        self.assertEqual(short_repr("a" * 98), repr("a" * 98))
        self.assertEqual(short_repr("a" * 99), repr("a" * 99)[:100] + "...")

    @parameterized.expand([("list", list), ("tuple", tuple), ("deque", deque)])
    def test_not_built_whole(self, _, cls):
        """Only as much of a container is looked at as can be shown."""
        values = [Huge() for _ in range(1000)]
        short_repr(cls(values))
        self.assertLess(sum(value.reprs for value in values), 50)

    def test_dict_and_dataclass_not_built_whole(self):
        """The same inside a dict, and inside the repr that a dataclass generates."""
        values = [Huge() for _ in range(1000)]
        short_repr(Entry("a", {"key": values}))
        self.assertLess(sum(value.reprs for value in values), 50)

    def test_dataclass(self):
        """A dataclass looks as it always does."""
        for value in (Entry("a", 1), Entry("a", Entry("b", 2))):
            self.assertEqual(short_repr(value), repr(value))

    def test_huge_int(self):
        """A huge integer is not turned into decimal digits, which Python may refuse."""
        self.assertEqual(short_repr(1 << 100_000), "<an int of 100001 bits>")

    def test_repr_that_raises(self):
        """A value without a usable repr does not keep the others from being shown."""
        self.assertIn("Rude instance", short_repr(Rude()))


class Unreadable:
    def __get__(self, instance, owner):
        raise KeyError("no")


@dataclasses.dataclass
class Broken:
    field: int = 0


Broken.field = Unreadable()


class UnusableTests(unittest.TestCase):
    def test_what_can_not_be_shown(self):
        """A dataclass whose field can't be read, and a class that is only called list, are shown by name."""
        for value in (object.__new__(Broken), type("list", (), {})()):
            self.assertRegex(short_repr(value), "(Broken|list)")


class LabelTests(unittest.TestCase):
    def test_short_keys(self):
        """What is short is written as it is."""
        self.assertEqual(label_keys(["a", ("b", 1)])(("b", 1)), "('b', 1)")

    def test_long_keys(self):
        """The middle of a long key is left out, wherever it is written."""
        key = digest(1) * 2
        label = label_keys([key])
        self.assertLessEqual(len(label(key)), 60)
        self.assertIn("...", label(key))
        self.assertEqual(label(key), label_keys([key, "short"])(key))

    @parameterized.expand(
        [
            ("middle", "a" * 60 + "x" + "b" * 60, "a" * 60 + "y" + "b" * 60),
            (
                "hashes",
                digest(1)[:30] + digest(2) + digest(3)[:30],
                digest(1)[:30] + digest(4) + digest(3)[:30],
            ),
            ("length", "a" * 100, "a" * 101),
            ("tuples", ("x" * 80, 1, "y" * 80), ("x" * 80, 2, "y" * 80)),
            ("beyond_what_is_built", "a" * 10_000 + "x", "a" * 10_000 + "y"),
            ("types", ("1" * 80, 1), ("1" * 80, "1")),
        ]
    )
    def test_different_keys_look_different(self, _, one, other):
        """Keys with equal ends are told apart, and equal keys look equal, whichever object they are."""
        label = label_keys([one, other, one])
        self.assertNotEqual(label(one), label(other))
        again = type(one)(list(one)) if isinstance(one, tuple) else "".join(list(one))
        self.assertEqual(label(one), label(again))
        self.assertLessEqual(len(label(one)), 66)

    def test_many_alike(self):
        """Of many keys with equal ends, each has a look of its own."""
        keys = [f"{'a' * 40}{n:03}{'b' * 40}" for n in range(200)]
        label = label_keys(keys)
        self.assertEqual(len({label(key) for key in keys}), 200)


class ChangeTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("values", 1, "1", "1 -> '1'"),
            ("shown", Shown("False"), Shown("True"), "False -> True"),
            ("lines", "a\nsin(x)\nb", "a\ncos(x)\nb", "- sin(x) | + cos(x)"),
            ("many_lines", "a\nb\nc\nd", "e\nf\ng\nh", "- a | - b | + e | + f | 4 more lines"),
        ]
    )
    def test_text(self, _, was, now, text):
        """A change is was and now; of several lines those that differ."""
        self.assertEqual(
            change(Shown(was) if "\n" in str(was) else was, Shown(now) if "\n" in str(now) else now), text
        )

    def test_long(self):
        """Of long texts the place where they differ is shown, and where it is."""
        text = change("a" * 100 + "x" + "b" * 100, "a" * 100 + "y" + "b" * 100)
        self.assertRegex(text, r"aaxbb.* -> .*aaybb.* \(from character 101 on\)")

    def test_shown_by_identity(self):
        """Two parts with the same text are different where what they stand for is."""
        self.assertNotEqual(Shown("x", "1"), Shown("x", "2"))
        self.assertEqual({Shown("x", "1"), Shown("y", "1")}, {Shown("x", "1")})


class EndsTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("", "", 0, 0),
            ("abc", "abc", 3, 0),
            ("abXcd", "abYcd", 2, 2),
            ("aa", "aaa", 2, 0),
            ("x", "y", 0, 0),
        ]
    )
    def test_shared(self, one, other, start, end):
        """A character is shared at one end only."""
        self.assertEqual(shared_ends(one, other), (start, end))
        self.assertEqual(common_start([one, other]), start)

    def test_middle(self):
        """What is short is whole; of what is long both ends are kept."""
        self.assertEqual(short_middle("a" * 60), "a" * 60)
        self.assertEqual(short_middle("a" * 50 + "b" * 50), "a" * 28 + "..." + "b" * 28)


class CostTests(unittest.TestCase):
    # By functions: what has a docstring made of it, as parameters have, is shown by its whole repr.
    @parameterized.expand(
        [
            ("text", lambda: "a" * 50_000_000),
            ("bytes", lambda: b"a" * 50_000_000),
            ("subclass", lambda: Text("a" * 50_000_000)),
            ("list", lambda: list(range(1_000_000))),
            ("ordered", lambda: OrderedDict.fromkeys(range(500_000))),
            ("set", lambda: set(range(500_000))),
            ("named", lambda: namedtuple("Pair", "a b")("a" * 50_000_000, 1)),
        ]
    )
    def test_huge_value(self, _, make):
        """A value of 50 MB costs no memory to speak of, whatever it is kept in."""
        value = make()
        tracemalloc.start()
        try:
            self.assertLess(len(short_repr(value)), 110)
            self.assertLess(tracemalloc.get_traced_memory()[1], 1_000_000)
        finally:
            tracemalloc.stop()


class FirstOfTests(unittest.TestCase):
    def test_no_more_than_asked_for(self):
        """Of very many no more is looked at than is shown."""
        self.assertEqual(first_of(itertools.count(), 3), [0, 1, 2])
        self.assertEqual(first_of([1], 3), [1])

    def test_changed_meanwhile(self):
        """What another thread adds to while it is gone through is gone through again, at once."""
        entries = {1: 1, 2: 2}

        class Changing:
            times = 0

            def __iter__(self):
                self.times += 1
                found = iter(entries)
                if self.times == 1:
                    entries[3] = 3
                return found

        self.assertEqual(first_of(Changing(), 2), [1, 2])


if __name__ == "__main__":
    unittest.main()

import dataclasses
import hashlib
import unittest
import uuid

from parameterized import parameterized

from cachetest._telling.comparison import compare
from cachetest._telling.explanation import Difference
from cachetest._telling.formatting import Shown, change
from cachetest._telling.key_parts import MOST_PARTS, components


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


@dataclasses.dataclass(frozen=True)
class Old:
    user: int


@dataclasses.dataclass(frozen=True)
class New:
    user: int


class OtherwiseTests(unittest.TestCase):
    @parameterized.expand(
        [
            (
                "query",
                "user=1&page=2",
                "page=2&user=1",
                "the order of its parts only: user, page -> page, user",
            ),
            ("json", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}', "the order of its parts only: a, b -> b, a"),
            ("punctuation", "a/b", "a:b", "the way it is written only: 'a/b' -> 'a:b'"),
            ("separator at the end", "a:b", "a:b:", "the way it is written only: 'a:b' -> 'a:b:'"),
            ("two separators", "a:b", "a::b", "the way it is written only: 'a:b' -> 'a::b'"),
            (
                "blanks in json",
                '{"a":1}',
                '{"a": 1}',
                """the way it is written only: '{"a":1}' -> '{"a": 1}'""",
            ),
            ("bytes", "price:lamp", b"price:lamp", "type only: str -> bytes, of the same text"),
            ("text", b"price:lamp", "price:lamp", "type only: bytes -> str, of the same text"),
            ("list", ("a", [1]), ("a", (1,)), "the type of part 2 only: list -> tuple"),
            ("class", Old(1), New(1), "the type of key only: Old -> New"),
            (
                "after the first parts",
                (0,) * MOST_PARTS + (1,),
                (0,) * MOST_PARTS + (2,),
                "what comes after its first 2,000 parts",
            ),
        ]
    )
    def test_said(self, _, was, now, said):
        """Where no part differs, it is said what does, and nothing else."""
        found = compare(was, now, components)
        self.assertEqual((found.differences, found.otherwise), ((), said))

    @parameterized.expand(
        [
            ("number and text", 42, "user:42", "key: 42 -> 'user:42'"),
            ("text and json", "user", '{"user": 1}', """key: 'user' -> '{"user": 1}'"""),
            ("bytes", b"user:1", "user:2", "key: b'user:1' -> 'user:2'"),
        ]
    )
    def test_nothing_in_common(self, _, was, now, told):
        """Keys that have no part in common are compared as a whole."""
        self.assertEqual([str(each) for each in compare(was, now, components).differences], [told])

    def test_parts_that_are_not_known(self):
        """A key whose parts are known is not compared part by part with one whose parts are not."""
        known = {"pt2:graph:fabc": [(f"config {n}", n) for n in range(650)]}

        def apart(key):
            return known.get(key) or [("cache id", key[:9])]

        found = compare("pt2:graph:fxyz", "pt2:graph:fabc", apart)
        self.assertEqual([str(each) for each in found.differences], ["part 3: 'fxyz' -> 'fabc'"])
        self.assertEqual(found.note, "the parts of that key are not known: it was not made in this scope")
        self.assertEqual(compare("pt2:graph:fxyz", "pt2:graph:fabd", apart).note, "")


class HashTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("alone", digest("a"), digest("b"), "a hash, and what went into it can't be told from it"),
            (
                "after a name",
                f"jit_f-{digest('a')}",
                f"jit_f-{digest('b')}",
                "a hash after 'jit_f-', and what",
            ),
            ("before an end", f"{digest('a')}.bin", f"{digest('b')}.bin", "a hash, and what went into it"),
            ("in capitals", digest("a").upper(), digest("b").upper(), "a hash, and"),
        ]
    )
    def test_hash(self, _, was, now, told):
        """Of two hashes it is said that they tell nothing; what is before them is told."""
        self.assertIn(told, str(Difference("part 1", was, now)))

    @parameterized.expand(
        [
            ("padded number", f"{42:032}", f"{43:032}"),
            ("padded, all digits", f"{42:032}", f"{9 * 10**31}"),
            ("padded hex", f"{0xBEEF:032x}", f"{0xCAFE:032x}"),
            ("one letter", "x" * 64, "x" * 63 + "y"),
            ("random id", uuid.UUID(int=1, version=4).hex, uuid.UUID(int=2**127 - 1, version=4).hex),
            ("lengths", "a1" * 16, "b2" * 20),
        ]
    )
    def test_no_hash(self, _, was, now):
        """What only looks like one is shown as it is."""
        text = str(Difference("part 1", was, now))
        self.assertNotIn("a hash", text)
        self.assertIn(" -> ", text)


class LongChangeTests(unittest.TestCase):
    """The name of what changed is not cut away."""

    def test_word(self):
        """The word that has changed is whole, wherever it is in a long text."""
        was, now = (f"({'0, ' * 60}'__compiled_fn_{n}_81a2af99_2b3c_4d5e', {'1, ' * 60})" for n in (1, 3))
        text = change(Shown(was), Shown(now))
        for n in (1, 3):
            self.assertIn(f"'__compiled_fn_{n}_81a2af99_2b3c_4d5e'", text)

    def test_field(self):
        """Of a long text that is a collection, the field that has changed is named."""
        was, now = (f"({'True, ' * 20}'__compiled_fn_{n}_81a2af99')" for n in (1, 3))
        apart = {"was": [("aot_config", Shown(was))], "now": [("aot_config", Shown(now))]}
        found = compare("was", "now", apart.__getitem__)
        self.assertEqual(
            [str(each) for each in found.differences],
            ["aot_config[20]: '__compiled_fn_1_81a2af99' -> '__compiled_fn_3_81a2af99'"],
        )

    def test_far_on(self):
        """So is one after many thousands of characters, and it is said where that is."""
        text = change("lamp " * 10_000 + "red", "lamp " * 10_000 + "green")
        self.assertIn("red'", text)
        self.assertIn("green'", text)
        self.assertIn("(from character 50001 on)", text)


if __name__ == "__main__":
    unittest.main()

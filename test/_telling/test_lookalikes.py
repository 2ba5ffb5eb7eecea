import unittest

from parameterized import parameterized

from cachetest import MockCache
from cachetest._telling import failures
from cachetest._telling.explanation import Difference
from cachetest._telling.formatting import Shown, change, label_keys
from cachetest._telling.lookalikes import escaped, looks_alike

ALIKE = [
    ("composed", "ca\u00e9", "cae\u0301"),
    ("cyrillic", "paypal", "p\u0430yp\u0430l"),
    ("greek", "Nikon", "\u039dikon"),
    ("full width", "a1", "\uff411"),
    ("ligature", "file", "\ufb01le"),
    ("dash", "a-b", "a\u2013b"),
    ("quote", "it's", "it\u2019s"),
    ("zero width", "user", "us\u200ber"),
    ("byte order mark", "user", "\ufeffuser"),
    ("no-break space", "a b", "a\u00a0b"),
    ("thin space", "a b", "a\u2009b"),
    ("soft hyphen", "user", "us\u00ader"),
]


class LooksAlikeTests(unittest.TestCase):
    @parameterized.expand(ALIKE)
    def test_alike(self, _, one, other):
        """Texts that can't be told apart by looking at them are found."""
        self.assertTrue(looks_alike(one, other))
        self.assertTrue(looks_alike(other, one))

    @parameterized.expand(
        [
            ("same", "\u00e9", "\u00e9"),
            ("accent", "cafe", "caf\u00e9"),
            ("other letters", "\u043b\u0430\u043c\u043f\u0430", "\u0441\u0442\u043e\u043b"),
            ("ASCII", "O0", "00"),
            ("longer", "\u00e9", "\u00e9\u00e9"),
        ]
    )
    def test_not_alike(self, _, one, other):
        """Texts that can be told apart are not."""
        self.assertFalse(looks_alike(one, other))

    def test_escaped(self):
        """An escape stands for all that is not ASCII."""
        self.assertEqual(escaped("'a\u00e9\u200b'"), "'a\\xe9\\u200b'")


class ShownApartTests(unittest.TestCase):
    @parameterized.expand(ALIKE)
    def test_difference(self, _, one, other):
        """A part that has changed into one that looks the same is shown with escapes."""
        was, _, now = str(Difference("part 1", one, other)).removeprefix("part 1: ").partition(" -> ")
        self.assertTrue(was.isascii() and now.isascii(), (was, now))
        self.assertNotEqual(was, now)
        self.assertEqual((eval(was), eval(now)), (one, other))

    @parameterized.expand(ALIKE)
    def test_keys(self, _, one, other):
        """Of two such keys in one text, neither can be taken for the other."""
        label = label_keys([one, other])
        self.assertTrue((label(one) + label(other)).isascii())
        self.assertNotEqual(label(one), label(other))

    def test_legible(self):
        """A key alone, or beside others that look different, is written as it is."""
        label = label_keys(["\u043b\u0430\u043c\u043f\u0430", "\u0441\u0442\u043e\u043b"])
        self.assertEqual(label("\u0441\u0442\u043e\u043b"), "'\u0441\u0442\u043e\u043b'")

    def test_values(self):
        """So it is with a value that was expected and one that was found."""
        text = failures.value_differs("c", "k", "ca\u00e9", "cae\u0301")
        self.assertIn("'ca\\xe9' -> 'cae\\u0301'", text)

    @parameterized.expand(
        [
            ("blank at the end", "lamp:1", "lamp:1 ", "part 2: '1' -> '1 '"),
            ("blank in front", "lamp", " lamp", "part 1: 'lamp' -> ' lamp'"),
            ("line end", "lamp", "lamp\n", r"part 1: 'lamp' -> 'lamp\n'"),
            ("control character", "lamp", "la\x00mp", r"part 1: 'lamp' -> 'la\x00mp'"),
        ]
    )
    def test_what_can_not_be_seen(self, _, put, missed, told):
        """A blank or a character that can't be seen is shown with its part."""
        cache = MockCache("c")
        cache.put(put, 1)
        cache.get(missed)
        self.assertIn(told, str(cache.explain()))

    def test_without_quotes(self):
        """A text that is written without quotes gets some where it ends in a blank."""
        self.assertEqual(change(Shown("a"), Shown("a ")), "'a' -> 'a '")


class Alike:
    """A key that is written as others are."""

    def __repr__(self):
        return "Alike"


class Text(str):
    """A string that is written as any other."""


class WrittenAlikeTests(unittest.TestCase):
    def test_change(self):
        """Where the texts are the same, it is said what is not."""
        self.assertEqual(change(Alike(), Alike()), "Alike -> another Alike that is written alike")
        self.assertEqual(change("a", Text("a")), "'a' (str) -> 'a' (Text)")
        self.assertIn("differ after their first 4,000 characters", change([*range(3000)], [*range(3001)]))

    def test_keys(self):
        """Different keys that are written alike are numbered."""
        one, other = Alike(), Alike()
        label = label_keys([one, other])
        self.assertEqual((label(one), label(other)), ("Alike #1", "Alike #2"))
        self.assertEqual(label_keys([one, one])(one), "Alike")


if __name__ == "__main__":
    unittest.main()

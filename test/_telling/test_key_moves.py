"""The texts of keys that are others in another process, of parts that are made up."""

import unittest
from typing import NamedTuple

from parameterized import parameterized

from cachetest._telling.key_moves import Moved, not_stable

FACTS = [
    {"process": 4711, "folder": "/tmp/one", "time": 1_796_070_413.5, "address": 0x7F340766C9E0},
    {"process": 4712, "folder": "/tmp/two", "time": 1_796_070_414.5, "address": 0x7FE7C017BCA0},
]


class Part(NamedTuple):
    name: str
    text: str
    pickled: str = ""


class Key(NamedTuple):
    parts: list
    store: str | None = None
    type: str = "builtins.str"
    where: str = "shop.py:9 in price"

    @property
    def text(self):
        return repr(":".join(part.text for part in self.parts))


def key(*texts, **more):
    return Key([Part(f"part {n}", text) for n, text in enumerate(texts, 1)], **more)


class MovedTests(unittest.TestCase):
    def told(self, one, other, again=None, **alone):
        text = not_stable("prices", "price()", Moved([one, other], FACTS, alone, again))
        first, runs, *lines = text.splitlines()
        self.assertEqual(first, "cache 'prices': price() looks up other keys in another process")
        self.assertTrue(runs.endswith(", at shop.py:9 in price"), runs)
        return [line.strip() for line in lines]

    def test_causes(self):
        one = key("price", "1,5")
        lines = self.told(one, key("price", "1.5"), one, locale=key("price", "1.5"), zone=key("price", "1.5"))
        self.assertEqual(lines, ["part 2 changes with locale and with zone"])

    def test_no_cause(self):
        """What no single thing changes is told as it is; so is what was not tried."""
        one = key("price", "a")
        self.assertEqual(self.told(one, key("price", "b"), one, zone=one), ["part 2 is another in each"])
        self.assertEqual(self.told(one, key("price", "b")), ["part 2 is another in each"])

    def test_other_parts(self):
        """Keys with other parts are compared as they are."""
        one, other = key("a"), key("b", "c")
        self.assertEqual(self.told(one, other, one, zone=other), ["the key changes with zone"])

    def test_many(self):
        lines = self.told(key(*"abcdefg"), key(*"hijklmn"))
        self.assertEqual(lines[-1], "and 2 more parts")
        self.assertEqual(len(lines), 6)

    @parameterized.expand(
        [
            (["x", "y"], ["x", "z"], "all parts read the same; what is pickled of b differs"),
            (["", ""], ["", ""], "all parts read the same: what differs is not in their text"),
            (["x", "y"], ["v", "w"], "all parts read the same: what differs is not in their text"),
        ]
    )
    def test_parts_that_read_the_same(self, one, other, told):
        """A hash of parts whose texts are alike: what is pickled of one may differ."""
        keys = [
            Key([Part(name, "same", each) for name, each in zip("ab", pickled, strict=True)])
            for pickled in (one, other)
        ]
        self.assertEqual(self.told(*keys), [told])

    def test_stores(self):
        text = not_stable(
            "redis", "price()", Moved([key("a", store="one"), key("a", store="two")], FACTS, {}, None)
        )
        self.assertIn("'a' of one in run 1, 'a' of two in run 2", text)


if __name__ == "__main__":
    unittest.main()

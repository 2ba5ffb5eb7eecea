"""Keys with the folder of a module in them, and those that only look like it."""

import unittest
from typing import NamedTuple

from parameterized import parameterized

from cachetest._telling.key_paths import of_this_machine

FOLDERS = {"/home/ada/shop": "shop.prices", "/app/main.py": "main", "/home/ada/shop-old": "old"}


class Part(NamedTuple):
    name: str
    text: str


class Key(NamedTuple):
    text: str
    where: str = "shop.py:3 in price"
    parts: tuple[Part, ...] = ()


def told(*keys, folders=FOLDERS):
    return of_this_machine("prices", "price()", keys, folders)


class KeyPathTests(unittest.TestCase):
    def test_parts(self):
        """The parts are named that have one; of the keys, the first that has."""
        parts = (Part("part 1", "img"), Part("part 2", "/home/ada/shop/a.png"), Part("part 3", "80"))
        self.assertEqual(
            told(Key("'img:1'"), Key("'img:/home/ada/shop/a.png:80'", parts=parts)),
            "cache 'prices': price() looks up a key that is another on another machine\n"
            "  'img:/home/ada/shop/a.png:80', at shop.py:3 in price\n"
            "    part 2 looks like an absolute path: '/home/ada/shop' is where the module 'shop.prices' is "
            "on this machine",
        )

    @parameterized.expand(
        [
            ("the folder", "'/home/ada/shop'", "/home/ada/shop"),
            ("after a word", "'a:/home/ada/shop/b'", "/home/ada/shop"),
            ("the longest", "'/home/ada/shop-old/b'", "/home/ada/shop-old"),
            ("a module", "'/app/main.py:7'", "/app/main.py"),
        ]
    )
    def test_whole(self, _, text, folder):
        """Where no part has it, the whole key has."""
        self.assertIn(f"\n    the key looks like an absolute path: {folder!r} is", told(Key(text)))

    @parameterized.expand(
        [
            "'/home/ada/shopping'",
            "'/home/ada/shop.txt'",
            "'/srv/home/ada/shop'",
            "'/home/ada'",
            "'/app/data'",
            "'shop'",
        ]
    )
    def test_none(self, text):
        """What is beside the folder, or above it, is none; nor is anything where no module has a file."""
        self.assertIsNone(told(Key(text)))
        self.assertIsNone(told(Key("'/home/ada/shop'"), folders={}))


if __name__ == "__main__":
    unittest.main()

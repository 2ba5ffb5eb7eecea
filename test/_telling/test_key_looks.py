"""A part that is another in each process is told by what it looks like."""

import unittest

from parameterized import parameterized

from cachetest._telling.key_atoms import atoms_of
from cachetest._telling.key_looks import looks_like
from cachetest._telling.key_parts import components

FACTS = [
    {"process": 4711, "folder": "/tmp/one", "time": 1_796_070_413.5, "address": 0x7F340766C9E0},
    {"process": 4712, "folder": "/tmp/two", "time": 1_796_070_414.5, "address": 0x7FE7C017BCA0},
]


class LooksTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("<a.B object at 0x7ff91534c9e0>", "<a.B object at 0x7fdac74c7ca0>", "an address"),
            ("140718854425056", "140271014739104", "an address"),
            ("7f340766c9e0", "7fe7c017bca0", "an address"),
            ("0x7f340766c9e0", "0x7fe7c017bca0", "an address"),
            ("6049478860450035402", "-449070663260204739", "what hash() returns"),
            ("-63b4c4ab0e6cf0fa", "53f44bd3f33e9ef1", "what hash() returns"),
            ("{'a', 'b'}", "{'b', 'a'}", "the order of a set"),
            ("frozenset({1, 2})", "frozenset({2, 1})", "the order of a set"),
            ("/tmp/one/prices.txt", "/tmp/two/prices.txt", "a path in the working directory"),
            ("/a/b", "/c/d", "an absolute path"),
            ("20442446-85f3-4d8a-83a8-6c74b471a52b", "9ac89100-2b13-4ce8-9635-1ed04b5489a2", "a random id"),
            ("worker-4711", "worker-4712", "the id of the process"),
            ("1796070413", "1796070414", "the time"),
            ("1796070413.25", "1796070414.25", "the time"),
            ("1796070413250", "1796070414250", "the time"),
            ("a" * 31 + "1", "b" * 31 + "2", "a hash, and what went into it can't be told from it"),
            ("2023-11-14T22", "2023-11-15T03", "a time of day, or one in the time zone"),
            ("UTC", "IST", "a time zone"),
            ("+0000", "+05:30", "a time zone"),
            ("Asia/Kolkata", "America/St_Johns", "a time zone"),
            ("1,5", "1.5", ""),
            ("17", "18", ""),
            ("lamp", "chair", ""),
            ("lamp", "{'lamp'}", ""),
            ("deadbeef12345678", "no number", ""),
        ]
    )
    def test_look(self, one, other, told):
        self.assertEqual(looks_like([one, other], FACTS), told)

    def test_far_from_the_others(self):
        """A number as great as an address is none where no object is near it."""
        self.assertEqual(looks_like(["1048577000", "1048579000"], FACTS), "")


class AtomsTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("price:lamp:en", ["price", "lamp", "en"]),
            ("price:/tmp/a/b:en", ["price", "/tmp/a/b", "en"]),
            ("price:{'a', 'b'}:en", ["price", "{'a', 'b'}", "en"]),
            ("price:frozenset({1, 2})", ["price", "frozenset({1, 2})"]),
            ("<object object at 0x7ff91534c9e0>", ["<object object at 0x7ff91534c9e0>"]),
            ("at:2023-11-14T22:13:20+01:00:en", ["at", "2023-11-14T22:13:20+01:00", "en"]),
            ("v{'a'}x:en", ["v{'a'}x", "en"]),
            ("user/7/name", ["user", "7", "name"]),
            ("", []),
        ]
    )
    def test_text(self, key, parts):
        """What is one thing is one part."""
        found = atoms_of(key, components)
        self.assertEqual([value for _, value in found], parts)
        self.assertEqual([name for name, _ in found], [f"part {n}" for n in range(1, len(parts) + 1)])

    def test_named(self):
        self.assertEqual(atoms_of("item=lamp&path=/a/b", components), [("item", "lamp"), ("path", "/a/b")])

    @parameterized.expand([(("a", "b:c"),), ('{"a": 1}',), ("x" * 30_000,), (b"a:b",)])
    def test_others(self, key):
        """All else is taken apart as ever."""
        self.assertEqual(atoms_of(key, components), components(key))

    def test_known(self):
        """Parts that are known are not guessed."""
        known = [("item", "lamp")]
        self.assertIs(atoms_of("price:lamp", lambda _: known), known)

    def test_very_many(self):
        """Of very many atoms the first are told apart."""
        self.assertLess(len(atoms_of("/a/b:" * 1_000, components)), 2_000)


if __name__ == "__main__":
    unittest.main()

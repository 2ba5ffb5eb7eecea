"""What is another in each run is numbered, and nothing else."""

import re
import unittest
import uuid

from parameterized import parameterized

from cachetest._telling.volatile import Numbering, is_volatile

ONE, TWO = uuid.UUID(int=2**127), uuid.UUID(int=2**126)


class VolatileTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("address", f"{object()} x", "<object object at <1>> x"),
            ("uuid", f"user:{ONE}", "user:<1>"),
            ("same", f"{ONE} {TWO} {ONE}", "<1> <2> <1>"),
            ("color", "color:0xff00ff", "color:0xff00ff"),
            ("hash", "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"),
        ]
    )
    def test_always(self, _, text, numbered):
        """Addresses and uuids are numbered, and no hash is guessed."""
        self.assertEqual(Numbering().numbered(text), numbered)
        self.assertEqual(Numbering().blank(text), re.sub(r"<\d>", "<>", numbered))
        self.assertEqual(is_volatile(text), "<1>" in numbered)

    def test_patterns(self):
        """Of matches that overlap it is the first and longest; a group that took no part is none."""
        numbering = Numbering([re.compile("ab"), re.compile("abc"), re.compile("bcd|(e)(f)?")])
        self.assertEqual(numbering.numbered("abcd ab e ef"), "<1>d <2> <3> <3><4>")
        self.assertEqual(numbering.peek(["ab", "ef", "abc", "e"]), ["<2>", "<3><4>", "<1>", "<3>"])

    def test_peek(self):
        """To look at numbers gives none away."""
        numbering = Numbering([re.compile(r"\d+")])
        self.assertEqual(numbering.peek(["7", "8"]), ["<1>", "<2>"])
        self.assertEqual(numbering.numbered("8"), "<1>")


if __name__ == "__main__":
    unittest.main()

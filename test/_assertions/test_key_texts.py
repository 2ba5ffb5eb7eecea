"""Keys that are equal have one text in every process, and others have not."""

import unittest
from dataclasses import dataclass
from unittest import mock

from parameterized import parameterized

from cachetest._assertions.key_texts import KeyText, text_of
from cachetest._telling.key_parts import components


@dataclass(frozen=True)
class Query:
    item: str
    tags: frozenset


class Odd:
    def __repr__(self):
        raise ValueError("no text")


class Lost:
    def __reduce__(self):
        raise TypeError("not pickled")

    def __repr__(self):
        return "lost"


def text(key):
    operation = mock.Mock(store=None, key=key, where="shop.py:9 in price")
    return text_of(operation, components)


class TextTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("sets", frozenset({8, 0}), frozenset({0, 8}), True),
            ("inside", ("a", {"b": {8, 0}}), ("a", {"b": {0, 8}}), True),
            ("dataclasses", Query("a", frozenset({8, 0})), Query("a", frozenset({0, 8})), True),
            ("other dataclasses", Query("a", frozenset()), Query("b", frozenset()), False),
            ("orders of lists", [1, 2], [2, 1], False),
            ("orders of dicts", {1: 2, 3: 4}, {3: 4, 1: 2}, False),
            ("types", 1, True, False),
            ("texts", "a", "b", False),
            ("long texts", "a" * 10_000 + "b", "a" * 10_000 + "c", False),
            ("no text, and pickled alike", Odd(), Odd(), True),
            ("not pickled", Lost(), Lost(), True),
        ]
    )
    def test_same(self, _, one, other, is_same):
        self.assertIs(text(one).is_same(text(other)), is_same)

    def test_deep(self):
        """What is nested for ever has a text."""
        deep = []
        deep.append(deep)
        self.assertTrue(text(deep).is_same(text(deep)))

    def test_stores(self):
        found = text("a")
        self.assertFalse(found.is_same(found._replace(store="redis://localhost:6379/1")))

    def test_as_data(self):
        """It is the same after it was written and read."""
        import json

        found = text(("lamp", 1.5))
        self.assertEqual(KeyText.of_data(json.loads(json.dumps(found))), found)


if __name__ == "__main__":
    unittest.main()

"""Keys that are not what they say they are, or do not do what keys do: each text is written all the same."""

import collections
import dataclasses
import enum
import io
import json
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend

from ..support import run_method


class Proxy:
    """A lazy proxy: it says that it is a string, and is none."""

    __class__ = property(lambda self: str)

    def __eq__(self, other):
        return other is self

    def __hash__(self):
        return 1


class Raising:
    """Whatever it is asked, it raises, but for its hash."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("repr")

    def __eq__(self, other):
        raise RuntimeError("eq")

    def __hash__(self):
        return id(self)


class RaisingText(str):
    def __repr__(self):
        raise RuntimeError("repr")

    def __str__(self):
        raise RuntimeError("str")

    def __len__(self):
        raise RuntimeError("len")

    def __getitem__(self, index):
        raise RuntimeError("getitem")


class RaisingTuple(tuple):
    def __iter__(self):
        raise RuntimeError("iter")

    def __repr__(self):
        raise RuntimeError("repr")


class FalseClass:
    @property
    def __class__(self):
        raise RuntimeError("class")


@dataclasses.dataclass(frozen=True)
class Unset:
    field: int

    def __repr__(self):
        return "Unset()"

    def __hash__(self):
        return id(self)


class Colour(enum.Enum):
    RED = "a:b"


class ColourText(str, enum.Enum):
    RED = "a:b"


KEYS = [
    ("mock", lambda: mock.MagicMock(spec=str)),
    ("mock of bytes", lambda: mock.MagicMock(spec=bytes)),
    ("mock of a dict", lambda: mock.MagicMock(spec=dict)),
    ("mock of a tuple", lambda: mock.MagicMock(spec=tuple)),
    ("mock of an int", lambda: mock.MagicMock(spec=int)),
    ("any mock", mock.MagicMock),
    ("proxy", Proxy),
    ("proxy inside", lambda: ("a", Proxy())),
    ("raising", Raising),
    ("raising inside", lambda: ("a", Raising())),
    ("raising text", lambda: RaisingText("a:b")),
    ("raising text inside", lambda: ("a", RaisingText("a:b"))),
    ("raising tuple", lambda: RaisingTuple((1, 2))),
    ("raising tuple inside", lambda: ("a", RaisingTuple((1, 2)))),
    ("class that raises", FalseClass),
    ("class that raises inside", lambda: ("a", FalseClass())),
    ("unset field", lambda: object.__new__(Unset)),
    ("enum", lambda: Colour.RED),
    ("text that is an enum", lambda: ColourText.RED),
    ("not a number", lambda: float("nan")),
    ("a class", lambda: dict),
    ("a text of its own", lambda: collections.UserString("a:b")),
    ("surrogate", lambda: "a:\ud800"),
    ("nothing", lambda: ()),
    ("no text", lambda: ""),
]


class OddKeyTests(unittest.TestCase):
    @parameterized.expand(KEYS)
    def test_told(self, _, make):
        """A failure is an AssertionError, and reports and data are made, whatever the key."""

        def body(case):
            backend = MockBackend("b")
            key, other = make(), make()
            for each in (key, ("a", key), "a:b", "text"):
                backend.put(each, each)
                backend.get(each)
            backend.get(other)
            backend.get(("a", other))
            backend.get("a:c")
            for fail in (
                lambda: case.assertCacheStats("b", misses=99),
                lambda: case.assertCacheStats("b", hits=99),
                lambda: case.assertNotCached("b", key),
                lambda: case.assertCached("b", key, object()),
                lambda: case.assertCached("b", "none", "value"),
                case.assertCacheUnused,
            ):
                with case.assertRaises(AssertionError):
                    fail()
            case.caches.report(io.StringIO())
            json.dumps(case.caches.as_dict())
            str(case.caches.b.explain())

        _, result = run_method(CacheTestCase, body)
        self.assertEqual([text for _, text in result.errors + result.failures], [])


if __name__ == "__main__":
    unittest.main()

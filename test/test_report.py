import contextlib
import dataclasses
import io
import json
import unittest
from collections import deque

from parameterized import parameterized

from cachetest import MockCaches
from cachetest.report import shorten


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
        self.assertEqual(shorten(value), repr(value))

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
        self.assertEqual(shorten(value), repr(value)[:100] + "...")

    def test_exactly_the_limit(self):
        """A text of 100 characters is not long."""
        self.assertEqual(shorten("a" * 98), repr("a" * 98))
        self.assertEqual(shorten("a" * 99), repr("a" * 99)[:100] + "...")

    @parameterized.expand([("list", list), ("tuple", tuple), ("deque", deque)])
    def test_not_built_whole(self, _, cls):
        """Only as much of a container is looked at as can be shown."""
        values = [Huge() for _ in range(1000)]
        shorten(cls(values))
        self.assertLess(sum(value.reprs for value in values), 50)

    def test_dict_and_dataclass_not_built_whole(self):
        """The same inside a dict, and inside the repr that a dataclass generates."""
        values = [Huge() for _ in range(1000)]
        shorten(Entry("a", {"key": values}))
        self.assertLess(sum(value.reprs for value in values), 50)

    def test_dataclass(self):
        """A dataclass looks as it always does."""
        for value in (Entry("a", 1), Entry("a", Entry("b", 2))):
            self.assertEqual(shorten(value), repr(value))

    def test_huge_int(self):
        """A huge integer is not turned into decimal digits, which Python may refuse."""
        self.assertEqual(shorten(1 << 100_000), "<an int of 100001 bits>")

    def test_repr_that_raises(self):
        """A value without a usable repr does not keep the others from being shown."""
        self.assertIn("Rude instance", shorten(Rude()))


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
            self.assertRegex(shorten(value), "(Broken|list)")


class ReportTests(unittest.TestCase):
    def setUp(self):
        self.caches = MockCaches(["fx_graph", "triton"])

    def report(self, **options):
        out = io.StringIO()
        self.assertIsNone(self.caches.report(out, **options))
        return out.getvalue()

    def test_names_every_cache(self):
        """Each cache is there, used or not; entries follow for those that have some."""
        self.caches.fx_graph.put("key", "v" * 200)
        self.caches.fx_graph.get("key")
        self.assertEqual(
            self.report(),
            "Cache Stats:\n"
            "  fx_graph: puts: 1, misses: 0, hits: 1\n"
            "  triton: puts: 0, misses: 0, hits: 0\n"
            "Cache Entries:\n"
            "  fx_graph:\n"
            f"    'key': '{'v' * 99}...\n",
        )

    def test_without_entries(self):
        """Entries may be left out."""
        self.caches.fx_graph.put("key", 1)
        self.assertNotIn("key", self.report(entries=False))

    def test_keys_of_any_mix(self):
        """Keys that can't be ordered among themselves are shown, in the order of their text."""
        for key in (2, "b", None, (1, "x"), b"a", 1.5):
            self.caches.triton.put(key, 0)
        lines = self.report().splitlines()[-6:]
        self.assertEqual(lines, sorted(lines))
        self.assertEqual(len(set(lines)), 6)

    def test_standard_error_by_default(self):
        """It prints where unittest prints."""
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            self.caches.report()
        self.assertTrue(err.getvalue().startswith("Cache Stats:\n"))

    def test_footnotes(self):
        """What a scope has to add comes last."""
        caches = MockCaches(["c"], footnotes=lambda: ["one", "two"])
        out = io.StringIO()
        caches.report(out)
        self.assertTrue(out.getvalue().endswith("Cache Entries:\none\ntwo\n"))

    def test_as_dict(self):
        """All of it can be written as JSON, whatever the keys and values are."""
        self.caches.fx_graph.put(("a", 1), b"bytes")
        self.caches.fx_graph.get(("a", 1))
        self.caches.fx_graph.put("b", 7)
        found = json.loads(json.dumps(self.caches.as_dict()))
        self.assertEqual(set(found), {"fx_graph", "triton"})
        graph = found["fx_graph"]
        self.assertEqual((graph["puts"], graph["hits"], graph["misses"]), (2, 1, 0))
        self.assertEqual(graph["hit_ratio"], 1.0)
        self.assertEqual(
            graph["entries"],
            [{"key": "'b'", "value": 7}, {"key": "('a', 1)", "value": "b'bytes'"}],
        )
        self.assertEqual([o["kind"] for o in graph["operations"]], ["put", "hit", "put"])
        self.assertEqual([o["key"] for o in graph["operations"]], ["('a', 1)", "('a', 1)", "b"])
        self.assertIn("test_report.py", graph["operations"][0]["where"])
        self.assertIsNone(found["triton"]["hit_ratio"])


if __name__ == "__main__":
    unittest.main()

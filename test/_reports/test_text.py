import contextlib
import dataclasses
import io
import json
import tracemalloc
import unittest
from collections import deque

from parameterized import parameterized

from cachetest import MockCaches
from cachetest._telling.formatting import Shown, short_repr


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
            self.report(operations=False),
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
        self.assertNotIn("key", self.report(entries=False, operations=False))

    def test_operations(self):
        """Operations follow, and why the newest miss was one."""
        self.caches.fx_graph.put("a:1", 1)
        self.caches.fx_graph.get("a:2")
        text = self.report(entries=False)
        self.assertRegex(
            text, r"Cache Operations:\n  fx_graph:\n    1. put   'a:1'  at test.*, by MainThread\n"
        )
        self.assertIn(
            "    about operation 2: never put before; the nearest key, 'a:1', put by operation 1", text
        )
        self.assertIn("        part 2: '1' -> '2'\n", text)

    def test_unknown(self):
        """What can't be known of a cache is said."""
        self.caches.fx_graph.unavailable = {"puts": "nobody counts them"}
        self.assertIn("hits: 0\n    puts can't be known: nobody counts them\n", self.report())

    def test_very_many(self):
        """Of very many entries and operations some are shown, without a text for each of the others."""
        cache = self.caches.fx_graph
        for n in range(200_000):
            cache.cache[n] = n
        for n in range(20_000):
            cache.put(n, n)
        tracemalloc.start()
        try:
            text = self.report()
            self.assertLess(tracemalloc.get_traced_memory()[1], 5_000_000)
        finally:
            tracemalloc.stop()
        self.assertIn("    ... 199,900 more\n", text)
        self.assertIn("    ... 19,970 earlier operations\n", text)
        self.assertLess(len(text.splitlines()), 200)

    def test_keys_of_any_mix(self):
        """Keys that can't be ordered among themselves are shown, in the order of their text."""
        for key in (2, "b", None, (1, "x"), b"a", 1.5):
            self.caches.triton.put(key, 0)
        lines = self.report(operations=False).splitlines()[-6:]
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
        self.assertTrue(out.getvalue().endswith("Cache Operations:\none\ntwo\n"))

    def test_as_dict(self):
        """All of it can be written as JSON, whatever the keys and values are."""
        self.caches.fx_graph.put(("a", 1), b"bytes")
        self.caches.fx_graph.get(("a", 1))
        self.caches.fx_graph.put("b", 7)
        self.caches.fx_graph.get("c")
        found = json.loads(json.dumps(self.caches.as_dict()))
        self.assertEqual(set(found), {"version", "caches"})
        self.assertEqual(found["version"], 1)
        self.assertEqual(set(found["caches"]), {"fx_graph", "triton"})
        graph = found["caches"]["fx_graph"]
        self.assertEqual((graph["puts"], graph["hits"], graph["misses"]), (2, 1, 1))
        self.assertEqual(graph["hit_ratio"], 0.5)
        self.assertEqual(
            graph["entries"],
            [{"key": "('a', 1)", "value": "b'bytes'"}, {"key": "b", "value": 7}],
        )
        self.assertEqual([o["kind"] for o in graph["operations"]], ["put", "hit", "put", "miss"])
        self.assertEqual([o["key"] for o in graph["operations"]], ["('a', 1)", "('a', 1)", "b", "c"])
        self.assertIn("test_text.py", graph["operations"][0]["where"])
        self.assertEqual(graph["operations_not_kept"], 0)
        miss = graph["newest_miss"]
        self.assertEqual((miss["operation"], miss["reason"], miss["nearest"]), (4, "never put", "b"))
        self.assertEqual(miss["differences"], [{"part": "part 1", "was": "b", "now": "c"}])
        self.assertIn("part 1: 'b' -> 'c'", miss["text"])
        triton = found["caches"]["triton"]
        self.assertIsNone(triton["hit_ratio"])
        self.assertIsNone(triton["newest_miss"])

    def test_as_dict_of_what_json_lacks(self):
        """Subclasses of str, bypasses and unknown counts are plain text too."""
        self.caches.fx_graph.record("bypass", Shown("no shape env"))
        self.caches.fx_graph.unavailable = {"puts": "why"}
        graph = json.loads(json.dumps(self.caches.as_dict()))["caches"]["fx_graph"]
        self.assertEqual(graph["operations"][0]["key"], "no shape env")
        self.assertEqual(graph["newest_miss"]["reason"], "bypassed")
        self.assertEqual(graph["unknown"], {"puts": "why"})


if __name__ == "__main__":
    unittest.main()

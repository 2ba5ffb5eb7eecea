import json
import unittest

from cachetest import MockCaches
from cachetest._telling.formatting import Shown


class PositionTests(unittest.TestCase):
    """In version 1 of the layout an operation goes by its place among all those of its cache."""

    def setUp(self):
        self.caches = MockCaches(["c", "other"], log_length=4)

    def use(self, *steps):
        """Do each of *steps*, with two operations on another cache before it; return the miss as data."""
        for kind, key in steps:
            self.caches.other.put(key, 1)
            self.caches.other.get(key)
            if kind == "put":
                self.caches.c.put(key, 1)
            elif kind in ("get", "delete"):
                getattr(self.caches.c, kind)(key)
            else:
                self.caches.c.record(kind, key)
        return self.caches.as_dict()["caches"]["c"]["newest_miss"]

    def test_nearest(self):
        """The miss and the nearest key are told by their places, in the text as well."""
        miss = self.use(("put", "a:1"), ("put", "b:7"), ("get", "a:2"))
        self.assertEqual((miss["operation"], miss["nearest"], miss["nearest_operation"]), (3, "a:1", 1))
        self.assertEqual((miss["earlier"], miss["later"]), (None, None))
        self.assertIn("cache 'c', operation 3, key 'a:2'", miss["text"])
        self.assertIn("put by operation 1, differs in", miss["text"])
        # In a text for people the numbers are those of the scope.
        self.assertEqual(self.caches.c.explain().operation, 9)

    def test_earlier_and_later(self):
        """So are the operation that took the key away, and the put that came too late."""
        miss = self.use(("put", "a"), ("delete", "a"), ("get", "a"), ("put", "a"))
        self.assertEqual((miss["operation"], miss["reason"]), (3, "deleted"))
        self.assertEqual((miss["earlier"], miss["later"]), (2, 4))
        self.assertIn("put, then deleted by operation 2; put later, by operation 4", miss["text"])

    def test_dropped(self):
        """Operations that are no longer kept have had their places."""
        miss = self.use(*[("put", n) for n in range(8)], ("put", "a:1"), ("get", "a:2"))
        self.assertEqual((miss["operation"], miss["nearest_operation"]), (10, 9))
        self.assertEqual(self.caches.as_dict()["caches"]["c"]["operations_not_kept"], 6)

    def test_reset(self):
        """After a reset the places begin with 1 again, the numbers don't."""
        self.use(("put", "a:1"), ("get", "a:2"))
        self.caches.reset()
        miss = self.use(("put", "a:1"), ("get", "a:2"))
        self.assertEqual((miss["operation"], miss["nearest_operation"]), (2, 1))
        self.assertEqual(self.caches.c.explain().operation, 12)

    def test_bypass(self):
        """A bypass has its place too."""
        self.assertEqual(self.use(("put", "a"), ("bypass", "no shape env"))["operation"], 2)

    def test_layout(self):
        """The names are those of version 1: what is known of an operation beside them is left out."""
        miss = self.use(("put", "a:1"), ("get", "a:2"))
        self.assertEqual(
            set(miss),
            {"operation", "key", "reason", "earlier", "later", "nearest", "nearest_operation", "differences"}
            | {"note", "text"},
        )
        found = self.caches.as_dict()
        self.assertEqual(found["version"], 1)
        self.assertEqual(
            set(found["caches"]["c"]),
            {"puts", "hits", "misses", "refusals", "hit_ratio", "unknown", "entries", "operations_not_kept"}
            | {"operations", "newest_miss"},
        )
        for operation in found["caches"]["c"]["operations"]:
            self.assertEqual(set(operation), {"kind", "key", "thread", "where", "error"})

    def test_failure(self):
        """A call that raised is among the operations, and can be written as JSON."""
        with self.assertRaises(TypeError):
            self.caches.c.get([])
        (found,) = json.loads(json.dumps(self.caches.as_dict()))["caches"]["c"]["operations"]
        self.assertEqual((found["kind"], found["key"]), ("failure", "[]"))


class AsDictTests(unittest.TestCase):
    def setUp(self):
        self.caches = MockCaches(["fx_graph", "triton"])

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
        self.assertIn("test_data.py", graph["operations"][0]["where"])
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

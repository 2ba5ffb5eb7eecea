import json
import unittest

from cachetest import MockCaches
from cachetest._telling.formatting import Shown


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

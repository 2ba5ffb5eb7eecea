import contextlib
import io
import tracemalloc
import unittest

from cachetest import MockCaches


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


if __name__ == "__main__":
    unittest.main()

import unittest

from parameterized import parameterized

from cachetest import MockCache, Stats, messages
from cachetest.explain import ABSENT, Miss, components


def filled():
    """A cache in which a lookup missed, a value was put, and a like key missed."""
    cache = MockCache("prices")
    cache.get("item:42:v1")
    cache.put("item:42:v1", 1)
    cache.get("item:42:v2")
    return cache


def without_places(text):
    """Cut off where operations were, which depends on this file."""
    return "\n".join(line.partition("  at ")[0] for line in text.splitlines())


class StatsDifferTests(unittest.TestCase):
    def test_equal(self):
        """There is no text when nothing differs."""
        cache = filled()
        self.assertIsNone(
            messages.stats_differ("prices", {"puts": 1}, cache.stats, cache.operations, components)
        )

    def test_whole_text(self):
        """It says what was expected, what was counted, what happened, and why a lookup missed."""
        cache = filled()
        text = messages.stats_differ(
            "prices", {"puts": 1, "hits": 1, "misses": 1}, cache.stats, cache.operations, components
        )
        self.assertEqual(
            without_places(text),
            "cache 'prices': expected hits=1, got 0, expected misses=1, got 2\n"
            "  counted: puts=1, hits=0, misses=2\n"
            "  operations, oldest first:\n"
            "    1. miss  'item:42:v1'\n"
            "       nothing had been put before; it was put later\n"
            "    2. put   'item:42:v1'\n"
            "    3. miss  'item:42:v2'\n"
            "       it had not been put before; the nearest key that had been: 'item:42:v1' "
            "(part 3: 'v1' there, 'v2' here)",
        )
        self.assertRegex(text, r"at test[/\\]test_messages.py:\d+ in filled, by MainThread")

    def test_inside_block(self):
        """Of a block, only its own operations are shown, under the numbers they have in all."""
        cache = filled()
        text = messages.stats_differ(
            "prices", {"puts": 1}, Stats(0, 0, 1), cache.operations, components, skipped=2
        )
        self.assertIn("cache 'prices' inside the block: expected puts=1, got 0", text)
        self.assertNotIn("1. miss", text)
        self.assertIn("    3. miss", text)
        self.assertNotIn("earlier", text)

    def test_idle(self):
        """No operation at all is said in so many words."""
        cache = MockCache("prices")
        text = messages.stats_differ("prices", {"puts": 1}, cache, cache.operations, components)
        self.assertTrue(text.endswith("\n  no operations"))

    def test_many(self):
        """Of many operations the latest are shown, and how many are not."""
        cache = MockCache("prices")
        for n in range(100):
            cache.put(n, n)
        lines = messages.describe_operations(cache.operations, components)
        self.assertEqual(lines[1], "    (70 earlier ones not shown)")
        self.assertEqual(len(lines), 32)
        self.assertTrue(lines[2].startswith("    71. put   70  at"))


class OtherTextTests(unittest.TestCase):
    @parameterized.expand(
        [
            (Miss("empty"), True, "nothing had been put before"),
            (Miss("empty"), False, "nothing had been put before, in the operations still known"),
            (Miss("empty, put later"), True, "nothing had been put before; it was put later"),
            (Miss("put before"), True, "it had been put before, and was gone"),
            (
                Miss("never put", "a:1", (("part 3", ABSENT, "z"),)),
                True,
                "it had not been put before; the nearest key that had been: 'a:1' "
                "(part 3: nothing there, 'z' here)",
            ),
        ]
    )
    def test_miss(self, miss, complete, text):
        """Each reason for a miss has its words."""
        self.assertEqual(messages.describe_miss(miss, complete=complete), text)

    def test_many_parts(self):
        """Of very many parts that differ, the first are shown."""
        miss = Miss("never put", "a", tuple((f"part {n}", n, -n) for n in range(1, 21)))
        text = messages.describe_miss(miss)
        self.assertIn("part 5: 5 there, -5 here; 15 more parts)", text)
        self.assertNotIn("part 6:", text)
        self.assertTrue(
            messages.describe_miss(Miss("never put", "a")).endswith(
                "'a' (they differ in punctuation or type)"
            )
        )

    def test_used(self):
        """Caches that should have been idle are named, with what was done to them."""
        cache = filled()
        text = messages.used({"prices": cache.operations}, {"prices": components})
        self.assertTrue(text.startswith("expected no operation on 'prices'\ncache 'prices':\n  operations"))

    def test_not_cached(self):
        """A missing entry is set against those that are there."""
        cache = filled()
        text = messages.not_cached("prices", "x", list(cache.cache), cache.operations, components)
        self.assertTrue(
            text.startswith("cache 'prices' has no entry for 'x'; it has 1:\n    'item:42:v1'\n  operations")
        )

    def test_not_cached_among_many(self):
        """Not all of very many entries are listed."""
        cache = MockCache("prices")
        text = messages.not_cached("prices", "x", list(range(100)), cache.operations, components)
        self.assertIn("it has 100:", text)
        self.assertIn("\n    29\n    (70 more)\n", text)

    def test_values(self):
        """Long keys and values are shortened."""
        self.assertEqual(
            messages.still_cached("c", "k", "v" * 200),
            f"cache 'c' has an entry for 'k': '{'v' * 99}...",
        )
        self.assertEqual(messages.value_differs("c", "k", 1, 2), "cache 'c', entry 'k': expected 1, got 2")

    def test_problems(self):
        """What makes a test fail at its end comes as one text."""
        self.assertEqual(
            messages.join_problems(["one", "two"]),
            "the caches of this test can't be trusted:\n  one\n  two",
        )


if __name__ == "__main__":
    unittest.main()

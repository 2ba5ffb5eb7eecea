import threading
import time
import unittest

from parameterized import parameterized

from cachetest import MockCache, Stats
from cachetest._recording.log import OperationLog
from cachetest._telling import failures
from cachetest._telling.formatting import Shown

from ..support import takes_a_while


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


def differ(cache, expected, **options):
    """Return the failure of *cache* when *expected* is compared with its counts."""
    return failures.stats_differ("prices", expected, cache.stats, cache.history, **options)


class StatsDifferTests(unittest.TestCase):
    def test_equal(self):
        """There is no text when nothing differs."""
        self.assertIsNone(differ(filled(), {"puts": 1}))

    def test_whole_text(self):
        """It says what was expected, what was counted, what happened, and why a lookup missed."""
        text = differ(filled(), {"puts": 1, "hits": 1, "misses": 1})
        self.assertEqual(
            without_places(text),
            "cache 'prices': expected hits=1, got 0, expected misses=1, got 2\n"
            "  expected: puts=1 hits=1 misses=1\n"
            "  got:      puts=1 hits=0 misses=2\n"
            "                        ^        ^\n"
            "  operations, oldest first:\n"
            "    1. miss  'item:42:v1'\n"
            "         never put before; put later, by operation 2\n"
            "    2. put   'item:42:v1'\n"
            "    3. miss  'item:42:v2'\n"
            "         never put before; the nearest key, 'item:42:v1', put by operation 2, differs in\n"
            "           part 3: 'v1' -> 'v2'",
        )
        self.assertRegex(text, r"at test[/\\]_telling[/\\]test_failures.py:\d+ in filled")
        self.assertNotIn("MainThread", text)

    @parameterized.expand(
        [
            (
                "left_out",
                {"puts": 2},
                Stats(1000, 5, 6),
                "  expected: puts=2    hits=any misses=any\n"
                "  got:      puts=1000 hits=5   misses=6\n"
                "                 ^^^^",
            ),
            (
                "all",
                {"puts": 2, "hits": 1, "misses": 12345},
                Stats(1, 5, 6),
                "  expected: puts=2 hits=1 misses=12345\n"
                "  got:      puts=1 hits=5 misses=6\n"
                "                 ^      ^        ^",
            ),
        ]
    )
    def test_table(self, _, expected, got, table):
        """Expected and got are one below the other, and each that differs is marked."""
        cache = MockCache("prices")
        cache += got
        self.assertIn(f"\n{table}\n", differ(cache, expected))

    def test_inside_block(self):
        """Of a block, only its own operations are shown, under the numbers they have in all."""
        cache = filled()
        text = failures.stats_differ("prices", {"puts": 1}, Stats(0, 0, 1), cache.history, skipped=2)
        self.assertTrue(text.startswith("cache 'prices' inside the block: expected puts=1, got 0\n"))
        self.assertNotIn("1. miss", text)
        self.assertIn("    3. miss", text)
        self.assertIn("put by operation 2", text)

    def test_idle(self):
        """No operation at all is said in so many words."""
        self.assertTrue(differ(MockCache("prices"), {"puts": 1}).endswith("\n  no operations"))

    def test_counts_alone(self):
        """A cache of which only the counts are known is not said to be without operations."""
        cache = MockCache("prices")
        cache += Stats(0, 1, 2)
        cache.unavailable = {"puts": "functools does not count them"}
        text = differ(cache, {"misses": 1}, unavailable=cache.unavailable)
        self.assertIn("  got:      puts=unknown hits=1   misses=2\n", text)
        self.assertIn("  puts can't be known: functools does not count them\n", text)
        self.assertTrue(text.endswith("its operations are not known one by one: only the counts are"))

    def test_threads(self):
        """Threads are named when there is more than one."""
        cache = filled()
        worker = threading.Thread(target=cache.get, args=("item:42:v1",), name="worker")
        worker.start()
        worker.join()
        text = differ(cache, {"puts": 5})
        self.assertIn("in filled, by MainThread\n", text)
        self.assertIn(", by worker", text)

    def test_many(self):
        """Of many operations the first and more of the last are shown, and the others summed up."""
        cache = MockCache("prices")
        for n in range(100):
            cache.put(n, n)
            cache.get(n)
        lines = failures.describe_operations(cache.history())
        self.assertLessEqual(len(lines), 40)
        self.assertIn("1. put  0", lines[1])
        self.assertIn("200. hit  99", lines[-1])
        summed = [line for line in lines if "..." in line]
        self.assertEqual(summed, ["    ... 83 hits, 82 puts"])

    def test_many_misses(self):
        """The first misses and the last are explained, within the lines there are."""
        cache = MockCache("prices")
        cache.put("a:b:c:d:e:f", 1)
        for n in range(500):
            cache.get(f"u:v:w:x:y:{n}")
        text = differ(cache, {"hits": 1})
        self.assertLessEqual(len(text.splitlines()), 40)
        explained = [line for line in text.splitlines() if "never put before" in line]
        self.assertEqual(len(explained), 4)
        self.assertIn("    501. miss", text)
        self.assertIn("and 3 more parts", text)

    def test_not_kept(self):
        """Operations that are gone from the log are counted."""
        cache = MockCache("prices", OperationLog("prices", 10))
        for n in range(12_355):
            cache.put(n, n)
        text = differ(cache, {"puts": 1})
        self.assertIn("    ... 12,345 earlier operations not kept\n", text)
        self.assertIn("    12355. put  12354  at", text)

    def test_bypass(self):
        """A bypass is no lookup: it is told with the reason that the library gave."""
        cache = MockCache("prices")
        cache.record("bypass", Shown("no shape env"))
        text = differ(cache, {"hits": 1})
        self.assertIn("got:      puts=0   hits=0 misses=0", text)
        self.assertIn("no lookup, the library did not take part: no shape env", text)

    @takes_a_while
    def test_time(self):
        """A failure on a cache of 10,000 entries is told in moments: the work is in proportion to them."""
        cache = MockCache("prices")
        for n in range(9_000):
            cache.put(f"user{n}page{n % 7}", n)
        for n in range(50):
            cache.get(f"user{n}page9")
        begun = time.process_time()
        differ(cache, {"hits": 1})
        self.assertLess(time.process_time() - begun, 5)


class OtherTextTests(unittest.TestCase):
    def test_used(self):
        """Caches that should have been idle are named, with what was done to them."""
        counted = MockCache("users")
        counted += Stats(0, 1, 0)
        text = failures.unexpected_use({"prices": filled().history(), "users": counted.history()})
        self.assertTrue(
            text.startswith("expected no operation on 'prices', 'users'\ncache 'prices':\n  operations")
        )
        self.assertTrue(
            text.endswith("cache 'users':\n  its operations are not known one by one: only the counts are")
        )

    def test_not_cached(self):
        """A missing entry is set against those that are there."""
        cache = filled()
        text = failures.not_cached("prices", "x", cache.cache.keys(), cache.history())
        self.assertTrue(
            text.startswith(
                "cache 'prices' has no entry for 'x'\n  it has 1:\n    'item:42:v1'\n  operations"
            )
        )
        empty = MockCache("prices")
        self.assertEqual(
            failures.not_cached("prices", "x", empty.cache.keys(), empty.history()),
            "cache 'prices' has no entry for 'x'\n  it has none at all\n  no operations",
        )

    def test_not_cached_among_many(self):
        """Of very many entries the closest are listed, the closest first."""
        cache = MockCache("prices")
        keys = dict.fromkeys(f"user:{n}" for n in range(100)).keys()
        text = failures.not_cached("prices", "user:777", keys, cache.history())
        self.assertIn("  it has 100, the closest first:\n    'user:77'\n", text)
        self.assertIn("\n    ... 92 more\n", text)

    def test_values(self):
        """Long keys and values are shortened."""
        self.assertEqual(
            failures.still_cached("c", "k", "v" * 200),
            f"cache 'c' has an entry for 'k': '{'v' * 99}...",
        )
        self.assertEqual(failures.value_differs("c", "k", 1, 2), "cache 'c', entry 'k': expected 1, got 2")

    def test_problems(self):
        """What makes a test fail at its end comes as one text."""
        self.assertEqual(
            failures.join_problems(["one", "two"]),
            "the caches of this test can't be trusted:\n  one\n  two",
        )


if __name__ == "__main__":
    unittest.main()

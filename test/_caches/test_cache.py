import copy
import unittest

from parameterized import parameterized

from cachetest import MockCache, MockCaches, Stats
from cachetest._behaving.gate import MISSING
from cachetest.errors import NoMissError


class MockCacheTests(unittest.TestCase):
    def setUp(self):
        self.cache = MockCache("prices")

    def test_is_its_counts(self):
        """It is a Stats, equal to one from both sides."""
        self.cache.put("a", 1)
        self.cache.get("a")
        self.cache.get("b")
        self.cache.get("c")
        self.assertIsInstance(self.cache, Stats)
        self.assertTrue(self.cache == Stats(1, 1, 2))
        self.assertTrue(Stats(1, 1, 2) == self.cache)
        self.assertEqual(str(self.cache), "puts: 1, misses: 2, hits: 1")

    @parameterized.expand([(None,), (0,), ("",), (b"",), ([],), (False,)])
    def test_falsy_value_is_a_hit(self, value):
        """A value is found whatever it is."""
        self.cache.put("a", value)
        self.assertIs(self.cache.get("a"), value)
        self.assertEqual(self.cache, Stats(1, 1, 0))

    def test_miss(self):
        """A miss returns MISSING, which is no value that could be cached by accident."""
        self.assertIs(self.cache.get("a"), MISSING)
        self.assertEqual(repr(MISSING), "MISSING")

    def test_overwrite_is_a_put(self):
        """An overwrite counts, and the later value is found."""
        self.cache.put("a", 1)
        self.cache.put("a", 2)
        self.assertEqual(self.cache.get("a"), 2)
        self.assertEqual(self.cache, Stats(2, 1, 0))

    def test_unhashable_key(self):
        """A key that can't be one is the program's error: a failure, and neither hit nor miss nor put."""
        calls = (
            lambda: self.cache.get([]),
            lambda: self.cache.put([], 1),
            lambda: self.cache.delete([]),
        )
        self.cache.cache["a"] = 1
        for call in calls:
            with self.assertRaises(TypeError):
                call()
        self.assertEqual(self.cache, Stats())
        self.assertEqual(
            [(each.kind, each.key, each.error) for each in self.cache.operations],
            [("failure", [], "TypeError: unhashable type: 'list'")] * 3,
        )
        self.assertEqual(self.cache.operations.tally("failure"), 3)
        self.assertEqual(self.cache.cache, {"a": 1})

    def test_entries_can_be_read_and_emptied(self):
        """.cache is a plain dict: what it loses is gone."""
        self.cache.put("a", 1)
        self.assertEqual(self.cache.cache, {"a": 1})
        self.assertIs(type(self.cache.cache), dict)
        self.cache.cache.clear()
        self.assertIs(self.cache.get("a"), MISSING)
        self.assertEqual(self.cache, Stats(1, 0, 1))

    def test_stats_are_detached(self):
        """.stats stays as it was."""
        before = self.cache.stats
        self.cache.put("a", 1)
        self.assertEqual(before, Stats())
        self.assertIs(type(before), Stats)
        self.assertEqual(self.cache - before, Stats(1, 0, 0))

    def test_counts_by_hand(self):
        """Counts may be added to and assigned, as those of the original."""
        cache = self.cache
        cache.put("a", 1)
        cache += Stats(1, 2, 3)
        self.assertIs(cache, self.cache)
        self.assertEqual(cache, Stats(2, 2, 3))
        cache.num_put, cache.num_get_hit, cache.num_get_miss = 7, 8, 9
        self.assertEqual(cache, Stats(7, 8, 9))
        cache.put("b", 1)
        self.assertEqual(cache, Stats(8, 8, 9))

    def test_add_another_cache(self):
        """The counts of another cache may be added, entries not."""
        other = MockCache("other")
        other.put("a", 1)
        self.cache += other
        other.put("b", 1)
        self.assertEqual(self.cache, Stats(1, 0, 0))
        self.assertEqual(self.cache.cache, {})

    def test_reset(self):
        """reset() forgets counts, entries and operations, in place."""
        entries = self.cache.cache
        self.cache.put("a", 1)
        self.cache += Stats(1, 1, 1)
        self.cache.reset()
        self.assertEqual(self.cache, Stats())
        self.assertEqual(len(self.cache.operations), 0)
        self.assertIs(self.cache.cache, entries)
        self.assertEqual(entries, {})

    def test_counts_of_a_library_that_is_watched(self):
        """What the library has counted is added, can be assigned over, and is taken off by a reset."""
        counted = Stats(0, 2, 3)
        cache = MockCache("c")
        cache.library_counts = lambda: counted
        self.assertEqual(cache, Stats(0, 2, 3))
        cache.num_get_hit = 7
        counted += Stats(0, 1, 1)
        self.assertEqual(cache, Stats(0, 8, 4))
        cache.reset()
        self.assertEqual(cache, Stats())
        counted += Stats(0, 0, 1)
        self.assertEqual(cache, Stats(0, 0, 1))

    def test_repr_names_the_cache(self):
        """repr() says which cache it is."""
        self.cache.put("a", 1)
        self.assertEqual(repr(self.cache), "<MockCache 'prices': puts: 1, misses: 0, hits: 0>")

    def test_copy(self):
        """A copy has counts and entries of its own, for comparing before and after."""
        self.cache.put("a", 1)
        before = copy.copy(self.cache)
        self.cache.put("b", 1)
        self.assertEqual((before, before.cache), (Stats(1, 0, 0), {"a": 1}))
        self.assertEqual(self.cache - before, Stats(1, 0, 0))

    def test_unhashable(self):
        """Like all counts."""
        with self.assertRaises(TypeError):
            hash(self.cache)

    def test_put_during_a_reset(self):
        """What is put while a cache is being reset is counted."""

        class Entries(dict):
            def clear(entries):
                super().clear()
                self.cache.put("late", 1)

        self.cache.cache = Entries(a=1)
        self.cache.reset()
        self.assertEqual((self.cache.num_put, self.cache.cache), (1, {"late": 1}))

    def test_observer(self):
        """An observer is told of an operation when it has been counted."""
        told = []
        caches = MockCaches(observer=lambda operation: told.append((operation.kind, cache.counts())))
        cache = caches.ensure("c")
        cache.get("a")
        cache.put("a", 1)
        cache.get("a")
        self.assertEqual(told, [("miss", (0, 0, 1)), ("put", (1, 0, 1)), ("hit", (1, 1, 1))])

    def test_observer_of_several(self):
        """An observer is told of each operation of one call, also where they are logged at once."""
        told = []
        caches = MockCaches(observer=lambda operation: told.append((operation.kind, operation.key)))
        cache = caches.ensure("c")
        effects = [("hit", "a"), ("miss", "b")]
        cache.perform("get", ("a", "b"), dict, lambda _: effects)
        cache.operations.state.latest.extend(list(cache.operations.state.latest))
        self.assertEqual(told, [*effects, *effects])


class ExplainTests(unittest.TestCase):
    def test_newest_miss(self):
        """Without a key it is the newest miss that is explained, else the newest of that key."""
        cache = MockCache("prices")
        cache.put("a:1", 1)
        cache.get("a:2")
        cache.get("a:3")
        self.assertEqual(cache.explain().key, "a:3")
        self.assertEqual(cache.explain("a:2").operation, 2)
        self.assertEqual(
            str(cache.explain("a:2")),
            "cache 'prices', operation 2, key 'a:2': never put before; the nearest key, 'a:1', "
            "put by operation 1, differs in\n    part 2: '1' -> '2'",
        )

    def test_no_miss(self):
        """Where nothing missed there is nothing to explain."""
        cache = MockCache("prices")
        cache.put("a", 1)
        cache.get("a")
        with self.assertRaisesRegex(NoMissError, "cache 'prices' has no miss in its log"):
            cache.explain()
        for key in (None, "a"):
            with self.assertRaisesRegex(NoMissError, f"cache 'prices' has no miss of {key!r} in its log"):
                cache.explain(key)

    def test_key_none(self):
        """None is a key as any other."""
        cache = MockCache("prices")
        cache.get(None)
        cache.get("a")
        self.assertEqual(cache.explain(None).operation, 1)

    def test_reset(self):
        """What a reset took away is remembered, over one more reset too, and not without bound."""
        cache = MockCache("prices")
        for n in range(2000):
            cache.put(n, n)
        cache.reset()
        cache.reset()
        cache.get(1999)
        self.assertEqual(cache.explain().reason, "reset")
        self.assertEqual(len(cache._forgotten), 1000)


if __name__ == "__main__":
    unittest.main()

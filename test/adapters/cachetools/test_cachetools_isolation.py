"""Caches of cachetools in several tests, and the view of their entries."""

import copy
import io
import pickle
import threading
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockCache, PatchCaches
from test.support import run_method

from .cachetools_support import CachetoolsTestCase, adapter, kinds


class IsolationTests(CachetoolsTestCase):
    def test_before_and_after(self):
        """A test finds the cache cold, and what it held before is there again after it."""
        held = dict(vars(self.cache))
        with PatchCaches(adapter(cache=self.cache)):
            self.assertEqual(list(self.cache), [])
            self.assertEqual((self.cache.maxsize, self.cache.currsize), (2, 0))
            self.cache.update(a=1, b=2, c=3)
        self.assertIs(type(self.cache), self.library.LRUCache)
        self.assertEqual(vars(self.cache), held)
        self.assertEqual(dict(self.cache.items()), {"before": 1})

    def test_nested(self):
        """An inner scope is cold, and leaves the entries and the counts of the outer one alone."""
        outer = self.patch()
        self.cache["a"] = 1
        with PatchCaches(adapter(cache=self.cache)) as inner:
            self.assertIsNone(self.cache.get("a"))
            self.cache["b"] = 2
            self.assertEqual(inner.caches.cache.counts(), (1, 0, 1))
        self.assertEqual(dict(self.cache.items()), {"a": 1})
        self.assertEqual(outer.cache.counts(), (1, 0, 0))

    def test_nested_with_another(self):
        """An inner scope may patch one of the two caches of an outer one, under the same name."""
        other = self.library.LRUCache(2)
        outer = self.patch(cache=self.cache, other=other)
        self.cache["a"] = 1
        with PatchCaches(adapter(cache=self.cache)):
            self.assertEqual(list(self.cache), [])
        self.assertEqual(self.cache["a"], 1)
        self.assertEqual(outer.cache.counts(), (1, 1, 0))

    def test_one_name_for_another_object(self):
        """An inner scope may give the name of an outer cache to another object: their entries stay apart."""
        outer = self.patch()
        self.cache["a"] = 1
        other = self.library.FIFOCache(2)
        with PatchCaches(adapter(cache=other)) as inner:
            other["a"] = 2
            self.cache["b"] = 3
            self.assertEqual((list(other), list(self.cache)), (["a"], ["b"]))
            self.assertEqual(dict(inner.caches.cache.cache), {"a": 2})
        self.assertEqual(dict(outer.cache.cache), {"a": 1})
        self.assertEqual(list(other), [])

    def test_parallel(self):
        """Two scopes in threads at once have each their own entries, counts and evictions."""
        together = threading.Barrier(2)
        found = {}

        def run(name):
            with PatchCaches(adapter(cache=self.cache)) as patched:
                together.wait()
                for n in range(3):
                    self.cache[name, n] = n
                together.wait()
                found[name] = [key for key, _ in self.cache.items()], patched.caches.cache.counts()
                found[name] += (
                    [each.key for each in patched.caches.cache.operations if each.kind == "eviction"],
                )
                together.wait()

        threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in "ab":
            self.assertEqual(found[name], ([(name, 1), (name, 2)], (3, 0, 0), [(name, 0)]))
        self.assertEqual(dict(self.cache.items()), {"before": 1})

    def test_closed_in_any_order(self):
        """Whichever of two adapters that have the cache lets go first, it is patched until the other does."""
        other = self.library.LRUCache(2)
        one, two = adapter(cache=self.cache), adapter(cache=self.cache, other=other)
        for first, second in ((one, two), (two, one)):
            outer, inner = first.install(), second.install()
            outer.__enter__()
            inner.__enter__()
            outer.__exit__(None, None, None)
            self.assertIsNot(type(self.cache), self.library.LRUCache)
            inner.__exit__(None, None, None)
            self.assertIs(type(self.cache), self.library.LRUCache)

    def test_thread_of_the_program(self):
        """A thread of the test is counted, and sees the test's entries."""
        caches = self.patch()
        self.cache["a"] = 1
        thread = threading.Thread(target=self.cache.get, args=("a",))
        thread.start()
        thread.join()
        self.assertEqual(caches.cache.counts(), (1, 1, 0))

    def test_attributes(self):
        """An attribute that a test sets is gone after it; one from before is seen in it."""
        self.cache.label = "before"
        with PatchCaches(adapter(cache=self.cache)):
            self.assertEqual(self.cache.label, "before")
            self.cache.label = "during"
            self.cache.more = 1
            self.assertEqual((self.cache.label, vars(self.cache)["more"]), ("during", 1))
            del self.cache.more
            del self.cache.label
            for name in ("more", "label"):
                with self.assertRaises(AttributeError):
                    getattr(self.cache, name)
        self.assertEqual(self.cache.label, "before")
        self.assertFalse(hasattr(self.cache, "more"))

    def test_books_of_a_subclass(self):
        """Containers in which a subclass keeps books of its entries start without them."""

        class Tagged(self.library.LRUCache):
            def __init__(self):
                super().__init__(2)
                self.tags = {"*": "any"}
                self.order = []
                self.recent = set()
                self.notes = [["unhashable"]]

            def __setitem__(self, key, value):
                super().__setitem__(key, value)
                self.tags[key] = value
                self.order.append(key)
                self.recent.add(key)

        cache = Tagged()
        cache["a"] = 1
        with PatchCaches(adapter(cache=cache)):
            self.assertEqual((cache.tags, cache.order, cache.recent), ({"*": "any"}, [], set()))
            self.assertEqual(cache.notes, [["unhashable"]])
            cache["b"] = 2
            self.assertEqual((cache.tags, cache.order, cache.recent), ({"*": "any", "b": 2}, ["b"], {"b"}))
        self.assertEqual((cache.tags, cache.order, cache.recent), ({"*": "any", "a": 1}, ["a"], {"a"}))

    @parameterized.expand(
        [
            ("copy", copy.copy),
            ("deepcopy", copy.deepcopy),
            ("pickle", lambda cache: pickle.loads(pickle.dumps(cache))),
        ]
    )
    def test_copy(self, _, make):
        """A copy is a cache by itself: with the scope's entries, and not patched."""
        caches = self.patch()
        self.cache["a"] = 1
        made = make(self.cache)
        self.assertIs(type(made), self.library.LRUCache)
        self.assertEqual((made["a"], list(made)), (1, ["a"]))
        self.assertEqual(caches.cache.counts(), (1, 0, 0))
        self.cache.get("a")
        self.assertEqual(caches.cache.counts(), (1, 1, 0))

    def test_hash_of_a_subclass(self):
        """An object that can be hashed and compared by identity still can."""

        class Hashed(self.library.LRUCache):
            __hash__ = object.__hash__
            __eq__ = object.__eq__

        cache = Hashed(2)
        by_cache = {cache: "found"}
        self.patch(cache=cache)
        self.assertEqual(by_cache[cache], "found")
        with self.assertRaises(TypeError):
            hash(self.library.LRUCache(2))


class ViewTests(CachetoolsTestCase):
    def test_is_live(self):
        """`MockCache.cache` shows the entries as they are, and reads, puts and deletes without counting."""
        caches = self.patch()
        view = caches.cache.cache
        self.cache["a"] = 1
        self.assertEqual((dict(view), len(view), "a" in view, repr(view)), ({"a": 1}, 1, True, "{'a': 1}"))
        view["b"] = 2
        del view["a"]
        with self.assertRaises(KeyError):
            view["a"]
        self.assertEqual(list(self.cache), ["b"])
        self.assertIs(caches.cache.cache, view)
        self.assertEqual(kinds(), [("put", "a")])

    @parameterized.expand([("LRUCache",), ("LFUCache",), ("FIFOCache",)])
    def test_reading_leaves_the_order(self, name):
        """Reading the view does not make an entry used."""
        cache = getattr(self.library, name)(2)
        view = self.patch(cache=cache).cache.cache
        cache.update(a=1, b=2)
        cache.get("b")
        for _ in range(3):
            self.assertEqual((view["a"], dict(view)), (1, {"a": 1, "b": 2}))
        cache["c"] = 3
        self.assertIn(("eviction", "a"), kinds())

    def test_reading_leaves_the_expired(self):
        """Nor does it show, or remove, what has expired."""
        cache = self.ttl_cache()
        view = self.patch(cache=cache).cache.cache
        cache["a"] = 1
        self.clock.now = 10
        self.assertEqual((dict(view), len(view), "a" in view), ({}, 0, False))
        self.assertEqual(kinds(), [("put", "a")])

    @parameterized.expand([("LRUCache", (9,)), ("TTLCache", (9, 600)), ("LFUCache", (9,)), ("RRCache", (9,))])
    def test_reset(self, name, arguments):
        """A reset empties the cache and its log, and the cache works on."""
        cache = getattr(self.library, name)(*arguments)
        caches = self.patch(cache=cache)
        cache.update(a=1, b=2)
        caches.reset()
        self.assertEqual((list(cache), cache.currsize, len(caches.cache.operations)), ([], 0, 0))
        cache["a"] = 1
        self.assertEqual(caches.cache.counts(), (1, 0, 0))

    def test_put_by_hand_before_the_first_operation(self):
        """A test may put an entry in before the program has used the cache."""
        caches = self.patch()
        caches.cache.cache["a"] = 1
        self.assertEqual(self.cache["a"], 1)
        self.assertEqual(caches.cache.counts(), (0, 1, 0))

    def test_assertions(self):
        """assertCached, assertNotCached and assertCacheUnused work on it, and a report shows it."""

        report = io.StringIO()

        def body(case):
            case.assertCacheUnused("cache")
            case.assertNotCached("cache", "before")
            self.cache["a"] = 1
            case.assertCached("cache", "a", 1)
            case.assertCacheStats("cache", puts=1, hits=0, misses=0)
            case.caches.report(report)

        _, result = run_method(CacheTestCase, body, patch_caches=(adapter(cache=self.cache),))
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)
        self.assertIn("'a': 1", report.getvalue())

    def test_is_counts(self):
        """The cache of the scope is a MockCache of that name."""
        self.assertIsInstance(self.patch()["cache"], MockCache)


if __name__ == "__main__":
    unittest.main()

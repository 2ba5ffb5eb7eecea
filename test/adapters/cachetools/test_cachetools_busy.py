"""A cache that threads are in the middle of using while a scope opens or closes."""

import functools
import threading
import unittest

from parameterized import parameterized

from cachetest import PatchCaches
from test.support import needs

from ...support import takes_a_while
from ..busy_case import BusyCase
from .cachetools_support import CachetoolsTestCase, adapter, kinds

TAKEN = (
    r"cache 'cache': get\(\) was called as a method that had been taken off the cache before it was patched, "
    r"at test/adapters/cachetools/test_cachetools_busy.py:\d+ in test_kept_methods_in_a_scope: that can't be "
)


def make_caches(library):
    class Loading(library.LRUCache):
        """A subclass with books, a method and a __missing__ of its own."""

        def __init__(self, maxsize):
            super().__init__(maxsize)
            self.last = None

        def __missing__(self, key):
            self[key] = key
            return key

        def __setitem__(self, key, value):
            super().__setitem__(key, value)
            self.last = key

        def fetch(self, key):
            # All on one side, also where the calls before were on the other.
            self[key] = key
            if key not in self or self[key] != key or self.get(key) != key or self.last != key:
                raise AssertionError((key, self.last))

    return {
        "fifo": library.FIFOCache(5),
        "lru": library.LRUCache(5),
        "lfu": library.LFUCache(5),
        "rr": library.RRCache(5),
        "ttl": library.TTLCache(5, 0.001),
        "tlru": library.TLRUCache(5, lambda _key, _value, now: now + 0.001),
        "sized": library.LRUCache(5, getsizeof=lambda value: sum(1 for _ in range(value % 2 + 1))),
        "loading": Loading(5),
    }


def use(cache, lock, kept, n):
    """Use *cache* under *lock*, as its documentation demands, and methods that were *kept* from before."""
    key = n % 17
    get, put, setdefault, pop = kept
    with lock:
        cache[key] = key
        cache.update({key + 1: key + 1})
        for each, value in cache.items():
            if each != value:
                raise AssertionError((each, value))
        if not len(list(cache)) <= 5:
            raise AssertionError(list(cache))
        cache.setdefault(key, key)
        cache.pop(key, None)
        repr(cache)
        put(key, key)
        get(key)
        setdefault(key, key)
        pop(key, None)
        if n % 7 == 0:
            cache.clear()
        if hasattr(cache, "fetch"):
            cache.fetch(key)


@needs("cachetools", "cachetools")
class BusyTests(BusyCase):
    told = "taken off the cache before it was patched"

    @takes_a_while
    def test_all_classes(self):
        """No call fails, no cache is broken, and all that they do in a scope is counted."""
        import cachetools

        caches = make_caches(cachetools)
        works = {
            name: functools.partial(
                use, cache, threading.Lock(), (cache.get, cache.__setitem__, cache.setdefault, cache.pop)
            )
            for name, cache in caches.items()
        }
        self.run_busy(lambda: adapter(**caches), works)
        for name, cache in caches.items():
            with self.subTest(name):
                for n in range(100, 200):
                    cache[n] = n
                self.assertLessEqual(len(list(cache)), 5)
                self.assertLessEqual(cache.currsize, 5)

    def test_decorated(self):
        """A function that a decorator with a lock has memoised returns what it should, always."""
        import cachetools

        cache, lock = cachetools.LRUCache(5), threading.Lock()

        @cachetools.cached(cache, lock=lock)
        def double(n):
            return 2 * n

        def work(n):
            if double(n % 17) != 2 * (n % 17):
                raise AssertionError(n)

        self.run_busy(lambda: adapter(double=double), {"double": work, "again": work})


class Waiting:
    """A getsizeof in which a thread waits until it is let go."""

    def __init__(self):
        self.entered, self.go = threading.Event(), threading.Event()
        self.armed = False

    def __call__(self, value):
        if self.armed:
            self.entered.set()
            self.go.wait(10)
        return 1

    def begin(self, function, *args):
        """Begin to call *function* on a thread, and return that when it waits in here."""
        self.armed = True
        thread = threading.Thread(target=function, args=args)
        thread.start()
        self.entered.wait(10)
        self.armed = False
        return thread

    def end(self, thread):
        self.go.set()
        thread.join()


class MiddleTests(CachetoolsTestCase):
    """One call, held in its middle."""

    def setUp(self):
        super().setUp()
        self.waiting = Waiting()
        self.cache = self.library.LRUCache(2, getsizeof=self.waiting)
        self.cache["before"] = 1
        self.kept = self.cache.__setitem__

    def put(self, key, value):
        self.cache[key] = value

    def test_begun_before(self):
        """What began on the cache as it is ends on it, and is not counted."""
        thread = self.waiting.begin(self.put, "a", 1)
        with PatchCaches(adapter(cache=self.cache)) as patch:
            self.waiting.end(thread)
            self.assertEqual(patch.caches.cache.counts(), (0, 0, 0))
            self.assertNotIn("a", self.cache)
        self.assertEqual(dict(self.cache), {"before": 1, "a": 1})
        self.assertEqual(self.cache.currsize, 2)

    def test_begun_inside(self):
        """What began in a scope ends there, though that has closed, and leaves the cache as it was."""
        with PatchCaches(adapter(cache=self.cache)) as patch:
            thread = self.waiting.begin(self.put, "a", 1)
        self.waiting.end(thread)
        self.assertEqual(dict(self.cache), {"before": 1})
        self.assertEqual(patch.caches.cache.counts(), (1, 0, 0))

    def test_begun_between_and_in_the_next(self):
        """One from between two scopes is for neither."""
        with PatchCaches(adapter(cache=self.cache)):
            pass
        thread = self.waiting.begin(self.put, "a", 1)
        for _ in range(2):
            with PatchCaches(adapter(cache=self.cache)) as patch:
                pass
        self.waiting.end(thread)
        self.assertEqual(patch.caches.cache.counts(), (0, 0, 0))
        self.assertEqual(dict(self.cache), {"before": 1, "a": 1})

    def test_kept_method_begun_before(self):
        """So is one by a method that was taken off the cache."""
        thread = self.waiting.begin(self.kept, "a", 1)
        with PatchCaches(adapter(cache=self.cache)) as patch:
            self.waiting.end(thread)
        self.assertEqual(dict(self.cache), {"before": 1, "a": 1})
        self.assertEqual(patch.caches.cache.counts(), (0, 0, 0))

    def test_kept_methods_in_a_scope(self):
        """A method that was taken off the cache before is for the scope, as is one of another scope."""
        get = self.cache.get
        with self.assertRaisesRegex(AssertionError, TAKEN), PatchCaches(adapter(cache=self.cache)):
            of_scope = self.cache.get
            self.assertIsNone(get("before"))
            self.assertEqual(kinds(), [])
            self.assertIsNone(of_scope("before"))
            self.assertEqual(kinds(), [("miss", "before")])
        self.assertEqual((get("before"), of_scope("before")), (1, 1))
        with PatchCaches(adapter(cache=self.cache)) as patch:
            self.assertIsNone(of_scope("before"))
            self.assertEqual(patch.caches.cache.counts(), (0, 0, 1))

    def test_iteration_begun_before(self):
        """What iterates over the cache as it is goes on doing so."""
        for make in (iter, lambda cache: iter(cache.items()), lambda cache: iter(cache.values())):
            cache = self.ttl_cache()
            cache.update(a=1, b=2)
            begun = make(cache)
            found = [next(begun)]
            with PatchCaches(adapter(cache=cache)):
                found += begun
            self.assertEqual(found, list(make(cache)))

    def test_method_lets_itself_out(self):
        """What a subclass's method hands to a thread is of the test that runs when it is used."""

        class Refreshing(self.library.LRUCache):
            def refresh(self, go):
                self.me = self
                self.thread = threading.Thread(target=lambda: (go.wait(10), self.__setitem__("a", 1)))
                self.thread.start()
                return self

        cache = Refreshing(2)
        go = threading.Event()
        with PatchCaches(adapter(cache=cache)) as patch:
            self.assertIs(cache.refresh(go), cache)
            go.set()
            cache.thread.join()
            self.assertEqual(patch.caches.cache.counts(), (1, 0, 0))
            let_out = cache.me
        with PatchCaches(adapter(cache=cache)) as again:
            let_out["b"] = 2
        self.assertEqual(patch.caches.cache.counts(), (1, 0, 0))
        self.assertEqual(again.caches.cache.counts(), (1, 0, 0))
        self.assertEqual(dict(cache), {})

    def test_own_attributes(self):
        """The object keeps its own __dict__ while it is patched."""
        held = object.__getattribute__(self.cache, "__dict__")
        with PatchCaches(adapter(cache=self.cache)):
            self.cache["a"] = 1
            self.cache.label = "inside"
            self.assertIs(object.__getattribute__(self.cache, "__dict__"), held)
            self.assertNotIn("label", held)
        self.assertIs(vars(self.cache), held)

    @parameterized.expand([("get",), ("pop",), ("setdefault",)])
    def test_outside_any_scope(self, name):
        """Where it is patched and no scope is open, a call is one of the cache as it is."""
        with adapter(cache=self.cache).install():
            self.assertEqual(getattr(self.cache, name)("before"), 1)
            self.cache["a"] = 2
        self.assertEqual(self.cache["a"], 2)


if __name__ == "__main__":
    unittest.main()

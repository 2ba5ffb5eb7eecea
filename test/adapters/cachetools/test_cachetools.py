import copy
import io
import pickle
import threading
import unittest
from contextlib import ExitStack, suppress

from parameterized import parameterized

from cachetest import CacheTestCase, MockCache, PatchCaches
from cachetest._caches.attribution import current_scope
from test.support import needs, run_method

# What a test may import by name, as a program's module would have it.
shared = None


def adapter(**targets):
    from cachetest.adapters import Cachetools

    return Cachetools(**targets)


def kinds(name="cache"):
    """Return the kinds of the operations of a cache of the running scope, and their keys, oldest first."""
    return [(each.kind, each.key) for each in current_scope().caches[name].operations]


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@needs("cachetools", "cachetools")
class CachetoolsTestCase(unittest.TestCase):
    """A test of `cache`, a patched LRUCache(2) that held "before" when it was patched."""

    def setUp(self):
        import cachetools

        self.library = cachetools
        self.cache = cachetools.LRUCache(2)
        self.cache["before"] = 1
        self.clock = Clock()

    def patch(self, **targets):
        """Patch *targets*, or `cache`, until the end of the test, and return the scope's caches."""
        stack = ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(PatchCaches(adapter(**(targets or {"cache": self.cache})))).caches

    def ttl_cache(self):
        return self.library.TTLCache(3, 10, timer=self.clock)


class CountTests(CachetoolsTestCase):
    def check(self, cache, calls, expected):
        self.patch(cache=cache)
        for call in calls:
            with suppress(KeyError, ValueError):
                call(cache)
        self.assertEqual(kinds(), expected)

    @parameterized.expand(
        [
            ("subscript_absent", [lambda c: c["a"]], [("miss", "a")]),
            ("set", [lambda c: c.__setitem__("a", 1)], [("put", "a")]),
            ("get_absent", [lambda c: c.get("a")], [("miss", "a")]),
            ("get_default", [lambda c: c.get("a", 5)], [("miss", "a")]),
            ("delete_absent", [lambda c: c.__delitem__("a")], [("delete", "a")]),
            ("pop_absent", [lambda c: c.pop("a")], [("miss", "a")]),
            ("pop_default", [lambda c: c.pop("a", 1)], [("miss", "a")]),
            ("setdefault_absent", [lambda c: c.setdefault("a", 1)], [("miss", "a"), ("put", "a")]),
            ("popitem_empty", [lambda c: c.popitem()], []),
            ("update", [lambda c: c.update({"a": 1}, b=2)], [("put", "a"), ("put", "b")]),
            ("reading", [lambda c: ("a" in c, len(c), list(c), repr(c), c.currsize, c == {})], []),
        ]
    )
    def test_cold(self, _, calls, expected):
        """What each call on an empty cache counts as."""
        self.check(self.cache, calls, expected)

    @parameterized.expand(
        [
            ("subscript", lambda c: c["a"], [("hit", "a")]),
            ("overwrite", lambda c: c.__setitem__("a", 2), [("put", "a")]),
            ("get", lambda c: c.get("a"), [("hit", "a")]),
            ("delete", lambda c: c.__delitem__("a"), [("delete", "a")]),
            ("pop", lambda c: c.pop("a"), [("hit", "a"), ("delete", "a")]),
            ("popitem", lambda c: c.popitem(), [("delete", "a")]),
            ("setdefault", lambda c: c.setdefault("a", 2), [("hit", "a")]),
            ("clear", lambda c: c.clear(), [("delete", "a"), ("delete", "b")]),
            ("evicting", lambda c: c.__setitem__("c", 3), [("eviction", "a"), ("put", "c")]),
            (
                "evicting_setdefault",
                lambda c: c.setdefault("c"),
                [("miss", "c"), ("eviction", "a"), ("put", "c")],
            ),
            (
                "reading",
                lambda c: (
                    "a" in c,
                    len(c),
                    list(c),
                    list(c.items()),
                    list(c.values()),
                    dict(c.items()),
                    repr(c),
                ),
                [],
            ),
            ("comparing", lambda c: (c == {"a": 1, "b": 2}, c != {}), []),
            ("copying", lambda c: copy.copy(c)["a"], []),
        ]
    )
    def test_warm(self, _, call, expected):
        """What each call on a cache of two entries counts as."""
        self.check(
            self.cache,
            [lambda c: c.update(a=1, b=2), call],
            [("put", "a"), ("put", "b"), *expected],
        )

    @parameterized.expand([(repr(value), value) for value in (None, False, 0, "", b"", ())])
    def test_falsy_value(self, _, value):
        """A stored value that is false is a hit."""
        caches = self.patch()
        self.cache["a"] = value
        self.assertIs(self.cache["a"], value)
        self.assertIs(self.cache.get("a", 1), value)
        self.assertEqual(caches.cache.counts(), (1, 2, 0))

    def test_value_too_large(self):
        """A value that the cache refuses is a failure, and no put."""
        cache = self.library.LRUCache(2, getsizeof=len)
        self.check(
            cache,
            [lambda c: c.__setitem__("a", "long"), lambda c: c.setdefault("a", "long")],
            [("failure", "a"), ("miss", "a"), ("failure", "a")],
        )
        failures = [each for each in current_scope().caches["cache"].operations if each.kind == "failure"]
        self.assertEqual([each.error for each in failures], ["ValueError: value too large"] * 2)
        self.assertEqual([each.asked for each in failures], ["__setitem__", "setdefault"])

    @parameterized.expand([("get",), ("pop",), ("__getitem__",), ("__delitem__",), ("__contains__",)])
    def test_unhashable_key(self, method):
        """A key that can't be one is a failure, and no lookup."""
        caches = self.patch()
        with self.assertRaises(TypeError):
            getattr(self.cache, method)([])
        (operation,) = caches.cache.operations
        self.assertEqual((operation.kind, operation.key, operation.asked), ("failure", [], method))

    @parameterized.expand(
        [
            ("get", lambda c: c.get("a")),
            ("__getitem__", lambda c: c["a"]),
            ("__setitem__", lambda c: c.__setitem__("a", 1)),
            ("__delitem__", lambda c: c.__delitem__("a")),
            ("pop", lambda c: c.pop("a", None)),
            ("setdefault", lambda c: c.setdefault("a")),
            ("popitem", lambda c: c.popitem()),
            ("clear", lambda c: c.clear()),
        ]
    )
    def test_asked(self, name, call):
        """An operation says by which name the program called."""
        caches = self.patch()
        self.cache["b"] = 1
        with suppress(KeyError):
            call(self.cache)
        self.assertEqual({each.asked for each in caches.cache.operations[1:]}, {name})

    def test_missing_that_fails(self):
        """What a `__missing__` raises is the program's own error, and no failure of the cache."""

        class Failing(self.library.LRUCache):
            def __missing__(self, key):
                raise RuntimeError(key)

        cache = Failing(2)
        self.patch(cache=cache)
        with self.assertRaises(RuntimeError):
            cache["a"]
        self.assertEqual(kinds(), [("miss", "a")])

    def test_where(self):
        """An operation is at the line of the program, not of the library or of ours."""
        caches = self.patch()
        self.cache.update(a=1)
        self.cache.setdefault("b", 2)
        self.assertEqual({each.where.function for each in caches.cache.operations}, {"test_where"})
        self.assertEqual({each.where.filename for each in caches.cache.operations}, {__file__})

    def test_missing_that_fills(self):
        """A `__missing__` that fills the cache: one miss, one put, and then a hit."""

        class Squares(self.library.LRUCache):
            def __missing__(self, key):
                self[key] = key * key
                return key * key

        cache = Squares(2)
        self.patch(cache=cache)
        self.assertEqual((cache[3], cache[3], cache.get(4)), (9, 9, None))
        self.assertEqual(kinds(), [("miss", 3), ("put", 3), ("hit", 3), ("miss", 4)])

    def test_method_of_a_subclass(self):
        """What a method of a subclass asks of its own cache is counted."""

        class Loading(self.library.LRUCache):
            def load(self, key):
                try:
                    return self[key]
                except KeyError:
                    return self.setdefault(key, key)

        cache = Loading(2)
        caches = self.patch(cache=cache)
        self.assertEqual((cache.load(1), cache.load(1)), (1, 1))
        self.assertEqual(caches.cache.counts(), (1, 1, 2))


class ExpiryTests(CachetoolsTestCase):
    @parameterized.expand(
        [
            ("subscript", lambda c: c["a"], [("expiration", "a"), ("miss", "a")]),
            ("get", lambda c: c.get("a"), [("expiration", "a"), ("miss", "a")]),
            ("pop", lambda c: c.pop("a"), [("expiration", "a"), ("miss", "a")]),
            ("len", len, [("expiration", "a")]),
            ("put", lambda c: c.__setitem__("b", 1), [("expiration", "a"), ("put", "b")]),
            ("again", lambda c: c.__setitem__("a", 1), [("expiration", "a"), ("put", "a")]),
            (
                "setdefault",
                lambda c: c.setdefault("a", 1),
                [("expiration", "a"), ("miss", "a"), ("put", "a")],
            ),
            ("expire", lambda c: c.expire(), [("expiration", "a")]),
            ("contains", lambda c: "a" in c, []),
        ]
    )
    def test_expired(self, _, call, expected):
        """An entry whose time has passed is logged as expired, once, by whatever sees it first."""
        cache = self.ttl_cache()
        self.patch(cache=cache)
        cache["a"] = 1
        self.clock.now = 10
        with suppress(KeyError):
            call(cache)
        self.assertEqual(kinds()[1:], expected)
        cache.expire()
        self.assertEqual(kinds().count(("expiration", "a")), 1)

    def test_expires_again(self):
        """An entry that was put anew expires anew."""
        cache = self.ttl_cache()
        self.patch(cache=cache)
        for _ in range(2):
            cache["a"] = 1
            self.clock.now += 10
            self.assertIsNone(cache.get("a"))
        self.assertEqual(kinds(), [("put", "a"), ("expiration", "a"), ("miss", "a")] * 2)

    def test_put_by_hand_expires_again(self):
        """So does one that the test has put in by hand, in place of one that has expired."""
        cache = self.ttl_cache()
        view = self.patch(cache=cache).cache.cache
        for _ in range(2):
            view["a"] = 1
            self.clock.now += 10
            self.assertIsNone(cache.get("a"))
            cache.expire()
        self.assertEqual(kinds(), [("expiration", "a"), ("miss", "a")] * 2)

    def test_deleted_when_expired(self):
        """To delete an expired entry is a delete, and the library's KeyError; it then expires anew."""
        cache = self.ttl_cache()
        self.patch(cache=cache)
        for _ in range(2):
            cache["a"] = 1
            self.clock.now += 10
            cache.get("a")
            with self.assertRaises(KeyError):
                del cache["a"]
        self.assertEqual(kinds(), [("put", "a"), ("expiration", "a"), ("miss", "a"), ("delete", "a")] * 2)

    def test_expired_as_it_is_put(self):
        """A value that TLRUCache drops at once is no put."""
        cache = self.library.TLRUCache(3, lambda key, value, now: now + value, timer=self.clock)
        self.patch(cache=cache)
        cache["a"] = 0
        cache.setdefault("b", 0)
        cache["c"] = 1
        self.assertEqual(kinds(), [("miss", "b"), ("put", "c")])

    def test_expired_makes_room(self):
        """What has expired is not evicted."""
        cache = self.library.TTLCache(1, 10, timer=self.clock)
        self.patch(cache=cache)
        cache["a"] = 1
        self.clock.now = 10
        cache["b"] = 1
        cache["c"] = 1
        self.assertEqual(
            kinds(), [("put", "a"), ("expiration", "a"), ("put", "b"), ("eviction", "b"), ("put", "c")]
        )


class Lock:
    """A lock, and a condition, that counts how often it is taken."""

    def __init__(self):
        self.taken = 0
        self._condition = threading.Condition()

    def __enter__(self):
        self.taken += 1
        return self._condition.__enter__()

    def __exit__(self, *exc):
        return self._condition.__exit__(*exc)

    def __getattr__(self, name):
        return getattr(self._condition, name)


class DecoratorTests(CachetoolsTestCase):
    @parameterized.expand(
        [("plain",), ("lock",), ("info",), ("lock", "info"), ("condition",), ("condition", "info")],
        name_func=lambda function, _, case: "_".join((function.__name__, *case.args)),
    )
    def test_cached(self, *options):
        """A decorated function: a call is one lookup, and one put if it missed."""
        chosen = {"lock": Lock(), "info": True, "condition": Lock()}
        chosen = {name: value for name, value in chosen.items() if name in options}
        calls = []
        try:
            function = self.library.cached(self.cache, **chosen)(lambda n: calls.append(n) or n)
        except TypeError:
            self.skipTest(f"this release of cachetools lacks one of {options}")
        caches = self.patch()
        self.assertEqual([function(n) for n in (1, 1, 2, 1)], [1, 1, 2, 1])
        self.assertEqual(calls, [1, 2])
        self.assertEqual(caches.cache.counts(), (2, 2, 2))
        self.assertEqual({each.where.filename for each in caches.cache.operations}, {__file__})
        if "info" in options:
            self.assertEqual(function.cache_info(), (2, 2, 2, 2))
            function.cache_clear()
            self.assertEqual(function.cache_info(), (0, 0, 2, 0))

    def test_locked_put_of_another(self):
        """With a lock, the value of a faster thread is found at the put: no further lookup, nor a put."""
        function = self.library.cached(self.cache, key=lambda n: n, lock=Lock())(
            lambda n: self.cache.__setitem__(n, "faster") or "slower"
        )
        self.patch()
        self.assertEqual(function(1), "faster")
        self.assertEqual(kinds(), [("miss", 1), ("put", 1)])

    def test_cachedmethod(self):
        """So is a call of a decorated method."""
        cache, library = self.cache, self.library

        class Shop:
            @library.cachedmethod(lambda self: cache)
            def price(self, article):
                return len(article)

        caches = self.patch()
        shop = Shop()
        self.assertEqual([shop.price("lamp"), shop.price("lamp")], [4, 4])
        self.assertEqual(caches.cache.counts(), (1, 1, 1))

    def test_function_as_target(self):
        """A decorated function stands for its cache."""
        function = self.library.cached(self.cache)(lambda n: n)
        if not hasattr(function, "cache"):
            self.skipTest("this release of cachetools does not tell the cache of a function")
        caches = self.patch(cache=function)
        function(1)
        self.assertEqual(caches.cache.counts(), (1, 0, 1))

    def test_func_module(self):
        """So does one decorated by `cachetools.func`."""
        from cachetools import func

        for decorator in (func.lru_cache(2), func.ttl_cache(None, 600), func.lfu_cache(2), func.rr_cache(2)):
            function = decorator(lambda n: n)
            if not hasattr(function, "cache"):
                self.skipTest("this release of cachetools does not tell the cache of a function")
            function(1)
            with PatchCaches(adapter(cache=function)) as patched:
                self.assertEqual([function(1), function(1)], [1, 1])
                self.assertEqual(patched.caches.cache.counts(), (1, 1, 1))
                function.cache_info()


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
        """What a thread of the test does counts, and sees the test's entries."""
        caches = self.patch()
        self.cache["a"] = 1
        thread = threading.Thread(target=self.cache.get, args=("a",))
        thread.start()
        thread.join()
        self.assertEqual(caches.cache.counts(), (1, 1, 0))

    def test_attributes(self):
        """What a test sets on a cache is gone after it, and what was set before is seen in it."""
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


class InstallTests(CachetoolsTestCase):
    def test_by_name(self):
        """A target may be a string, imported when it is patched."""
        global shared
        shared = self.cache
        caches = self.patch(cache=f"{__name__}:shared")
        shared["a"] = 1
        self.assertEqual(caches.cache.counts(), (1, 0, 0))

    @parameterized.expand([("dict", {}), ("function", len), ("none", None), ("class", MockCache)])
    def test_no_cache(self, _, target):
        """What is no cache of cachetools is an error that says what was given, and what is expected."""
        with self.assertRaisesRegex(TypeError, r"Cachetools\(cache=...\): expected a cachetools.Cache.*not "):
            self.patch(cache=target)

    def test_function_with_a_dict(self):
        """So is a function that was decorated with a dict."""
        with self.assertRaisesRegex(TypeError, "such as LRUCache"):
            self.patch(cache=self.library.cached({})(len))

    def test_two_names(self):
        """One object by two names is an error that says the other name, and nothing stays patched."""
        with self.assertRaisesRegex(ValueError, "is patched already, as 'one'; use one name"):
            self.patch(one=self.cache, two=self.cache)
        self.assertIs(type(self.cache), self.library.LRUCache)
        self.patch()
        with self.assertRaisesRegex(ValueError, "patched already, as 'cache'"):
            self.patch(other=self.cache)
        self.cache["a"] = 1

    def test_half_way(self):
        """When the second of two can't be patched, the first is not either."""
        with self.assertRaises(TypeError):
            self.patch(cache=self.cache, other={})
        self.assertIs(type(self.cache), self.library.LRUCache)

    def test_put_back_twice(self):
        """Leaving may be repeated, and does no harm to who patched since."""
        installed = adapter(cache=self.cache).install()
        with installed:
            self.assertIsNot(type(self.cache), self.library.LRUCache)
        self.patch()
        patched = type(self.cache)
        installed.__exit__(None, None, None)
        self.assertIs(type(self.cache), patched)

    def test_displaced(self):
        """A name that is given another cache while the test runs is reported."""
        global shared
        shared = self.cache

        def body(case):
            global shared
            shared = self.library.LRUCache(5)

        _, result = run_method(CacheTestCase, body, patch_caches=(adapter(cache=f"{__name__}:shared"),))
        self.assertIn("the class of the cache 'cache' was displaced", result.failures[0][1])
        self.assertIs(type(self.cache), self.library.LRUCache)

    def test_class_shows_as_its_own(self):
        """A patched object is an instance of its class, and is called by the name of it."""
        self.patch()
        self.assertIsInstance(self.cache, self.library.LRUCache)
        self.assertIs(self.cache.__class__, self.library.LRUCache)
        self.assertEqual(type(self.cache).__qualname__, "LRUCache")
        self.assertEqual(repr(self.cache), "LRUCache({}, maxsize=2, currsize=0)")


if __name__ == "__main__":
    unittest.main()

"""Adapters that a running test adds to its scope, by `patchCaches`."""

import asyncio
import threading
import unittest

from parameterized import parameterized

from cachetest import (
    AsyncCacheTestCase,
    CacheTestCase,
    MockBackend,
    PatchCaches,
)
from cachetest._caches.attribution import scope_of_caller
from cachetest.adapters import Functools, Undo

from ..support import LibraryAdapter, is_there, make_library, needs, run_case, run_method

if is_there("cachetools"):
    import cachetools

    from cachetest.adapters import Cachetools


class AdditionCase(unittest.TestCase):
    def setUp(self):
        self.library, self.adapter = make_library()
        before = dict(vars(self.library))
        self.addCleanup(lambda: self.assertEqual(dict(vars(self.library)), before))

    def passes(self, body, base=CacheTestCase, **attributes):
        case, result = run_method(base, body, **{"patch_caches": (), **attributes})
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)
        return case


@needs("cachetools", "cachetools")
class AddTests(AdditionCase):
    def test_object_of_the_test(self):
        """A cache that is there only when the test runs is counted from then on, and is itself again."""
        cache = cachetools.LRUCache(2)

        def body(case):
            cache["before"] = 1
            case.patchCaches(Cachetools(prices=cache))
            self.assertNotIn("before", cache)
            for n in range(3):
                cache[n] = n
            case.assertCacheStats("prices", puts=3)
            case.assertCached("prices", 2, 2)
            self.assertIn("prices", case.caches)

        self.passes(body)
        self.assertIs(type(cache), cachetools.LRUCache)
        self.assertEqual(dict(cache), {"before": 1})

    @parameterized.expand([("without super",), ("with super",)])
    def test_set_up(self, how):
        """It acts from setUp on, where it is called there; switches are off, or on where they are named."""

        def set_up(case):
            case.patchCaches(self.adapter, enable=("library_cache",))
            if how == "with super":
                CacheTestCase.setUp(case)

        def body(case):
            self.library.backend.put("k", 1)
            case.assertCacheStats("lib", puts=1)
            self.assertIs(self.library.flag, True)

        self.passes(body, setUp=set_up)

    def test_switches(self):
        """The switches of what is added are off, also after a TestCase behind has turned them on."""

        class Base(unittest.TestCase):
            def setUp(inner):
                self.library.flag = True

        class Tests(CacheTestCase, Base):
            patch_caches = ()

            def setUp(inner):
                inner.patchCaches(self.adapter)
                self.assertIs(self.library.flag, False)
                super().setUp()

            def test(inner):
                self.assertIs(self.library.flag, False)

        result = run_case(Tests("test"))
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)

    def test_order_at_the_end(self):
        """What was added is undone before what was patched first, the last one first."""
        order = []

        def make(name):
            class Noting(LibraryAdapter):
                caches = (name,)

                def install(inner):
                    def begin(undo):
                        order.append(f"{name} in")
                        undo.add(lambda: order.append(f"{name} out"))

                    return Undo(begin)

                def scope_context(inner, caches):
                    def begin(undo):
                        order.append(f"{name} entered")
                        undo.add(lambda: order.append(f"{name} left"))

                    return Undo(begin)

            return Noting(make_library()[0])

        a, b, c = map(make, "abc")

        def body(case):
            case.patchCaches(b, c)
            order.append("test")

        self.passes(body, patch_caches=(a,))
        entered = ["a in", "a entered", "b in", "c in", "b entered", "c entered"]
        left = ["c left", "b left", "c out", "b out", "a left", "a out"]
        self.assertEqual(order, [*entered, "test", *left])

    def test_twice(self):
        """One that is patched already, by this call, an earlier one or the class, stays as it is."""
        first, second = cachetools.LRUCache(2), cachetools.LRUCache(2)

        def body(case):
            first["k"] = 1
            case.patchCaches(Cachetools(a=first), Cachetools(b=second), Cachetools(b=second))
            case.patchCaches(Cachetools(b=second))
            second["k"] = 1
            case.patchCaches(Cachetools(b=second), self.adapter)
            case.patchCaches(self.adapter)
            case.assertCacheStats("a", puts=1)
            case.assertCacheStats("b", puts=1)
            self.assertEqual((first["k"], second["k"]), (1, 1))

        self.passes(body, patch_caches=(Cachetools(a=first),))
        self.assertEqual((dict(first), dict(second)), ({}, {}))

    def test_sub_test(self):
        """In a subTest it acts to the end of the test."""
        cache = cachetools.LRUCache(2)

        def body(case):
            with case.subTest():
                case.patchCaches(Cachetools(prices=cache))
            cache["k"] = 1
            case.assertCacheStats("prices", puts=1)

        self.passes(body)

    def test_in_a_block(self):
        """In a block inside the test it adds to the test's scope, and stays when the block is left."""
        cache = cachetools.LRUCache(2)

        def body(case):
            with PatchCaches(self.adapter) as patch:
                case.patchCaches(Cachetools(in_a_block=cache), self.adapter)
                self.assertNotIn("in_a_block", patch.caches)
            cache["k"] = 1
            self.library.backend.put("k", 1)
            case.assertCacheStats("in_a_block", puts=1)
            case.assertCacheStats("lib", puts=1)

        self.passes(body)
        self.assertEqual(dict(cache), {})

    def test_told_of_the_scope(self):
        """An adapter is told of the test's scope, from a block and from a thread too."""
        told = []

        class Told(LibraryAdapter):
            def scope_context(inner, caches):
                told.append(scope_of_caller())

        other = Told(make_library()[0])
        other.caches = ("other",)

        def body(case):
            scope = scope_of_caller()
            with PatchCaches():
                case.patchCaches(Told(self.library))
                thread = threading.Thread(target=case.patchCaches, args=(other,))
                thread.start()
                thread.join()
                self.assertIsNot(scope_of_caller(), scope)
            self.assertEqual(told, [scope, scope])

        self.passes(body)

    def test_in_a_thread(self):
        """A thread of the test may add; so may several at once, also the same."""
        caches = [cachetools.LRUCache(2) for _ in range(4)]

        def body(case):
            def add(n):
                case.patchCaches(Cachetools(**{f"c{n}": caches[n]}))
                caches[n]["k"] = 1

            threads = [threading.Thread(target=add, args=(n,)) for n in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for n in range(4):
                case.assertCacheStats(f"c{n}", puts=1)

        for _ in range(20):
            self.passes(body)
        self.assertEqual([dict(cache) for cache in caches], [{}] * 4)

    def test_in_a_coroutine(self):
        """In a coroutine, and in a task of one, it acts to the end of the test."""
        caches = [cachetools.LRUCache(2) for _ in range(2)]

        async def body(case):
            case.patchCaches(Cachetools(a=caches[0]), self.adapter)

            async def task():
                case.patchCaches(Cachetools(b=caches[1]))

            await asyncio.create_task(task())
            for cache in caches:
                cache["k"] = 1
            self.assertIs(self.library.flag, False)
            case.assertCacheStats("a", puts=1)
            case.assertCacheStats("b", puts=1)

        self.passes(body, base=AsyncCacheTestCase)
        self.assertEqual([dict(cache) for cache in caches], [{}, {}])

    def test_watched(self):
        """A library that is watched and not swapped is watched from then on."""
        import functools

        @functools.cache
        def square(n):
            return n * n

        def body(case):
            square(2)
            case.patchCaches(Functools(squares=square))
            square(2)
            square(2)
            case.assertCacheStats("squares", hits=1, misses=1)

        self.passes(body)

    def test_explained(self):
        """The adapter that is added explains its misses, of a cache that had a name before too."""

        class Explaining(LibraryAdapter):
            def why_opaque(self, cache):
                return "because"

        adapter = Explaining(self.library)

        def body(case):
            MockBackend("lib").get("k")
            case.patchCaches(adapter)
            self.assertIs(case.caches.lib.explainer, adapter)
            self.assertEqual(case._session.entry_key("lib", "k"), "k")

        self.passes(body)

    def test_displaced(self):
        """A patch of it that somebody displaced fails the test."""

        def body(case):
            case.patchCaches(self.adapter)
            self.library.backend = "displaced"

        _, result = run_method(CacheTestCase, body, patch_caches=())
        ((_, text),) = result.failures
        self.assertIn("Library.backend was displaced while the test ran", text)


if __name__ == "__main__":
    unittest.main()

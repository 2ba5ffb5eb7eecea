"""Why a cache was not used, as far as its adapter can tell, and what was used in its place."""

import unittest
from functools import cache, partial

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest.adapters import Adapter, Undo

from ..support import needs


class Counting(Adapter):
    """An adapter of an author's own."""

    name = "counting"
    caches = ("one", "two")

    def install(self):
        return Undo(lambda undo: None)

    def why_unused(self, cache):
        return f"{cache.name} is off\nturn it on"


class TextTests(CacheTestCase):
    patch_caches = (Counting(),)

    def text_of(self, assertion, *args, **kwargs):
        with self.assertRaises(AssertionError) as caught:
            assertion(*args, **kwargs)
        return str(caught.exception)

    def test_asked(self):
        """Each text that finds no operations has what the adapter says, below that."""
        told = "\n  no operations\n    one is off\n    turn it on"
        self.assertTrue(self.text_of(self.assertCacheStats, "one", hits=1).endswith(told))
        self.assertTrue(self.text_of(self.assertCached, "one", "a").endswith(told))

        def block():
            with self.assertCacheDelta("one", hits=1):
                pass

        self.assertTrue(self.text_of(block).endswith(told))

    def test_not_asked(self):
        """Where there are operations, it is not asked."""
        self.caches.one.get("a")
        self.assertNotIn("is off", self.text_of(self.assertCacheStats, "one", hits=1))

    def test_where_misses_are_not_explained(self):
        """It is asked as well where misses are not explained."""
        with PatchCaches(Counting(), explain_misses=False) as patch:
            self.assertEqual(patch.caches.two.history().why_unused(), ["two is off", "turn it on"])

    def test_of_nobody(self):
        """A cache of no adapter has nothing to say, but for the others that were used."""
        MockBackend("mine")
        text = self.text_of(self.assertCacheStats, "mine", hits=1)
        self.assertTrue(text.endswith("\n  no operations"))
        MockBackend("yours").get("a")
        text = self.text_of(self.assertCacheStats, "mine", hits=1)
        self.assertTrue(
            text.endswith("\n  no operations\n    in this test there were operations on 'yours' (1)")
        )


def first():
    return 1


def second():
    return 2


function = cache(first)


class TargetTests(unittest.TestCase):
    def why(self, adapter, replace):
        with PatchCaches(adapter) as patch:
            found = globals()["function"]
            try:
                before = patch.caches["target"].history().why_unused()
                replace()
                after = patch.caches["target"].history().why_unused()
            finally:
                globals()["function"] = found
        return before, after

    def test_functools(self):
        """A memoised function that the program has replaced is named."""
        from cachetest.adapters import Functools

        target = f"{__name__}:function"
        before, (after,) = self.why(
            Functools(target=target), partial(globals().__setitem__, "function", cache(second))
        )
        self.assertEqual(before, [])
        self.assertIn(f"{target!r} is another object now than the one that was patched: ", after)

    def test_gone(self):
        """So is one that is not there any more."""
        from cachetest.adapters import Functools

        target = f"{__name__}:function"
        _, (after,) = self.why(Functools(target=target), partial(globals().pop, "function"))
        self.assertEqual(after, f"what was {target!r} when it was patched is not there any more")

    @parameterized.expand([("Cachetools", "cachetools"), ("Dogpile", "dogpile")])
    def test_objects(self, name, library):
        """An object that the program has replaced is named, and one that is given itself is not."""
        from cachetest import adapters

        make = _makers[name]
        target = f"{__name__}:function"
        self.addCleanup(globals().__setitem__, "function", function)
        globals()["function"] = made = make(self)
        before, (after,) = self.why(
            getattr(adapters, name)(target=target), lambda: globals().__setitem__("function", make(self))
        )
        self.assertEqual(before, [])
        self.assertIn("is another object now", after)
        before, after = self.why(getattr(adapters, name)(target=made), lambda: None)
        self.assertEqual((before, after), ([], []))


@needs("cachetools", "cachetools")
def _lru(case):
    from cachetools import LRUCache

    return LRUCache(3)


@needs("dogpile", "dogpile.cache")
def _region(case):
    from dogpile.cache import make_region

    return make_region().configure("dogpile.cache.memory")


_makers = {"Cachetools": _lru, "Dogpile": _region}


if __name__ == "__main__":
    unittest.main()

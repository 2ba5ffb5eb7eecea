"""How a cache begins as that of the scope of its class."""

import copy
import io
import pickle
import threading
import unittest

from cachetest import CacheTestCase
from cachetest._caches.scope import Scope, close_scope, open_scope

from ..class_scopes import ClassScopeCase
from .scopes import scope


class Uncopyable:
    """A value that fails to be copied when half of it was."""

    def __init__(self, inner):
        self.inner = inner

    def __deepcopy__(self, memo):
        copy.deepcopy(self.inner, memo)
        raise ValueError("not to be copied")


class InheritedTests(unittest.TestCase):
    def setUp(self):
        self.origin = Scope("the class", is_lasting=True)
        open_scope(self.origin)
        self.addCleanup(close_scope, self.origin)
        self.cache = self.origin.caches.ensure("c")

    def begin(self, **entries):
        """Put *entries*, and return the cache of a test that begins with them."""
        for key, value in entries.items():
            self.cache.put(key, value)
        return Scope("a test", origin=self.origin).caches.ensure("c")

    def test_copied(self):
        """Bytes and text are the same, all else is a copy; counts and log are the test's own."""
        found = self.begin(raw=b"bytes", text="x" * 100, made=[1])
        self.assertIs(found.cache["raw"], self.cache.cache["raw"])
        self.assertIs(found.cache["text"], self.cache.cache["text"])
        self.assertEqual(found.cache["made"], [1])
        self.assertIsNot(found.cache["made"], self.cache.cache["made"])
        self.assertEqual((found.counts(), len(found.operations)), ((0, 0, 0), 0))

    def test_asked_for_while_it_is_made(self):
        """What is asked for while it is made, as by garbage that is collected, is one, with its keys once."""
        self.cache.adapter_state("kept", dict, None)
        cache = self.begin()

        def inherit(made, _found, _copied):
            if "inner" not in asked:
                asked.append("inner")
                asked.append(cache.adapter_state("kept", dict, inherit))
            made["k"] = 1
            return made

        asked = []
        found = cache.adapter_state("kept", dict, inherit)
        self.assertIs(found, asked[1])
        self.assertEqual(cache.inherited, ("k",))

    def test_shared(self):
        """What entries share, of two caches too, their copies share."""
        shared = []
        self.origin.caches.ensure("other").put("k", {"in": shared})
        self.begin(first=shared, second=(shared,))
        test = Scope("a test", origin=self.origin).caches
        found = test.ensure("c").cache
        self.assertIs(found["first"], found["second"][0])
        self.assertIs(found["first"], test.ensure("other").cache["k"]["in"])
        self.assertIsNot(found["first"], shared)

    def test_by_reference(self):
        """What can't be copied is the entry itself, and the report says so."""
        lock = threading.Lock()
        found = self.begin(lock=lock, fine=[1])
        self.assertIs(found.cache["lock"], lock)
        self.assertIsNot(found.cache["fine"], self.cache.cache["fine"])
        made = Scope("a test", origin=self.origin)
        made.caches.ensure("c")
        out = io.StringIO()
        made.caches.report(out)
        self.assertIn(
            "'lock' is the entry of the scope of the class itself, which can't be copied: TypeError: cannot "
            "pickle '_thread.lock' object",
            out.getvalue(),
        )

    def test_half_a_copy(self):
        """What was copied of an entry that failed becomes no part of another's copy."""
        inner = []
        found = self.begin(failing=Uncopyable(inner), inner=inner).cache
        self.assertIs(found["failing"].inner, inner)
        self.assertIsNot(found["inner"], inner)

    def test_first_use(self):
        """It is copied when the test first uses it, as it is by then."""
        test = Scope("a test", origin=self.origin).caches
        self.cache.put("before", 1)
        self.assertEqual(test.ensure("c").cache, {"before": 1})
        self.cache.put("after", 1)
        self.assertEqual(test.ensure("c").cache, {"before": 1})

    def test_nearest(self):
        """A cache that the class has not used begins as that of the module."""
        self.cache.put("k", 1)
        of_class = Scope("the class", is_lasting=True, origin=self.origin)
        self.assertEqual(Scope("a test", origin=of_class).caches.ensure("c").cache, {"k": 1})
        of_class.caches.ensure("c").put("k", 2)
        self.assertEqual(Scope("a test", origin=of_class).caches.ensure("c").cache, {"k": 2})

    def test_names(self):
        """A cache that was used there is known by name, though its backend is gone."""
        self.cache.put("k", 1)
        self.origin.caches.ensure("unused")
        test = Scope("a test", origin=self.origin).caches
        self.assertEqual((list(test), test.c.cache), (["c"], {"k": 1}))

    def test_block_is_cold(self):
        """A block inside a test begins cold, as ever."""
        self.cache.put("k", 1)
        with scope("a test") as test, scope("a block") as block:
            self.assertEqual(block.caches.ensure("c").cache, {})
            self.assertIs(block.parent, test)

    def test_pickled_and_copied(self):
        """A pickle and a copy are without the scope of the class."""
        found = self.begin(k=[1])
        self.assertEqual(pickle.loads(pickle.dumps(found)).cache, {"k": [1]})
        self.assertIsNone(copy.deepcopy(found).origin)


class ExplainedTests(ClassScopeCase):
    """Why a lookup missed, of a key that was there from the beginning."""

    def explained(self, take_away):
        texts = []
        prices = self.prices

        class Inner(CacheTestCase):
            @classmethod
            def setUpClass(cls):
                prices.put("lamp", 1)

            def test(self):
                take_away(self.caches.prices)
                prices.get("lamp")
                texts.append(str(self.caches.prices.explain()))

        self.passes(Inner)
        return texts[0]

    def test_deleted(self):
        """It was deleted."""
        self.assertIn("put, then deleted by operation 1", self.explained(lambda cache: cache.delete("lamp")))

    def test_emptied(self):
        """It was taken out by hand."""
        self.assertIn("emptied by hand", self.explained(lambda cache: cache.cache.clear()))

    def test_reset(self):
        """The cache was reset."""
        self.assertIn("put, then the cache was reset", self.explained(lambda cache: cache.reset()))


if __name__ == "__main__":
    unittest.main()

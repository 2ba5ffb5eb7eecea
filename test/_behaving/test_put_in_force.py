"""What is in force closes the short way of calls, in its own scope and in no other."""

import threading
import unittest

from parameterized import parameterized

from cachetest import MockBackend, Stats
from cachetest._behaving.gate import Call
from cachetest._caches.attribution import bind_to_scope, cache_for
from cachetest._caches.backend import get_from_library, put_from_library
from cachetest._caches.scope import Scope, close_scope, open_scope

from .._caches.scopes import elsewhere, scope
from .behaviours import InForceCase, Records, put_in_force, refuses


class ShortWayTests(InForceCase):
    def test_closed_and_opened(self):
        """What is in force closes the short way, and lifting it opens it again."""
        self.assertTrue(self.scope.is_innermost)
        put_in_force(self.scope, refuses)
        self.assertFalse(self.scope.is_innermost)
        put_in_force(self.scope)
        self.assertTrue(self.scope.is_innermost)
        self.assertEqual(self.cache.in_force, ())

    @parameterized.expand(
        [
            ("get", lambda: MockBackend("c").get("a")),
            ("put", lambda: MockBackend("c").put("a", 1)),
            ("get from a library", lambda: get_from_library("c", "a", frozenset())),
            ("put from a library", lambda: put_from_library("c", "a", 1, frozenset())),
        ]
    )
    def test_every_short_way(self, _, call):
        """Every one of the short ways is closed, for a cache from before and one that comes after."""
        for name in ("c", "new"):
            with self.subTest(name):
                put_in_force(self.scope, refuses)
                with self.assertRaises(OSError):
                    call()
                put_in_force(self.scope)
                call()
        self.assertEqual(len(self.logged("kind")), 4)

    def test_cache_that_comes_after(self):
        """A cache that is first used while something is in force is no exception."""
        seen = Records()
        put_in_force(self.scope, seen)
        MockBackend("new").get("a")
        self.assertEqual(seen.calls, [Call("new", "get", "get", ("a",), self.scope.caches["new"])])
        put_in_force(self.scope)
        MockBackend("new").get("a")
        self.assertEqual(len(seen.calls), 1)
        self.assertEqual(self.scope.caches["new"], Stats(0, 0, 2))

    def test_replaces(self):
        """What is put in force later is there in place of what was."""
        put_in_force(self.scope, refuses)
        put_in_force(self.scope, Records())
        self.assertIsNone(self.backend.get("a"))

    def test_on_other_threads(self):
        """It is in force wherever the scope is used."""
        seen = Records()
        put_in_force(self.scope, seen)
        elsewhere(self.backend.get, "a")
        elsewhere(bind_to_scope(self.scope, self.backend.get), "b")
        self.assertEqual([call.keys for call in seen.calls], [("a",), ("b",)])

    def test_meanwhile(self):
        """Put in force and lifted while other threads use the cache, it loses no operation."""
        rounds, stop = 200, threading.Event()

        def work():
            for n in range(rounds):
                self.backend.put(n, n)
                self.backend.get(n)

        def turn():
            while not stop.is_set():
                put_in_force(self.scope, Records())
                put_in_force(self.scope)

        turner = threading.Thread(target=turn)
        workers = [threading.Thread(target=bind_to_scope(self.scope, work)) for _ in range(4)]
        turner.start()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        stop.set()
        turner.join()
        self.assertEqual(self.cache, Stats(4 * rounds, 4 * rounds, 0))
        self.assertEqual([each.number for each in self.cache.operations], list(range(1, 8 * rounds + 1)))


class NestedTests(InForceCase):
    def test_inner_scope(self):
        """A scope inside has what is in force of its own; after it, that of the outer one is again."""
        seen = Records()
        put_in_force(self.scope, seen)
        with scope("inner") as inner:
            self.assertTrue(inner.is_innermost)
            self.backend.get("a")
            self.assertEqual(seen.calls, [])
            put_in_force(inner, refuses)
            with self.assertRaises(OSError):
                self.backend.get("a")
            self.assertEqual([each.kind for each in inner.caches["c"].operations], ["miss", "failure"])
        self.backend.get("b")
        self.assertEqual(seen.calls, [Call("c", "get", "get", ("b",), self.cache)])
        self.assertFalse(self.scope.is_innermost)

    def test_outer_while_an_inner_is_open(self):
        """What is put in force of the outer scope meanwhile, or lifted, leaves the short way of the inner."""
        with scope("inner") as inner:
            for behaviours in ((refuses,), ()):
                put_in_force(self.scope, *behaviours)
                self.assertTrue(inner.is_innermost)
                self.assertFalse(self.scope.is_innermost)
                self.backend.get("a")
            put_in_force(self.scope, refuses)
        self.assertFalse(self.scope.is_innermost)
        with self.assertRaises(OSError):
            self.backend.get("a")
        put_in_force(self.scope)
        self.assertTrue(self.scope.is_innermost)

    def test_before_it_opens(self):
        """What is put in force of a scope that is not open yet is in force from its first call on."""
        made = Scope("inner")
        put_in_force(made, refuses)
        open_scope(made)
        try:
            self.assertFalse(made.is_innermost)
            with self.assertRaises(OSError):
                cache_for("c").get("a")
        finally:
            close_scope(made)

    def test_after_it_closed(self):
        """Lifting it when the scope has closed does not open the short way: what comes now is late."""
        with scope("inner") as inner:
            put_in_force(inner, refuses)
        put_in_force(inner)
        self.assertFalse(inner.is_innermost)


if __name__ == "__main__":
    unittest.main()

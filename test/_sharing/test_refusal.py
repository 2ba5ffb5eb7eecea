"""A cache that refuses, in a child that can't ask its parent: nothing of it can be used, read or changed."""

import sys
import unittest

from parameterized import parameterized

from cachetest import ChildOperationError
from cachetest._caches.cache import MockCache
from cachetest._caches.caches import MockCaches
from cachetest._caches.scope import Scope
from cachetest._recording.packages import NO_LIBRARIES
from cachetest._sharing import joined
from cachetest._sharing.refusal import made_to_refuse, refuse_all

USES = [
    ("get", lambda cache: cache.get("lamp"), r"a get \(key 'lamp'\) on cache 'prices'"),
    ("put", lambda cache: cache.put("lamp", 4.0), r"a put \(key 'lamp'\) on cache 'prices'"),
    (
        "several",
        lambda cache: cache.perform("get", ("a", "b"), dict, lambda _: []),
        r"a get \(keys 'a', 'b'\) on cache 'prices'",
    ),
    ("other", lambda cache: cache.perform(None, (), dict, lambda _: []), "a call on cache 'prices'"),
    ("record", lambda cache: _record(cache, "hit"), r"a hit \(key 'lamp'\) on cache 'prices'"),
    ("counts", lambda cache: cache.operations.total, "reading the counts or operations on cache 'prices'"),
    *(
        (name, change, "reading or changing the entries on cache 'prices'")
        for name, change in (
            ("entry", lambda cache: cache.cache["lamp"]),
            ("set_entry", lambda cache: cache.cache.update(lamp=1)),
            ("delete_entry", lambda cache: cache.cache.__delitem__("lamp")),
            ("entries", lambda cache: list(cache.cache)),
            ("length", lambda cache: len(cache.cache)),
        )
    ),
]


def _record(cache, kind):
    cache.operations.record(kind, "lamp", NO_LIBRARIES, sys._getframe())


class RefusingTests(unittest.TestCase):
    def work_for_another(self):
        """Have this process be one that works for a test of another, until the end of this test."""
        joined.begin_job(joined.Parent(1, "a test", "", 1, "started at shop.py:9"))
        self.addCleanup(joined.end_job)
        self.addCleanup(joined._told.clear)

    @parameterized.expand(USES)
    def test_refused(self, _, use, what):
        """The error says what was about to be done, by whom, and whose the caches are."""
        cache = made_to_refuse(MockCache("prices"))
        self.work_for_another()
        with self.assertRaisesRegex(
            ChildOperationError,
            rf"^{what}, at \S+ in \S+, was refused: this is child process \d+, started at",
        ):
            use(cache)

    def test_no_use(self):
        """What is no use of the cache is not recorded, and not refused either."""
        self.work_for_another()
        _record(made_to_refuse(MockCache("prices")), "bypass")

    def test_all(self):
        """Caches of a scope that are made later refuse as well, and so do blocks that act on them."""
        scope = Scope("a test")
        scope.caches.ensure("prices")
        refuse_all((scope,))
        self.work_for_another()
        for caches in (scope.caches, scope.late):
            with self.assertRaises(ChildOperationError):
                caches.ensure("later").get("lamp")
            with self.assertRaisesRegex(
                ChildOperationError, r"^inject\(\), or another block that acts on the"
            ):
                caches.await_end(self, str)
        with self.assertRaises(ChildOperationError):
            scope.by_name["prices"].get("lamp")
        self.assertTrue(scope.closed)

    def test_in_no_child(self):
        """In a process that works for nobody that would be a mistake of ours."""
        cache = made_to_refuse(MockCache("prices"))
        with self.assertRaisesRegex(
            AssertionError, "'prices' refuses in a process that is no child of a test"
        ):
            cache.get("lamp")
        scope = Scope("a test")
        refuse_all((scope,))
        with self.assertRaisesRegex(AssertionError, "refuse in a process that is no child of a test"):
            scope.caches.await_end(self, str)
        self.assertIsInstance(scope.caches, MockCaches)


if __name__ == "__main__":
    unittest.main()

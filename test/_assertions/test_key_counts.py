"""The counts of some keys alone: what they count, how they fail, and where they can't be told."""

import unittest
from functools import lru_cache
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches, Stats
from cachetest.adapters import Functools

from ..support import run_method


class KeyCountTests(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.backend = MockBackend("views")
        for key in ("view/a", "view/b", "view/a", b"view/bytes", ("view", 1), 5, "v_version"):
            if self.backend.get(key) is None:
                self.backend.put(key, key)

    @parameterized.expand(
        [
            ("text", "view/*", Stats(3, 1, 3)),
            ("one", "view/a", Stats(1, 1, 1)),
            ("set", "view/[ab]", Stats(2, 1, 2)),
            ("case", "VIEW/*", Stats(0, 0, 0)),
            ("repr", "('view', *)", Stats(1, 0, 1)),
            ("number", "5", Stats(1, 0, 1)),
            ("all", "*", Stats(6, 1, 6)),
            ("function", lambda key: isinstance(key, int), Stats(1, 0, 1)),
            ("versions", lambda key: str(key).endswith("_version"), Stats(1, 0, 1)),
        ]
    )
    def test_counted(self, _, keys, stats):
        """Those of a glob over the text of keys, or of a function."""
        self.assertCacheStats("views", stats, keys=keys)
        self.caches.views.cache.clear()
        with self.assertCacheDelta("views", stats, keys=keys):
            self.setUp()

    def test_failure(self):
        """The first line says of which keys the counts are."""
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheStats("views", hits=3, keys="view/*")
        first, *others = str(caught.exception).splitlines()
        self.assertEqual(first, "cache 'views', of the keys 'view/*': expected hits=3, got 1")
        self.assertEqual(others[1], "  got:      puts=3   hits=1 misses=3")
        with self.assertRaisesRegex(AssertionError, "of the keys .*is_version inside the block: expected"):
            with self.assertCacheDelta("views", puts=1, keys=is_version):
                self.backend.put("view/a", 1)

    def test_refusals(self):
        """Refusals are those of the keys as well."""
        self.caches.views.record("refusal", "view/a")
        self.caches.views.record("refusal", "other")
        self.assertCacheStats("views", hits=1, refusals=1, keys="view/*")

    @parameterized.expand([(5,), (("a", "b"),), (b"view/*",)])
    def test_no_keys(self, given):
        """Anything else is an error at the call."""
        with self.assertRaisesRegex(TypeError, "keys must be a glob such as 'price:\\*', or a function"):
            self.assertCacheStats("views", hits=1, keys=given)
        with self.assertRaisesRegex(TypeError, "keys must be a glob"):
            self.assertCacheDelta("views", hits=1, keys=given).__enter__()

    def test_coroutine(self):
        """A function that gives something to await has not said anything yet, and is an error."""

        async def is_one(key):
            return False

        for keys in (is_one, lambda key: is_one(key)):
            with self.assertRaisesRegex(TypeError, "says at once whether a key is one, not <function"):
                self.assertCacheStats("views", puts=6, keys=keys)

    def test_odd_keys(self):
        """A key that only says it is text is taken by its repr."""
        key = mock.MagicMock(spec=str)
        self.backend.put(key, 1)
        self.assertCacheStats("views", puts=1, keys="<MagicMock *")

    def test_not_kept(self):
        """Where the log has dropped operations it can't be told; a block needs its own alone."""

        def body(case):
            backend = MockBackend("c")
            for n in range(5):
                backend.put(n, n)
            with case.assertRaisesRegex(ValueError, "the oldest 2 operations of cache 'c' are not kept"):
                case.assertCacheStats("c", puts=5, keys="*")
            with case.assertCacheDelta("c", puts=1, keys="7"):
                backend.put(7, 7)
                backend.put(8, 8)
            with case.assertRaisesRegex(ValueError, "the oldest 1 operations of cache 'c' are not kept"):
                with case.assertCacheDelta("c", puts=1, keys="7"):
                    for n in range(4):
                        backend.put(n, n)

        _, result = run_method(CacheTestCase, body, log_length=3)
        self.assertEqual(result.errors + result.failures, [])

    def test_unknown_operations(self):
        """Of a function that is only watched the keys are not known."""

        @lru_cache
        def price_of(name):
            return len(name)

        def body(case):
            price_of("lamp")
            with case.assertRaisesRegex(ValueError, "the operations of cache 'price' can't be known"):
                case.assertCacheStats("price", misses=1, keys="*")

        _, result = run_method(CacheTestCase, body, patch_caches=(Functools(price=price_of),))
        self.assertEqual(result.errors + result.failures, [])

    def test_typo(self):
        """A glob that no operation has is no pass where something is expected."""
        with self.assertRaises(AssertionError), PatchCaches():
            self.assertCacheStats("views", puts=1, keys="veiw/*")


def is_version(key):
    return str(key).endswith("_version")


if __name__ == "__main__":
    unittest.main()

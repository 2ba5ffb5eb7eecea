"""Blocks inside a test have caches of their own, and a text about the test's says so."""

import functools
import gc
import unittest
import unittest.mock
import weakref

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, MockCaches, PatchCaches
from cachetest._caches import backend_names
from cachetest.adapters import Functools

from ..support import run_method

# As a program has it: made once, outside of any test.
prices: MockBackend


def setUpModule():
    global prices
    prices = MockBackend("prices")


def tearDownModule():
    global prices
    del prices


def used_in_a_block():
    with PatchCaches():
        prices.get("a")


def outcome(body, **attributes):
    """Return the text of the failure or error of a test with *body*; nothing where it passes."""
    _, result = run_method(CacheTestCase, body, **{"patch_caches": (), **attributes})
    return "".join(text for _, text in [*result.failures, *result.errors])


WHERE = r"were in the block at .*test_blocks.py:\d+ in used_in_a_block, which has caches of its own"


class OperationsInBlocksTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("stats", lambda case: case.assertCacheStats("prices", misses=1)),
            ("cached", lambda case: case.assertCached("prices", "a")),
        ]
    )
    def test_named(self, _, check):
        """Where the test has no operations, the block that has them is named."""

        def body(case):
            used_in_a_block()
            check(case)

        self.assertRegex(outcome(body), rf"no operations\n.*  the operations {WHERE}")

    def test_delta(self):
        """So it is in assertCacheDelta, but for a block that was there before."""

        def inside(case):
            with case.assertCacheDelta("prices", misses=1):
                used_in_a_block()

        def before(case):
            used_in_a_block()
            with case.assertCacheDelta("prices", misses=1):
                pass

        self.assertRegex(outcome(inside), f"the operations {WHERE}")
        self.assertNotIn("in the block at", outcome(before))

    def test_beside_others(self):
        """Where the test has operations too, those of the block are told beside them, with their number."""

        def body(case):
            prices.put("a", 1)
            for _ in range(2):
                used_in_a_block()
            case.assertCacheStats("prices", misses=1)

        self.assertRegex(outcome(body), f"1. put  'a'  at .*\n.*  2 more {WHERE}")

    def test_unused(self):
        """In assertCacheUnused too."""

        def body(case):
            prices.put("a", 1)
            used_in_a_block()
            case.assertCacheUnused("prices")

        self.assertRegex(outcome(body), r"1 more was in the block at .*test_blocks.py:\d+ in used_in_a_block")

    def test_open(self):
        """A block that is open is named as well."""

        def body(case):
            with PatchCaches():
                prices.get("a")
                case.assertCacheStats("prices", misses=1)

        self.assertRegex(outcome(body), r"the operations were in the block at .*test_blocks.py:\d+ in body")

    def test_not_named(self):
        """A block that did nothing to this cache is not."""

        def body(case):
            with PatchCaches():
                MockBackend("other").get("a")
            case.assertCacheStats("prices", misses=1)

        self.assertNotIn("in the block at", outcome(body))

    def test_let_go(self):
        """Of a block that was left, what was done is kept, and not what was in it."""
        outer, inner = MockCaches(), MockCaches(["c"])
        block = outer.add_block("the block at f.py:1", inner)
        inner.c.put("k", 1)
        dead = weakref.ref(inner)
        del inner
        self.assertEqual(outer.used_in_blocks("c"), {"the block at f.py:1": 1})
        block.close()
        gc.collect()
        self.assertIsNone(dead())
        self.assertEqual(outer.used_in_blocks("c"), {"the block at f.py:1": 1})

    def test_many(self):
        """The latest twenty blocks are remembered: a test that opens very many keeps no more of them."""
        outer = MockCaches()
        for n in range(100):
            outer.add_block(f"the block at f.py:{n}", MockCaches(["c"])).close()
        self.assertEqual(len(outer._blocks), 20)
        self.assertEqual(str(outer._blocks[-1].label), "the block at f.py:99")


class NamesTests(unittest.TestCase):
    def test_cache_of_a_block(self):
        """A cache that only a block has is named with the block, and how to reach it."""

        def body(case):
            with PatchCaches(Functools(squares=functools.cache(abs))):
                case.assertCacheStats("squares", misses=1)

        text = outcome(body)
        where = r"in the block at .*test_blocks.py:\d+ in body"
        self.assertRegex(text, rf"no cache 'squares' here: the one of that name is {where}")
        self.assertNotIn("no adapter was patched", text)

    def test_live_backends(self):
        """An unknown name is set against those of the backends that there are."""
        text = outcome(lambda case: case.assertCacheStats("prizes", puts=0))
        self.assertIn("no cache 'prizes' here: no adapter was patched, and the MockBackends are ", text)
        self.assertIn("'prices'", text)

    def test_meant(self):
        """Beside the caches of the test, the name of a backend that may have been meant is told."""
        made = MockBackend("very_long_name")

        def body(case):
            MockBackend("other").get("a")
            case.assertCacheStats("very_long_nmae", puts=0)

        text = outcome(body)
        self.assertIn("known, the closest first: very_long_name, other", text)
        self.assertNotIn("prices", text, made)

    def test_known_with_nothing_counted(self):
        """The name of a live backend is known to each assertion."""

        def body(case):
            case.assertCacheUnused("prices")
            case.assertCacheStats("prices", puts=0, hits=0, misses=0)
            case.assertNotCached("prices", "a")

        self.assertEqual(outcome(body), "")

    def test_nothing_here(self):
        """Where there is no cache, it is told which ones the blocks had."""

        def body(case):
            with PatchCaches():
                MockBackend("gone").get("a")
            gc.collect()
            case.assertCacheUnused()

        with unittest.mock.patch.dict(backend_names._backends, clear=True):
            text = outcome(body)
        self.assertRegex(
            text,
            r"there is no cache here: no adapter was patched, and there is no MockBackend; "
            r"but the block at .*test_blocks.py:\d+ in body has 'gone'",
        )


if __name__ == "__main__":
    unittest.main()

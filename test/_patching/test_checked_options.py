import gc
import unittest
from weakref import ref

from cachetest import CacheTestCase
from cachetest._patching.options import checked_options

from ..support import make_library


class CheckedTests(unittest.TestCase):
    """What a test had is remembered for the next one that has the same, and for no other."""

    def test_the_same(self):
        class Tests(CacheTestCase):
            patch_caches = ("functools",)

        first = checked_options(Tests)
        self.assertIs(checked_options(Tests("run")), first)
        self.assertEqual(first.patch_caches, ("functools",))

    def test_equal_and_wrong(self):
        """1 is equal to True, and no flag."""

        class Tests(CacheTestCase):
            pass

        checked_options(Tests)
        Tests.explain_misses = 1
        with self.assertRaisesRegex(TypeError, "explain_misses: expected True or False, not 1"):
            checked_options(Tests)

    def test_changed_in_place(self):
        """A list is checked each time: it may have changed."""

        class Tests(CacheTestCase):
            patch_caches = []  # noqa: RUF012 (a list, which a tuple would not be)

        self.assertEqual(checked_options(Tests).patch_caches, ())
        Tests.patch_caches.append(3)
        with self.assertRaisesRegex(TypeError, "expected an adapter or the name of one, not 3"):
            checked_options(Tests)

    def test_adapter_is_not_kept(self):
        """An adapter goes with its test."""
        _, adapter = make_library()

        class Tests(CacheTestCase):
            patch_caches = (adapter,)

        self.assertIs(checked_options(Tests).patch_caches[0], adapter)
        kept = ref(adapter)
        del Tests, adapter
        gc.collect()
        self.assertIsNone(kept())


if __name__ == "__main__":
    unittest.main()

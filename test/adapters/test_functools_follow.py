"""A memoised function that the program replaces: followed where the test says so, told where it does not."""

import functools
import sys
import types
import unittest

from parameterized import parameterized

from cachetest import CacheTestError, PatchCaches, Stats
from cachetest.adapters import Functools


def double(number):
    return 2 * number


class FollowCase(unittest.TestCase):
    def setUp(self):
        self.lib = types.ModuleType("followed_lib")
        sys.modules["followed_lib"] = self.lib
        self.addCleanup(sys.modules.pop, "followed_lib")
        self.before = functools.update_wrapper
        self.configure(8)

    def tearDown(self):
        self.assertIs(functools.update_wrapper, self.before)

    def configure(self, size):
        """Replace the function, as a library does whose cache can be configured."""
        self.lib.double = functools.lru_cache(size)(double)

    def patched(self, follow=True):
        return PatchCaches(Functools(double="followed_lib:double", follow=follow))


class FollowTests(FollowCase):
    def test_counts_go_on(self):
        """What each has counted is added, whether or not anybody has looked in between."""
        for look in (False, True):
            with self.subTest(look=look), self.patched() as patch:
                for n, size in enumerate((8, 16, None, 4), 1):
                    if n > 1:
                        self.configure(size)
                    self.lib.double(1)
                    self.lib.double(1)
                    if look:
                        self.assertEqual(patch.caches.double, Stats(0, n, n))
                self.assertEqual(patch.caches.double, Stats(0, 4, 4))
                self.assertEqual(len(patch.caches.double.cache), 1)

    def test_cleared(self):
        """What one of them has counted before it is cleared is added too."""
        with self.patched() as patch:
            self.configure(16)
            self.lib.double(1)
            self.lib.double.cache_clear()
            self.lib.double(1)
            self.lib.double.cache_clear()
            self.configure(4)
            self.lib.double(1)
            self.lib.double.cache_clear()
            self.assertEqual(patch.caches.double, Stats(0, 0, 3))
            self.assertEqual(len(patch.caches.double.cache), 0)
            last = self.lib.double
        self.assertEqual(last.cache_info()[:2], (0, 0))
        self.assertNotIn("cache_clear", vars(last))

    def test_stays(self):
        """What the program has put there stays, and is empty; the next test begins with nothing."""
        with self.patched():
            self.configure(16)
            self.lib.double(1)
            put = self.lib.double
        self.assertIs(self.lib.double, put)
        self.assertEqual(put.cache_info().currsize, 0)
        with self.patched() as patch:
            self.lib.double(1)
            self.assertEqual(patch.caches.double, Stats(0, 0, 1))

    def test_inner_block(self):
        """What is replaced in a block counts for that, and then goes on for the test."""
        with self.patched() as outer:
            self.lib.double(1)
            with self.patched() as inner:
                self.configure(16)
                self.lib.double(1)
                self.lib.double(1)
                self.assertEqual(inner.caches.double, Stats(0, 1, 1))
            self.lib.double(1)
            self.assertEqual(outer.caches.double, Stats(0, 0, 2))

    def test_another_function(self):
        """It may be another's, if it was made in the test."""
        with self.patched() as patch:
            self.lib.double = functools.cache(lambda number: number + number)
            self.lib.double(1)
            self.assertEqual(patch.caches.double, Stats(0, 0, 1))

    def test_others_are_not_counted(self):
        """Other memoised functions of the program are nobody's."""
        with self.patched() as patch:
            functools.cache(abs)(1)
            self.lib.double(1)
            self.assertEqual(patch.caches.double, Stats(0, 0, 1))

    def test_back_again(self):
        """The first one may come back."""
        first = self.lib.double
        with self.patched() as patch:
            first(1)
            self.configure(16)
            self.lib.double(1)
            self.assertEqual(patch.caches.double, Stats(0, 0, 2))
            self.lib.double = first
            first(1)
            self.assertEqual(patch.caches.double, Stats(0, 0, 3))


class UnknownTests(FollowCase):
    """What can't be known exactly is an error, when it is read and at the end."""

    def check(self, replace, text):
        with self.assertRaisesRegex(AssertionError, text), self.patched() as patch:
            replace()
            with self.assertRaisesRegex(CacheTestError, text):
                patch.caches.double.counts()

    def test_made_before(self):
        """One that was there before has counts of which some may be of before."""
        other = functools.cache(double)
        other(1)

        def replace():
            self.lib.double = other

        self.check(replace, "the hits and misses of cache 'double' can't be known: .* was made before")

    @parameterized.expand([(double,), (None,)])
    def test_not_memoised(self, function):
        """One that is not memoised counts nothing."""

        def replace():
            self.lib.double = function

        self.check(replace, "followed_lib:double holds .*, which is not memoised")

    def test_gone(self):
        """So does none."""
        self.check(
            lambda: delattr(self.lib, "double"), "followed_lib:double holds None, which is not memoised"
        )

    def test_unseen(self):
        """One that may have stood there between two looks."""
        first = self.lib.double

        def replace():
            self.configure(16)
            self.lib.double(1)
            self.lib.double = first

        self.check(replace, "was made while the test ran, and may have stood at followed_lib:double")

    def test_still_called(self):
        """One that somebody has kept, and calls."""
        first = self.lib.double

        def replace():
            self.configure(16)
            self.lib.double.cache_info()
            functools.cache(abs)  # is made, so that it is looked
            first(1)

        self.check(replace, "is still called, though followed_lib:double holds another")


class NotFollowedTests(FollowCase):
    def test_remedy(self):
        """Without it the test fails, and the error says what to do; nothing was to be restored."""
        with self.assertRaises(AssertionError) as caught, self.patched(follow=False):
            self.configure(16)
        text = str(caught.exception)
        self.assertRegex(text, "followed_lib:double was displaced .* in place of the one that is watched, <")
        self.assertIn("follow it: Functools(double='followed_lib:double', follow=True)", text)
        self.assertNotIn("did not restore", text)

    @parameterized.expand(
        [
            ({"follow": "lib:f", "a": "lib:f"}, r"Functools\(follow='lib:f'\): expected True or False"),
            ({"follow": double}, "expected True or False; no cache has this name"),
            ({"follow": True, "a": double}, r"Functools\(a=<.*, follow=True\): expected a string, such as"),
            ({"follow": True}, "Functools has to be told what to test"),
        ]
    )
    def test_bad(self, given, text):
        """What can't be followed is an error where it is given."""
        with self.assertRaisesRegex(TypeError, text):
            Functools(**given)

    def test_two_adapters(self):
        """One that follows is another adapter than one that does not."""
        self.assertNotEqual(Functools(a="lib:f"), Functools(a="lib:f", follow=True))
        self.assertEqual(Functools(a="lib:f", follow=True), Functools(a="lib:f", follow=True))


if __name__ == "__main__":
    unittest.main()

"""`assertCacheFresh` does not pass where nothing was tested, and leaves nothing open."""

import unittest
from unittest import SkipTest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend
from cachetest._caches.scope import marked
from cachetest.errors import CacheTestWarning, UnknownCacheError

from ..support import run_method
from .fresh_shop import Shop


class Outcome(BaseException):
    """As pytest.skip() and pytest.fail() raise: no Exception."""


class NothingTestedTests(CacheTestCase):
    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)

    def test_write_of_what_was_there(self):
        """Where the write changes no answer, an old one can't be told, save that it was loaded again."""
        shop = Shop(self, "lamp")
        with self.fails(
            r"(?s)^a cold read\(\) gives 4\.0 after the write, as read\(\) did before it, so that an old "
            r"answer can't be told: write what changes it\n  where the write is undone, give raises=.*"
            r"    5\. hit     'lamp'"
        ):
            self.assertCacheFresh(shop.read, after=lambda: shop.write(4.0))
        self.assertCacheFresh(shop.read, after=lambda: shop.write(4.0), raises=())
        self.assertCacheFresh(Shop(self).read, after=lambda: Shop(self).write(4.0))

    def test_comparison_that_finds_all_the_same(self):
        """One to which nothing is old tests nothing either."""
        shop = Shop(self, "lamp")
        with self.fails(r"^a cold read\(\) gives 5\.0 after the write, as read\(\) did before it"):
            self.assertCacheFresh(shop.read, after=shop.write, equal=lambda one, other: True)

    def test_hits_that_cannot_be_known(self):
        """A cache whose hits nobody knows is an error where it is named, and where no other is used."""
        shop = Shop(self)
        self.caches.prices.unavailable = {"hits": "the library counts none"}
        text = "hits of cache 'prices' can't be known: the library counts none; leave it out"
        for caches in ((), ("prices",)):
            with self.subTest(caches), self.assertRaisesRegex(ValueError, text):
                self.assertCacheFresh(shop.read, after=shop.write, caches=caches)
        # Another that is there, and that the program does not use, is no reason to say something else.
        MockBackend("others").get("lamp")
        with self.assertRaisesRegex(ValueError, text):
            self.assertCacheFresh(shop.read, after=shop.write)

    def test_filled_with_the_same(self):
        """One object that each read fills is an answer where the cold read fills it with what was in it."""
        shop, buffer = Shop(self), {}

        def read():
            buffer["lamp"] = shop.read() + 0.5
            return buffer

        self.assertCacheFresh(read, after=shop.write)

    def test_write_in_place(self):
        """A cached object that the write has changed in place is another answer than before."""
        cache, table = MockBackend("tables"), {"lamp": 4.0}

        def read():
            found = cache.get("table")
            if found is None:
                found = dict(table)
                cache.put("table", found)
            return found

        def write():
            table["lamp"] = 5.0
            read()["lamp"] = 5.0

        self.assertCacheFresh(read, after=write)

    def test_answer_kept_elsewhere(self):
        """A cold read that asks no cache, and gives what was there before, is none."""
        shop, memo = Shop(self), []

        def read():
            # Only what was hit is kept, and never forgotten.
            if not memo and shop.cache.get("lamp") is not None:
                memo.append(shop.read())
            return memo[0] if memo else shop.read()

        with self.fails(r"^a cold read\(\) gives 4\.0 after the write, as read\(\) did before it"):
            self.assertCacheFresh(read, after=shop.write)

    def test_one_object(self):
        """An answer that the cold read fills anew is not compared with itself."""
        shop, buffer = Shop(self, "lamp"), {}

        def read():
            buffer["lamp"] = shop.read()
            return buffer

        with self.assertRaisesRegex(TypeError, r"^read\(\) gave an object that the cold read has changed"):
            self.assertCacheFresh(read, after=shop.write)

    @parameterized.expand([("failure", AssertionError), ("skip", SkipTest), ("ours", UnknownCacheError)])
    def test_raised_by_the_write(self, _, kind):
        """``raises=Exception`` asks for no failed assertion, no skip and no error of cachetest."""
        shop = Shop(self)

        def write():
            raise kind("told")

        with self.assertRaises(kind):
            self.assertCacheFresh(shop.read, after=write, raises=Exception)
        # Who names it, gets it.
        self.assertCacheFresh(shop.read, after=write, raises=(Exception, kind))

    def test_error_of_cachetest(self):
        """An error of cachetest is no answer of the program."""
        shop = Shop(self)

        def read():
            if shop.reads > 2:
                self.assertCached("price", "lamp")
            return shop.read()

        with self.assertRaises(UnknownCacheError):
            self.assertCacheFresh(read, after=shop.write)

    def test_write_to_be_awaited(self):
        """That the write has to be awaited is not what ``raises`` asks for."""
        shop = Shop(self)
        with self.assertRaisesRegex(TypeError, "a function returned <coroutine.*of one kind"):
            self.assertCacheFresh(shop.read, after=shop.write_async, raises=(TypeError, ValueError))

    def test_exceptions_that_cannot_be_compared(self):
        """Exceptions with arguments of identity are compared by what they say."""
        shop = Shop(self)

        class Row:
            def __repr__(self):
                return "a row"

        def read():
            try:
                return shop.read()
            except KeyError:
                raise LookupError(Row()) from None

        self.assertCacheFresh(read, after=shop.remove)


class TextTests(CacheTestCase):
    def test_part_that_differs(self):
        """Where the texts are alike, or cut, the failure names the part that differs."""
        shop = Shop(self, "lamp")

        def body(case):
            case.assertCacheFresh(
                lambda: [{"prices": list(range(90)), "lamp": shop.read()}], after=shop.write
            )

        _, result = run_method(CacheTestCase, body)
        self.assertIn("\n  they differ in [0]['lamp']: 4.0 -> 5.0\n", result.failures[0][1])

    def test_without_what_was_handled(self):
        """A cold read that raises is told in the failure, and not once more as its context."""
        shop = Shop(self, "lamp")
        with self.assertRaises(AssertionError) as caught:
            self.assertCacheFresh(shop.read, after=shop.remove)
        self.assertIsNone(caught.exception.__context__)


class LeftOpenTests(CacheTestCase):
    @parameterized.expand([(kind.__name__, kind) for kind in (KeyboardInterrupt, SystemExit, Outcome)])
    def test_nothing_stays_open(self, _, kind):
        """The scope of the cold read is closed whatever it raises, while its traceback is still there."""
        shop = Shop(self)

        def read():
            if shop.reads == 3:
                raise kind
            return shop.read()

        try:
            self.assertCacheFresh(read, after=shop.write)
        except kind:
            self.assertIs(marked(), self._session.scope)
        else:
            self.fail("nothing was raised")

    def test_what_is_raised_goes_first(self):
        """What the cold read raises is not hidden by what is wrong with its caches at its end."""
        shop = Shop(self)

        def read():
            if shop.reads == 3:
                marked().caches.prices.problems = ("its operations were lost",)
                raise KeyboardInterrupt
            return shop.read()

        with self.assertWarnsRegex(CacheTestWarning, "were lost"), self.assertRaises(KeyboardInterrupt):
            self.assertCacheFresh(read, after=shop.write)


if __name__ == "__main__":
    unittest.main()

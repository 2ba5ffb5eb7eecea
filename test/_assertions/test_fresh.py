"""A read after a write gives what a cold read gives, and nothing passes that tested nothing."""

import gc
import unittest
import warnings
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend
from cachetest.errors import UnknownCacheError

from .fresh_shop import Shop


class FreshCase(CacheTestCase):
    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)


class FreshTests(FreshCase):
    def test_fresh(self):
        """It passes where the entry goes; the counts are those of three reads, the cold one's its own."""
        shop = Shop(self)
        self.assertIsNone(self.assertCacheFresh(shop.read, after=shop.write))
        self.assertCacheStats("prices", puts=2, hits=1, misses=2)
        self.assertEqual(shop.reads, 4)
        self.assertCached("prices", "lamp", 5.0)

    def test_old(self):
        """The failure shows both answers, the hit, its put, and what was deleted near it."""
        shop = Shop(self, "all")
        with self.fails(
            r"(?s)^after the write, total\(\) still gives 13\.0; a cold read gives 14\.0\n"
            r"cache 'prices', from the write on:\n  operations, oldest first:\n"
            r"    4\. delete  'lamp'  at \S*fresh_shop\.py:\d+ in write\n"
            r"    5\. hit     'all'  at \S*fresh_shop\.py:\d+ in read\n"
            r"         put by operation 2, at \S*fresh_shop\.py:\d+ in read, 2 operations before it.* : told$"
        ):
            self.assertCacheFresh(shop.total, after=shop.write, msg="told")

    def test_of_a_lambda(self):
        shop = Shop(self, "lamp")
        with self.fails(r"^after the write, read\(\) still gives 4\.0"):
            self.assertCacheFresh(lambda: shop.read(), after=shop.write)

    def test_another_answer(self):
        """An answer that is neither old nor right is told with the one before."""
        shop = Shop(self)

        def write():
            shop.write()
            shop.cache.put("lamp", 4.5)

        with self.fails(
            r"^after the write, read\(\) gives 4\.5; a cold read gives 5\.0\n  before it, it gave 4\.0"
        ):
            self.assertCacheFresh(shop.read, after=write)

    def test_kept_elsewhere(self):
        """What is old without a hit is not in the caches."""
        shop, answers = Shop(self), []

        def read():
            answers.append(shop.read())
            # The program remembers its first answer; a fresh process, which the last two stand for, does not.
            return answers[0] if len(answers) < 4 else answers[-1]

        with self.fails("(?s)it hit nothing after the write, so what is old is in none of .*'prices'"):
            self.assertCacheFresh(read, after=shop.write)

    def test_not_warm(self):
        """A second read that hits nothing has tested nothing, whatever comes after."""
        shop = Shop(self)

        def read():
            shop.cache.get("lamp")
            return 1

        after = mock.Mock()
        with self.fails(
            r"(?s)^the second read\(\) hit nothing, so nothing was tested: it has to be warm before .*\n"
            r"cache 'prices', of the two reads:\n  operations, oldest first:\n    1\. miss  'lamp'.*2\. miss"
        ):
            self.assertCacheFresh(read, after=after)
        after.assert_not_called()

    def test_not_used(self):
        """So has one that uses no cache."""
        Shop(self)
        with self.fails(r"(?s)^the second read\(\) hit nothing.*no operations"):
            self.assertCacheFresh(lambda: 1, after=mock.Mock())

    def test_named(self):
        """With names, it is one of these that has to be hit."""
        shop = Shop(self)
        MockBackend("users")
        self.assertCacheFresh(shop.read, after=shop.write, caches=("users", "prices"))
        with self.fails(r"(?s)the second read\(\) hit nothing.*cache 'users'"):
            self.assertCacheFresh(shop.read, after=shop.write, caches=("users",))

    def test_refused_hits(self):
        """A hit that the library did not use is none."""
        shop = Shop(self)

        def read():
            shop.cache.get("lamp")
            self.caches.prices.record("refusal", "lamp")
            return 1

        shop.cache.put("lamp", 1)
        with self.fails("hit nothing"):
            self.assertCacheFresh(read, after=mock.Mock())

    def test_raises(self):
        """A write that is to raise has to, one of the kinds; others go on."""
        shop = Shop(self)

        def write(error):
            shop.write(4.0)
            raise error

        self.assertCacheFresh(shop.read, after=lambda: write(KeyError(1)), raises=(ValueError, LookupError))
        with self.fails("^the write was to raise ValueError or KeyError, and raised nothing"):
            self.assertCacheFresh(shop.read, after=shop.write, raises=(ValueError, KeyError))
        with self.assertRaisesRegex(TypeError, "other"):
            self.assertCacheFresh(shop.read, after=lambda: write(TypeError("other")), raises=ValueError)
        with self.assertRaisesRegex(TypeError, "other"):
            self.assertCacheFresh(shop.read, after=lambda: write(TypeError("other")))

    def test_removed(self):
        """An exception is an answer: where both raise the same, it is fresh."""
        shop = Shop(self)
        self.assertCacheFresh(shop.read, after=shop.remove)

    def test_removed_and_still_served(self):
        shop = Shop(self, "lamp")
        with self.fails(
            r"^after the write, read\(\) still gives 4\.0; a cold read raises KeyError\('lamp'\)"
        ):
            self.assertCacheFresh(shop.read, after=shop.remove)

    def test_exception_before_the_write(self):
        """One of the first reads is the test's."""
        with self.assertRaises(ZeroDivisionError):
            self.assertCacheFresh(lambda: 1 / 0, after=mock.Mock(), caches=(Shop(self).cache.name,))

    @parameterized.expand([("failure", AssertionError("wrong")), ("skip", unittest.SkipTest("none"))])
    def test_failure_inside(self, _, raised):
        """A failed assertion, or a skip, in a read is what it is also after the write."""
        shop = Shop(self)

        def read():
            if shop.reads > 2:
                raise raised
            return shop.read()

        with self.assertRaises(type(raised)) as caught:
            self.assertCacheFresh(read, after=shop.write)
        self.assertIs(caught.exception, raised)

    def test_types_differ(self):
        """A value of another type is another answer."""
        shop = Shop(self)

        def write():
            shop.table["lamp"] = 4
            # Not deleted: 4.0 == 4.

        with self.fails(r"still gives 4\.0; a cold read gives 4"):
            self.assertCacheFresh(shop.read, after=write)

    def test_each_time_another(self):
        """Where two cold reads differ, none is old."""
        shop, numbers = Shop(self), iter(range(9))

        def read():
            return shop.read(), next(numbers)

        with self.fails(
            r"(?s)^read\(\) gives another answer each time, so that none can be told to be old: after .*, "
            r"one cold read gave \(5\.0, 3\), and the next one gave \(5\.0, 4\)\n  have it .* or give equal="
        ):
            self.assertCacheFresh(read, after=shop.write)
        self.assertCacheFresh(read, after=shop.write, equal=lambda one, other: one[0] == other[0])

    def test_equal(self):
        """Another comparison has to return a bool, and is tried before anything is written."""
        shop, after = Shop(self), mock.Mock()
        with self.assertRaisesRegex(TypeError, r"equal returned \[\].*torch\.equal.*numpy\.array_equal"):
            self.assertCacheFresh(shop.read, after=after, equal=lambda one, other: [])
        after.assert_not_called()

    def test_answers_of_identity(self):
        """So has an answer to be one that can be compared."""
        shop, after = Shop(self), mock.Mock()

        def read():
            shop.read()
            return mock.Mock()

        class Response:
            pass

        def respond():
            shop.read()
            return Response()

        with self.assertRaisesRegex(TypeError, "Response is compared by identity"):
            self.assertCacheFresh(respond, after=after)
        after.assert_not_called()

    @parameterized.expand(
        [
            ("read", {"read": 1, "after": print}, "read must be a function, not 1"),
            ("after", {"read": print, "after": None}, "after must be a function, not None"),
            ("equal", {"read": print, "after": print, "equal": 0}, "equal must be a function"),
            (
                "raises",
                {"read": print, "after": print, "raises": "x"},
                "raises must be a class of exceptions",
            ),
            ("base", {"read": print, "after": print, "raises": SystemExit}, "raises must be a class of exc"),
            ("caches", {"read": print, "after": print, "caches": "prices"}, r"such as \('prices',\)"),
        ]
    )
    def test_bad_arguments(self, _, arguments, text):
        """What was given wrong is told at the call, before anything is read."""
        Shop(self)
        with self.assertRaisesRegex(TypeError, text):
            self.assertCacheFresh(**arguments)

    def test_unknown_cache(self):
        Shop(self)
        with self.assertRaisesRegex(UnknownCacheError, "no cache 'price' here.*prices"):
            self.assertCacheFresh(print, after=print, caches=("price",))

    def test_to_be_awaited_later(self):
        """Functions of two kinds are an error; the coroutine is closed."""
        shop = Shop(self)
        with (
            warnings.catch_warnings(),
            self.assertRaisesRegex(TypeError, "Fresh: a function returned <coroutine.*of one kind"),
        ):
            warnings.simplefilter("error")
            self.assertCacheFresh(shop.read, after=shop.write_async)
            gc.collect()


if __name__ == "__main__":
    unittest.main()

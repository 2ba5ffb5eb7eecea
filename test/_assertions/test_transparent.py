"""An answer is the same in every state, or it is told in which it is not, and which operation began that."""

import threading
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend
from cachetest.errors import NotPatchedError, UnknownCacheError

from .transparent_shop import Shop


class TransparentCase(CacheTestCase):
    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)


class TransparentTests(TransparentCase):
    def test_the_same(self):
        """It passes where it is, and the test's own caches are as they were."""
        shop = Shop()
        self.assertIsNone(self.assertCacheTransparent(shop.price))
        self.assertEqual(shop.calls, 4)
        self.assertCacheUnused("prices")

    def test_warm_differs(self):
        """The failure says which state differs, with which operation, and where the entry came from."""
        shop = Shop(str)
        with self.fails(
            r"(?s)^warm, price\(\) gives '4\.0'; cold, it gives 4\.0\n"
            r"it begins with operation 3, a hit, where there was a miss cold\n"
            r"cache 'prices', warm:\n  operations, oldest first:\n"
            r"    3\. hit  'lamp'  at \S*transparent_shop\.py:\d+ in price\n"
            r"         put by operation 2, at \S*transparent_shop\.py:\d+ in price, right before it.*\n"
            r"the same as cold: off : told$"
        ):
            self.assertCacheTransparent(shop.price, msg="told")

    def test_off_differs(self):
        """A program that reads what it has just put is wrong where it is not there."""
        shop = Shop()

        def read_again():
            shop.price()
            return shop.cache.get("lamp")

        with self.fails(
            r"(?s)^off, read_again\(\) gives None; cold, it gives 4\.0\n"
            r"it begins with operation 3, a miss, where there was a hit cold\n.*\nthe same as cold: warm$"
        ):
            self.assertCacheTransparent(read_again)

    @parameterized.expand(
        [
            ("more", 2, "it begins with operation 3, a miss of 'more', which there was not cold"),
            ("fewer", 0, "it ends before a miss of 'more', which there was cold"),
            ("as_many", 1, "its operations are those that there were cold"),
        ]
    )
    def test_where_it_begins(self, _, times, told):
        """What one state does and the other does not is named, and so is that both do the same."""
        cache = MockBackend("prices")
        calls = []

        def price():
            calls.append(1)
            is_off = len(calls) == 2
            for key in ("lamp", *["more"] * (times if is_off else 1)):
                cache.get(key)
            return is_off

        with self.fails(rf"^off, price\(\) gives True; cold, it gives False\n{told}\n"):
            self.assertCacheTransparent(price, states=("cold", "off"))

    def test_both_differ(self):
        """Each state that differs is told, with its operations."""
        cache = MockBackend("prices")

        def count():
            number = (cache.get("n") or 0) + 1
            cache.put("n", number)
            return number + (cache.get("n") or 0)

        with self.fails(r"(?s)^warm, count\(\) gives 4; cold, it gives 2\n.*\noff, count\(\) gives 1; cold,"):
            self.assertCacheTransparent(count)

    def test_states(self):
        """Others are compared with the first that is given."""
        shop = Shop(str)
        self.assertCacheTransparent(shop.price, states=("off", "cold"))
        with self.fails(r"^cold, price\(\) gives 4\.0; warm, it gives '4\.0'\n"):
            self.assertCacheTransparent(shop.price, states=["warm", "cold"])

    @parameterized.expand(
        [
            (("of",), ValueError, "there is no state 'of'; the closest first: 'off'"),
            ("off", TypeError, r"states must be names of states, such as \('off',\), not 'off'"),
            ((), ValueError, "give at least one state"),
            (("off", "off"), ValueError, "the state 'off' was given twice"),
        ]
    )
    def test_wrong_states(self, states, error, text):
        shop = Shop()
        with self.assertRaisesRegex(error, text):
            self.assertCacheTransparent(shop.price, states=states)
        self.assertEqual(shop.calls, 0)

    def test_wrong_arguments(self):
        shop = Shop()
        with self.assertRaisesRegex(TypeError, "function must be a function, not 4.0"):
            self.assertCacheTransparent(shop.price())
        with self.assertRaisesRegex(TypeError, r"such as \('prices',\), not 'prices'"):
            self.assertCacheTransparent(shop.price, caches="prices")
        with self.assertRaisesRegex(UnknownCacheError, "no cache 'price' here.*prices"):
            self.assertCacheTransparent(shop.price, caches=("price",))
        with self.assertRaisesRegex(TypeError, r"equal returned \[\].*torch\.equal"):
            self.assertCacheTransparent(shop.price, equal=lambda one, other: [])

    def test_exceptions(self):
        """An exception is an answer: the same is the same, and another is told."""
        shop = Shop(lambda answer: answer)
        cache = MockBackend("errors")

        def missing():
            cache.get("chair")
            shop.price("chair")

        self.assertCacheTransparent(missing, states=("cold", "off"))

        def raises_warm():
            if shop.cache.get("lamp"):
                raise KeyError("lamp")
            return shop.price()

        with self.fails(r"^warm, raises_warm\(\) raises KeyError\('lamp'\); cold, it gives 4\.0\n"):
            self.assertCacheTransparent(raises_warm)

    @parameterized.expand([("failure", AssertionError("wrong")), ("skip", unittest.SkipTest("none"))])
    def test_failure_inside(self, _, raised):
        """A failed assertion, or a skip, is what it is, in whichever state."""
        shop = Shop()

        def read():
            if shop.price() and shop.calls > 2:
                raise raised

        with self.assertRaises(type(raised)) as caught:
            self.assertCacheTransparent(read)
        self.assertIs(caught.exception, raised)
        self.assertIs(self.caches, self.caches)
        shop.price()
        self.assertCacheStats("prices", puts=1, hits=0, misses=1)

    def test_each_time_another(self):
        """Where the first state gives another answer when it is tried again, none can be told to be wrong."""
        shop, numbers = Shop(), iter(range(99))
        with self.fails(
            r"(?s)^the function gives another answer each time, .*: cold, it gave \(4\.0, 0\), and cold once "
            r"more, it gave \(4\.0, 3\)\n.*or give equal="
        ):
            self.assertCacheTransparent(lambda: (shop.price(), next(numbers)))
        self.assertCacheTransparent(
            lambda: (shop.price(), next(numbers)), equal=lambda one, other: one[0] == other[0]
        )

    def test_part(self):
        """Where the texts are cut, the part that differs is named."""
        shop = Shop(str)
        with self.fails(r"\n  they differ in \[200\]: 4\.0 -> '4\.0'\n"):
            self.assertCacheTransparent(lambda: [*range(200), shop.price()])


class SpoiledTests(TransparentCase):
    """Answers are compared as they were when they were given."""

    def test_reader_changes_the_entry(self):
        """A cached list that its reader adds to is another one warm."""
        cache = MockBackend("lines")

        def receipt():
            lines = cache.get("lamp")
            if lines is None:
                lines = ["lamp"]
                cache.put("lamp", lines)
            lines.append("thanks")
            return lines

        with self.fails(r"^warm, receipt\(\) gives \['lamp', 'thanks', 'thanks'\]; cold, it gives \["):
            self.assertCacheTransparent(receipt)

    def test_one_object(self):
        """An object that each call changes and returns is compared with what it was."""
        shop, answers = Shop(), []

        def read():
            hit = shop.cache.get("lamp") is not None
            shop.price()
            answers[:] = ["warm" if hit else "cold"]
            return answers

        with self.fails(r"^warm, read\(\) gives \['warm'\]; cold, it gives \['cold'\]\n"):
            self.assertCacheTransparent(read)

    def test_can_not_be_copied(self):
        """One that can't be copied, and that a later call has changed, leaves nothing to compare."""
        shop, answers = Shop(), [threading.Lock()]

        def read():
            answers.append(shop.price())
            return answers

        with self.assertRaisesRegex(TypeError, r"read\(\) gave an object that a later call has changed"):
            self.assertCacheTransparent(read)

    def test_same_object(self):
        """One object that nobody changes is the same, also where no copy is equal to it."""
        shop, answer = Shop(), object()

        def read():
            shop.price()
            return answer

        self.assertCacheTransparent(read)


class NothingTestedTests(TransparentCase):
    def test_not_used(self):
        """A function that uses no cache, or none of those that are named, has tested nothing."""
        shop = Shop()
        MockBackend("rates")
        with self.fails(r"^cold, the function used none of .*'prices', 'rates', so nothing was tested"):
            self.assertCacheTransparent(lambda: 1)
        with self.fails(r"^cold, price\(\) used none of 'rates', so nothing was tested\n"):
            self.assertCacheTransparent(shop.price, caches=("rates",))
        self.assertCacheTransparent(shop.price, caches=("rates", "prices"))

    def test_kept_elsewhere(self):
        """So has one that answers from elsewhere after its first call."""
        shop, answers = Shop(), []

        def read():
            if not answers:
                answers.append(shop.price())
            return answers[0]

        with self.fails(r"^warm, read\(\) used none of .*'prices'.*\n  what it keeps elsewhere"):
            self.assertCacheTransparent(read)

    def test_never_hits(self):
        """And one that is not warm in its second run."""
        shop = Shop()
        with self.fails(
            r"(?s)^warm, the function hit nothing in .*leave 'warm' out of states.*in its second run:"
        ):
            self.assertCacheTransparent(lambda: shop.cache.get("lamp"))
        self.assertCacheTransparent(lambda: shop.cache.get("lamp"), states=("cold", "off"))

    def test_hits_before(self):
        """That it hit something in the run before is not that it is warm."""
        cache, calls = MockBackend("prices"), []

        def read():
            calls.append(cache.get("lamp"))
            if len(calls) == 2:
                cache.put("chair", 1)
                cache.get("chair")

        with self.fails(r"^warm, read\(\) hit nothing in "):
            self.assertCacheTransparent(read)

    def test_no_cache(self):
        """Where there is no cache at all, it is an error; a MockBackend of another test may be there."""
        with self.assertRaisesRegex(
            (NotPatchedError, self.failureException), "there is no cache here|used no"
        ):
            self.assertCacheTransparent(lambda: 1)

    def test_interrupted(self):
        """Ctrl-C leaves nothing open, in whichever state."""
        for state in ("cold", "warm", "off"):
            shop = Shop()
            shop.price = mock.Mock(side_effect=KeyboardInterrupt, __name__="price")
            with self.assertRaises(KeyboardInterrupt):
                self.assertCacheTransparent(shop.price, states=(state,))
            self.assertTrue(self._session.scope.is_innermost)


if __name__ == "__main__":
    unittest.main()

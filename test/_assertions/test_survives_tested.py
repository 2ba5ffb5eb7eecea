"""What `assertCacheSurvives` can't be given, and where nothing would be tested."""

import functools
import unittest
import warnings
from itertools import cycle

from parameterized import parameterized

from cachetest import (
    CacheTestCase,
    CacheTestWarning,
    Dropped,
    Fails,
    Gone,
    MockBackend,
    Slow,
    UnknownCacheError,
)
from cachetest._caches.scope import marked

from .test_survives import backend, sound


class NotTheSameTests(CacheTestCase):
    patch_caches = ()

    def test_answers(self):
        """Where the answers differ by themselves, it stops and shows them."""
        count = iter(range(100))

        def counts():
            backend.get("lamp")
            return next(count)

        with self.assertRaisesRegex(AssertionError, "called twice with empty caches, it gave 0 -> 1"):
            self.assertCacheSurvives(counts)

    def test_operations(self):
        """So it does where what it asks differs."""
        keys = iter(range(100))
        with self.assertRaises(AssertionError) as failure:
            self.assertCacheSurvives(lambda: backend.get(next(keys)))
        first, *lines = str(failure.exception).splitlines()
        self.assertRegex(first, "made other calls, from number 1 on:")
        self.assertRegex(lines[0], r"  first: get 0 of cache 'prices', at .*test_survives_tested.py:\d+")
        self.assertRegex(lines[1], r"  then: get 1 of")

    def test_another_order(self):
        """In which order it asks them is of no matter, as with threads."""
        orders = cycle([("lamp", "chair"), ("chair", "lamp")])

        def both():
            return sorted(sound(item) for item in next(orders))

        self.assertCacheSurvives(both, faults=(Gone(), Dropped()))

    def test_keys_without_a_hash(self):
        """Keys that have no hash are compared in their order."""

        def odd():
            return marked().caches.ensure("odd").perform("get", ([],), list, lambda _: ())

        self.assertCacheSurvives(odd, faults=(Slow(1),))

    def test_warm(self):
        """So it does where the warm answer differs."""

        def forgets():
            found = backend.get("lamp")
            backend.put("lamp", 1)
            return found

        with self.assertRaisesRegex(AssertionError, "warm, it gave None -> 1"):
            self.assertCacheSurvives(forgets)

    def test_nothing_asked(self):
        with self.assertRaisesRegex(AssertionError, r"int\(\) has asked no cache for anything"):
            self.assertCacheSurvives(int)
        MockBackend("other")
        with self.assertRaisesRegex(AssertionError, "has asked none of 'other' for anything"):
            self.assertCacheSurvives(sound, caches=("other",))

    def test_nothing_struck(self):
        """Where no fault has struck, nothing was tested."""
        with self.assertRaisesRegex(AssertionError, r"no fault has struck <?\w+"):
            self.assertCacheSurvives(functools.partial(backend.get, "lamp"), faults=(Gone(),))

    def test_not_reached_again(self):
        """Places that are not reached again are few, or that is a failure."""
        calls = []

        def gives_up():
            calls.append(None)
            if len(calls) <= 5:
                backend.get("lamp")

        with self.assertRaisesRegex(AssertionError, "other calls each time: of 4 places .* not reached"):
            self.assertCacheSurvives(gives_up, faults=(Slow(1),))

    def test_most(self):
        """Where it was tried too seldom, a warning says so."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.assertCacheSurvives(sound, most=3)
        (warning,) = caught
        self.assertIs(warning.category, CacheTestWarning)
        self.assertRegex(str(warning.message), r"of sound\(\): \d+ of \d+ places were not tried: give most=")
        self.assertEqual(warning.filename, __file__)


class GivenTests(CacheTestCase):
    patch_caches = ()

    @parameterized.expand(
        [
            ("function", {"function": 3}, TypeError, "function must be a function, not 3"),
            ("equal", {"equal": 3}, TypeError, "equal must be a function"),
            ("reset", {"reset": 3}, TypeError, "reset must be a function"),
            ("one name", {"caches": "prices"}, TypeError, r"such as \('prices',\)"),
            ("one fault", {"faults": Fails()}, TypeError, r"such as \(Fails\(\),\)"),
            ("class", {"faults": (Fails,)}, TypeError, "such as Fails"),
            ("none", {"faults": ()}, TypeError, "nothing would be tested"),
            ("most", {"most": 0}, ValueError, "1 or more, not 0"),
            ("name", {"caches": ("price",)}, UnknownCacheError, "no cache 'price' here.*'prices'"),
        ]
    )
    def test_refused(self, _, given, error, text):
        with self.assertRaisesRegex(error, text):
            self.assertCacheSurvives(**{"function": sound, **given})


if __name__ == "__main__":
    unittest.main()

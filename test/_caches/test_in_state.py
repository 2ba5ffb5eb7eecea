"""A block in a state: what can't be in it, and what tests nothing, is told; see `test_off` too."""

import copy
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches
from cachetest.adapters import Functools
from cachetest.errors import UnknownCacheError

from ..adapters.functools_support import squares
from ..support import run_method


class OtherStatesTests(CacheTestCase):
    def setUp(self):
        self.prices = MockBackend("prices")

    def test_cold(self):
        """The entries are dropped, and the counts stay; then all is as ever."""
        self.prices.put("lamp", 1)
        with self.caches.in_state("cold"):
            self.assertIsNone(self.prices.get("lamp"))
            self.prices.put("lamp", 2)
            self.assertEqual(self.prices.get("lamp"), 2)
        self.assertEqual(self.prices.get("lamp"), 2)
        self.assertCacheStats("prices", puts=2, hits=2, misses=1)

    def test_warm(self):
        """The entries stay, and the counts begin anew, those of refusals too."""
        self.prices.put("lamp", 1)
        self.caches.prices.record("refusal", "lamp")
        with self.caches.in_state("warm"):
            self.assertCacheStats("prices", puts=0, hits=0, misses=0, refusals=0)
            self.assertEqual(self.prices.get("lamp"), 1)
        self.assertCacheStats("prices", puts=0, hits=1, misses=0)
        self.assertEqual(self.caches.prices.operations[-1].origin, 1)

    def test_failing(self):
        """Every call fails as it does where there is no server."""
        with self.caches.in_state("failing"):
            for call in (lambda: self.prices.get("lamp"), lambda: self.prices.put("lamp", 1)):
                with self.assertRaises(ConnectionError):
                    call()
        self.assertIsNone(self.prices.get("lamp"))
        with self.assertRaisesRegex(AssertionError, r"no cache was used .* in_state\('failing'\)"):
            with self.caches.in_state("failing"):
                pass

    def test_not_warm(self):
        """Without an entry there is nothing that could be warm."""
        with self.assertRaisesRegex(AssertionError, "nothing is warm: there is no entry in .*'prices'"):
            with self.caches.in_state("warm"):
                self.fail("not entered")


square = squares()


class ErrorTests(CacheTestCase):
    patch_caches = (Functools(function=square),)

    @parameterized.expand(
        [
            ("of", ValueError, "there is no state 'of'; the closest first: 'off'"),
            (1, TypeError, "a state is one of 'cold', 'warm', 'off', 'failing', not 1"),
        ]
    )
    def test_unknown_state(self, state, error, text):
        with self.assertRaisesRegex(error, text):
            self.caches.in_state(state)

    def test_unknown_cache(self):
        with self.assertRaisesRegex(UnknownCacheError, "no cache 'functio' here.* function"):
            self.caches.in_state("off", caches=("functio",))
        with self.assertRaisesRegex(TypeError, r"such as \('function',\), not 'function'"):
            self.caches.in_state("off", caches="function")

    def test_impossible(self):
        """One that is named and can't be off is an error; without names it is if there is no other."""
        text = "the cache 'function' can't be off: it is only watched"
        nobody = mock.patch("cachetest._caches.in_state.backend_names", return_value=())
        nobody.start()
        self.addCleanup(nobody.stop)
        for names in ((), ("function",)):
            with self.assertRaisesRegex(TypeError, text), self.caches.in_state("off", caches=names):
                self.fail("not entered")
        nobody.stop()
        prices = MockBackend("prices")
        with self.caches.in_state("off"):
            prices.get("lamp")
        with self.assertRaisesRegex(TypeError, text), self.caches.in_state("off", caches=("function",)):
            self.fail("not entered")

    def test_cold_functools(self):
        """A memoised function can be made cold, without a miss or a delete."""
        square(1)
        with self.caches.in_state("cold"):
            self.assertEqual(len(self.caches.function.cache), 0)
        self.assertCacheStats("function", hits=0, misses=1)

    def test_entered_twice(self):
        block = self.caches.in_state("cold")
        with block:
            pass
        with self.assertRaisesRegex(RuntimeError, r"in_state\('cold'\) was entered before"), block:
            pass

    def test_copied(self):
        """A copy of the caches waits for no block."""
        block = self.caches.in_state("cold")
        self.assertIn(block, self.caches._awaited)
        self.assertEqual(copy.copy(self.caches)._awaited, {})
        with block:
            self.assertEqual(self.caches._awaited, {})


class NothingTestedTests(unittest.TestCase):
    def fails(self, run):
        _, result = run_method(CacheTestCase, run)
        return [text for _, text in result.failures + result.errors]

    def test_not_entered(self):
        """A block that is made and not entered fails the test at its end."""

        def run(case):
            case.caches.in_state("off")

        (text,) = self.fails(run)
        self.assertRegex(text, r"in_state\('off'\), at \S+ in \S+, was not entered, so it tested nothing")

    def test_not_entered_in_a_block(self):
        with self.assertRaisesRegex(AssertionError, "was not entered"), PatchCaches() as patch:
            patch.caches.in_state("off")

    def test_not_used(self):
        """So does one that is off in which no cache is used."""

        def run(case):
            MockBackend("prices")
            with case.caches.in_state("off"):
                pass

        (text,) = self.fails(run)
        self.assertIn("no cache was used in the block of in_state('off'), at ", text)

    def test_exception_in_flight(self):
        """An exception of the block is what is told."""

        def run(case):
            with case.caches.in_state("off"):
                raise KeyError(1)

        (text,) = self.fails(run)
        self.assertRegex(text, r"KeyError: 1\n$")
        self.assertNotIn("no cache was used", text)


if __name__ == "__main__":
    unittest.main()

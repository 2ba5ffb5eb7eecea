"""A test is made of each state, and is run in it, with all that belongs to it."""

import asyncio
import io
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import AsyncCacheTestCase, CacheTestCase, MockBackend, cache_states
from cachetest.adapters import Functools

from ..adapters.functools_support import squares
from ..support import run_case

ALL = ("cold", "warm", "off", "failing")
seen = []


class Prices(CacheTestCase):
    """The tests below are run by the tests of this module."""

    def setUp(self):
        self.cache = MockBackend("prices")
        seen.append("setUp")
        self.addCleanup(seen.append, "cleanup")

    def tearDown(self):
        seen.append("tearDown")

    def price(self):
        try:
            found = self.cache.get("lamp")
        except ConnectionError:
            found = "down"
        if found is None:
            found = 4.0
            self.cache.put("lamp", found)
        seen.append(found)
        return found

    def runTest(self):
        """Not a test of these."""


class OfMethods(Prices):
    @cache_states(*ALL)
    def test_price(self):
        """What the test says of itself."""
        self.price()
        self.price()
        self.assertCacheStats("prices", puts=1, hits=1, misses=1)

    @cache_states("warm", "off")
    @mock.patch("test._assertions.test_cache_states.squares")
    def test_patched(self, patched):
        self.assertIsInstance(patched, mock.Mock)
        self.price()


@cache_states("cold", "off")
class OfAClass(Prices):
    def test_price(self):
        self.price()

    @parameterized.expand([("a",), ("b",)])
    def test_with(self, key):
        self.price()


class Derived(OfAClass):
    def test_more(self):
        pass


class Awaited(AsyncCacheTestCase):
    async def asyncSetUp(self):
        self.cache = MockBackend("prices")
        seen.append("asyncSetUp")

    @cache_states("cold", "warm", "off")
    async def test_price(self):
        found = []
        for _ in range(2):
            found.append(self.cache.get("lamp"))
            self.cache.put("lamp", 1)
            await asyncio.sleep(0)
        self.assertIs(asyncio.get_running_loop(), self.loop)
        seen.append(found)

    def setUp(self):
        # Whoever asks before a loop runs is given that of the test.
        self.loop = asyncio.get_event_loop_policy().get_event_loop()


class StatesCase(unittest.TestCase):
    def setUp(self):
        seen.clear()

    def run_test(self, case):
        result = run_case(case)
        self.assertEqual([text for _, text in result.errors + result.failures], [])
        return result


class MadeTests(StatesCase):
    @parameterized.expand(
        [
            (OfMethods, {f"test_price_{state}" for state in ALL} | {"test_patched_warm", "test_patched_off"}),
            (OfAClass, {f"test_{n}_{s}" for n in ("price", "with_0_a", "with_1_b") for s in ("cold", "off")}),
        ]
    )
    def test_names(self, cls, names):
        """There is a test of each state, by its name, and no other."""
        self.assertEqual(set(unittest.TestLoader().getTestCaseNames(cls)), names)

    def test_derived(self):
        """A subclass inherits them, and its own tests are as they are."""
        names = set(unittest.TestLoader().getTestCaseNames(Derived))
        self.assertEqual(names - set(unittest.TestLoader().getTestCaseNames(OfAClass)), {"test_more"})
        self.assertIsNotNone(Derived.test_price_off)

    def test_told(self):
        """It has the text of the test, and its own name."""
        made = OfMethods.test_price_warm
        self.assertEqual(made.__doc__, "What the test says of itself.")
        self.assertEqual(made.__qualname__, "OfMethods.test_price_warm")

    @parameterized.expand(
        [
            (("of",), ValueError, "there is no state 'of'; the closest first: 'off'"),
            ((len,), TypeError, "a state is one of"),
            ((), ValueError, "give at least one state"),
        ]
    )
    def test_wrong_states(self, states, error, text):
        with self.assertRaisesRegex(error, text):
            cache_states(*states)

    def test_wrong_place(self):
        """What is no test method, or no class of tests, is an error where it is decorated."""
        with self.assertRaisesRegex(TypeError, "for a test method or a class of tests, not None"):
            cache_states("off")(None)
        with self.assertRaisesRegex(TypeError, "for a test method or a class of tests, not <function"):

            @cache_states("off")
            def test_alone(self):
                pass

        with self.assertRaisesRegex(TypeError, "for a CacheTestCase, or one with CacheTestMixin, not <class"):
            cache_states("off")(unittest.TestCase)
        with self.assertRaisesRegex(TypeError, "has no test method"):
            cache_states("off")(CacheTestCase)

    def test_of_another_test_case(self):
        """A test that nobody can put in its state fails, and does not pass in another."""

        class Other(unittest.TestCase):
            @cache_states("off")
            def test_it(self):
                pass

        ((_, text),) = run_case(Other("test_it_off")).errors
        self.assertIn("was not put in the state 'off': cache_states is for tests of a CacheTestCase", text)


class RunTests(StatesCase):
    @parameterized.expand([("cold", [4.0, 4.0]), ("off", [4.0, 4.0]), ("failing", ["down", "down"])])
    def test_state(self, state, found):
        """The test is run once, in its state."""
        self.run_test(OfMethods(f"test_price_{state}"))
        self.assertEqual(seen, ["setUp", *found, "tearDown", "cleanup"])

    def test_warm(self):
        """All of it is run before, once, and the entries of that are there."""
        self.run_test(OfMethods("test_price_warm"))
        one = ["setUp", 4.0, 4.0, "tearDown", "cleanup"]
        self.assertEqual(seen, one * 2)

    def test_patched(self):
        """What a test is patched with, it is given in each state."""
        for state in ("warm", "off"):
            self.run_test(OfMethods(f"test_patched_{state}"))

    @parameterized.expand([("cold", 1), ("warm", 2), ("off", 1)])
    def test_awaited(self, state, times):
        """Those that are coroutines too, each run in an event loop of its own."""
        self.run_test(Awaited(f"test_price_{state}"))
        cold, other = [None, 1], {"cold": [None, 1], "warm": [1, 1], "off": [None, None]}[state]
        runs = [cold, other][2 - times :] if times == 2 else [other]
        self.assertEqual(seen, [each for run in runs for each in ("asyncSetUp", run)])

    @parameterized.expand([("warm",), ("off",), ("failing",)])
    def test_not_evaluated(self, state):
        """Assertions of counts and entries pass, and the report says how many; wrong arguments are errors."""

        class Counting(Prices):
            @cache_states("cold", state)
            def test_counts(self):
                self.price()
                self.assertCacheStats("prices", puts=7)
                with self.assertCacheDelta("prices", puts=7):
                    pass
                self.assertCacheUnused("prices")
                self.assertCached("prices", "none")
                with self.assertRaises(TypeError):
                    self.assertCacheStats("prices")
                report = io.StringIO()
                self.caches.report(report)
                seen.append(report.getvalue())

        if state == "warm":
            ((_, text),) = run_case(Counting("test_counts_warm")).failures
            self.assertIn("the run that was to warm the caches of this test failed:\nTraceback", text)
            return
        self.run_test(Counting(f"test_counts_{state}"))
        text = "4 assertions of counts or entries were not evaluated, in another state than cold\n"
        self.assertTrue(seen[2].endswith(text), seen[2])
        ((_, text),) = run_case(Counting("test_counts_cold")).failures
        self.assertIn("cache 'prices': expected", text)

    def test_entries_that_expire(self):
        """So do those of the time that entries live; the clock is moved on all the same."""

        class Expiring(Prices):
            @cache_states("off")
            def test_it(self):
                self.cache.put("lamp", 1, ttl=60)
                self.assertCacheTTL("prices", "lamp", 60)
                before = self.caches.clock.offset
                self.assertCacheExpires("prices", "lamp", after=60)
                seen.append(round(self.caches.clock.offset - before))

        self.run_test(Expiring("test_it_off"))
        self.assertIn(60, seen)

    def test_counts_begin_anew(self):
        """After the run before, what is counted is of the test alone."""

        class Counting(Prices):
            @cache_states("warm")
            def test_counts(self):
                self.price()
                seen.append(self.caches.prices.stats.counts())

        self.run_test(Counting("test_counts_warm"))
        self.assertEqual([each for each in seen if type(each) is tuple], [(1, 0, 1), (0, 1, 0)])

    def test_fresh(self):
        """A test that asks for a hit is skipped where there can be none."""

        class Fresh(Prices):
            @cache_states("off", "warm")
            def test_it(self):
                self.assertCacheFresh(self.price, after=self.caches.reset, raises=())

        result = self.run_test(Fresh("test_it_off"))
        ((_, reason),) = result.skipped
        self.assertEqual(reason, "assertCacheFresh needs a hit, and the caches are off")
        self.run_test(Fresh("test_it_warm"))

    def test_skipped_before(self):
        """A test that skips itself is skipped, and not run again."""
        reasons = iter(["not here"])

        class Skipping(Prices):
            @cache_states("warm")
            def test_it(self):
                self.skipTest(next(reasons))

        result = self.run_test(Skipping("test_it_warm"))
        self.assertEqual([reason for _, reason in result.skipped], ["not here"])

    @parameterized.expand([("off", "it is only watched"), ("failing", "")])
    def test_impossible(self, state, text):
        """Where no cache can be in the state, the test is skipped, and says why."""
        square = squares()

        class Memoised(CacheTestCase):
            patch_caches = (Functools(squares=square),)

            @cache_states(state)
            def test_it(self):
                square(1)

        with mock.patch("cachetest._caches.in_state.backend_names", return_value=()):
            result = self.run_test(Memoised(f"test_it_{state}"))
        ((_, reason),) = result.skipped
        self.assertRegex(reason, f"no cache of this test can be {state}: .*{text}")

    def test_ended(self):
        """The state ends with the test: the next one is as ever."""
        self.run_test(OfMethods("test_price_off"))
        seen.clear()
        self.run_test(OfMethods("test_price_cold"))
        self.assertEqual(seen[1:3], [4.0, 4.0])


if __name__ == "__main__":
    unittest.main()

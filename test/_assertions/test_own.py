"""Each assertion of a test case is a method of the cache or of the caches that it is about."""

import asyncio
import copy
import inspect
import re
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, MockCache, MockCaches, NotPatchedError, PatchCaches, Stats
from cachetest._assertions.families import Assertions
from test._assertions.own_calls import CALLS, read
from test.support import run_method

# Those that are about one cache, the name of which comes first, and those that are about several.
_OF_A_CACHE = [
    *("Stats", "Delta", "Operations", "Expires", "TTL", "SingleFlight", "Atomic", "KeyDependsOn"),
    *("KeyIgnores", "KeyStable"),
]
_OF_CACHES = ["Unused", "Snapshot", "Fresh", "Survives", "Transparent"]
_NAMES = {
    **{f"assertCache{word}": MockCache for word in _OF_A_CACHE},
    **{f"assertCache{word}": MockCaches for word in _OF_CACHES},
    "assertCached": MockCache,
    "assertNotCached": MockCache,
}


def twin_of(name):
    words = name.replace("assertCacheTTL", "assertCacheTtl").replace("assertCache", "assert")
    words = {"assertd": "assertCached"}.get(words, words)
    return re.sub("(?<=.)([A-Z])", lambda found: f"_{found[0].lower()}", words)


def parameters(function, *leading):
    found = list(inspect.signature(function).parameters.values())[1:]
    for name in leading:
        assert found.pop(0).name == name
    return [(each.name, each.kind, each.default) for each in found]


class FaceTests(unittest.TestCase):
    def test_each_has_one(self):
        """No assertion is left out."""
        found = {name for name in dir(Assertions) if re.match("assert.*Cache", name)}
        self.assertEqual(found, _NAMES.keys())

    @parameterized.expand(_NAMES.items())
    def test_same_arguments(self, name, owner):
        """It takes what the assertion takes, but for the name of the cache."""
        leading = ("name",) if owner is MockCache else ()
        self.assertEqual(
            parameters(getattr(owner, twin_of(name))), parameters(getattr(Assertions, name), *leading)
        )


def text_of(call, caches, cache):
    try:
        call(caches, cache)
    except AssertionError as error:
        return str(error)
    raise unittest.TestCase.failureException(f"{call} did not fail")


class OutsideTests(unittest.TestCase):
    """In a block, where no test case of ours runs."""

    @parameterized.expand(CALLS.items())
    def test_passes_and_fails(self, _, calls):
        """Each passes where it holds, and raises an AssertionError where not."""
        passing, failing = calls
        for call in calls:
            with PatchCaches() as patched:
                cache = MockBackend("prices")
                MockBackend("others")
                read(cache)
                if call is passing:
                    call(patched.caches, cache)
                else:
                    self.assertIn("prices", text_of(failing, patched.caches, cache))

    def test_to_be_awaited(self):
        """What is run is a coroutine function: the assertion is awaited."""

        async def look():
            await asyncio.sleep(0)
            return read(MockBackend("prices"))

        async def check():
            with PatchCaches() as patched:
                MockBackend("prices")
                await patched.caches.assert_transparent(look)

        asyncio.run(check())

    def test_after_the_block(self):
        """Counts can be asserted when the block has been left."""
        with PatchCaches() as patched:
            read(MockBackend("prices"))
        patched.caches.prices.assert_stats(puts=1, misses=1)

    def test_copy(self):
        """A copy is asserted on as it is, whatever has become of the original."""
        with PatchCaches() as patched:
            read(MockBackend("prices"))
            copied = copy.copy(patched.caches.prices)
            read(MockBackend("prices"))
        copied.assert_stats(puts=1, hits=0, misses=1)
        with self.assertRaisesRegex(AssertionError, "^cache 'prices'"):
            copied.assert_stats(hits=1)

    def test_message(self):
        """A message comes behind the text, as unittest has it."""
        with PatchCaches() as patched:
            MockBackend("prices")
            with self.assertRaisesRegex(AssertionError, "(?s)^cache 'prices'.* : so it is$"):
                patched.caches.prices.assert_stats(puts=1, msg="so it is")

    def test_snapshot_has_no_name(self):
        """A snapshot is of a test: elsewhere there is no name for its file."""
        with PatchCaches() as patched:
            MockBackend("prices")
            with self.assertRaisesRegex(NotPatchedError, "is no test of a CacheTestCase"):
                patched.caches.assert_snapshot()

    def test_only_named_adapters(self):
        """Where adapters were named, that others are not in use is no error."""
        with PatchCaches("redis") as patched:
            MockBackend("prices")
            patched.caches.assert_unused()


class InATestTests(CacheTestCase):
    """In a test case, which fails by what it has for that."""

    class Failure(AssertionError):
        pass

    failureException = Failure

    @parameterized.expand(CALLS.items())
    def test_is_of_the_case(self, _, calls):
        """The failure is that of the test case."""

        def body(case):
            cache = MockBackend("prices")
            MockBackend("others")
            read(cache)
            with self.assertRaises(self.Failure):
                calls[1](case.caches, cache)

        _, result = run_method(type(self), body)
        self.assertEqual([*result.failures, *result.errors], [])

    def test_same_text(self):
        """Failures read as those of the mixed case ones do."""
        cache = MockBackend("prices")
        read(cache)
        with self.assertRaises(AssertionError) as mixed:
            self.assertCacheStats("prices", puts=2)
        with self.assertRaises(AssertionError) as snake:
            self.caches.prices.assert_stats(puts=2)
        self.assertEqual(str(mixed.exception), str(snake.exception))

    def test_equal(self):
        """assertEqual of a cache and counts fails with that text, too, whichever comes first."""
        cache = MockBackend("prices")
        read(cache)
        self.assertEqual(self.caches.prices, Stats(1, 0, 1))
        self.assertNotEqual(self.caches.prices, Stats(1, 0, 0))
        with self.assertRaises(AssertionError) as asserted:
            self.assertCacheStats("prices", Stats(2, 0, 1), msg="so")
        for values in ((self.caches.prices, Stats(2, 0, 1)), (Stats(2, 0, 1), self.caches.prices)):
            with self.assertRaises(AssertionError) as equal:
                self.assertEqual(*values, "so")
            self.assertEqual(str(equal.exception), str(asserted.exception))

    def test_equal_to_others(self):
        """What is no count is compared as unittest does."""
        with self.assertRaisesRegex(AssertionError, "^<MockCache 'prices': .*> != 3$"):
            self.assertEqual(self.caches.ensure("prices"), 3)
        copied = copy.copy(self.caches.prices)
        self.assertEqual(copied, self.caches.prices)
        with self.assertRaisesRegex(AssertionError, "^cache 'prices': expected puts=1, got 0"):
            self.assertEqual(copied, Stats(1, 0, 0))

    def test_block_inside(self):
        """Those of a block inside the test are the block's."""
        read(MockBackend("prices"))
        with PatchCaches() as patched:
            MockBackend("prices")
            patched.caches.prices.assert_unused()
        self.caches.prices.assert_stats(puts=1)

"""`cache_options` does what the class attributes do, for one test or a class."""

import functools
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import (
    AsyncCacheTestCase,
    CacheTestCase,
    CacheTestMixin,
    MockBackend,
    cache_options,
)
from cachetest._caches.attribution import current_scope
from cachetest._patching.options import OPTIONS, CacheOptions

from ..support import make_library, run_case


def passes(case, cls):
    """Run the tests of *cls*, which have to pass, and return how many there were."""
    result = run_case(unittest.defaultTestLoader.loadTestsFromTestCase(cls))
    case.assertTrue(result.wasSuccessful(), result.errors + result.failures)
    return result.testsRun


def keeps(case, length):
    """Check that the log of the running test keeps *length* operations."""
    backend = MockBackend("prices")
    for key in range(20):
        backend.get(key)
    case.assertEqual(len(case.caches.prices.operations), length)


def keeping(function):
    """Decorate *function* with functools.wraps."""

    @functools.wraps(function)
    def call(*args):
        return function(*args)

    return call


class MethodTests(unittest.TestCase):
    def test_each_option(self):
        """Each does for the test what the class attribute does, and nothing to the test beside it."""
        library, adapter = make_library()

        class Tests(CacheTestCase):
            patch_caches = ()

            @cache_options(
                patch_caches=[adapter],
                enable_caches=["library_cache"],
                explain_misses=False,
                log_length=3,
                log_outside=["shop"],
                patience=0.5,
            )
            def test_with(self):
                self.assertIs(library.flag, True)
                self.assertIsInstance(library.backend, MockBackend)
                self.assertFalse(self.caches.lib.explains_misses)
                self.assertEqual(current_scope().log_outside, frozenset({"shop"}))
                self.assertEqual(self._session._patience, 0.5)
                keeps(self, 3)

            def test_without(self):
                self.assertNotIsInstance(library.backend, MockBackend)
                keeps(self, 20)

        self.assertEqual(passes(self, Tests), 2)

    def test_stacked(self):
        """Options of several decorators are merged, and the nearest to the method wins."""
        library, adapter = make_library()

        class Tests(CacheTestCase):
            log_length = 9

            @cache_options(log_length=1, patch_caches=(adapter,))
            @keeping
            @cache_options(log_length=2)
            def test(self):
                self.assertIsInstance(library.backend, MockBackend)
                keeps(self, 2)

        passes(self, Tests)

    def test_coroutine(self):
        """A coroutine method stays one."""

        ran = []

        class Tests(AsyncCacheTestCase):
            @cache_options(log_length=2)
            async def test(self):
                keeps(self, 2)
                ran.append(self)

            @cache_options(log_length=3)
            def test_sync(self):
                keeps(self, 3)

        self.assertEqual(passes(self, Tests), 2)
        self.assertEqual(len(ran), 1)

    def test_expanded(self):
        """With parameterized.expand it acts on all of its tests, above it or below, and on no others."""

        class Tests(CacheTestCase):
            @parameterized.expand([("a",), ("b",)])
            def test_other(self, _):
                keeps(self, 20)

            @parameterized.expand([("a", 2), ("b", 2)])
            @cache_options(log_length=2)
            def test_below(self, _, length):
                keeps(self, length)

            @cache_options(log_length=3)
            @parameterized.expand([("a", 3), ("b", 3)])
            def test_above(self, _, length):
                keeps(self, length)

            @cache_options(log_length=4)
            @parameterized.expand([(4,), (4,)])
            @mock.patch("os.sep", "+")
            def test_patched(self, length):
                keeps(self, length)

        self.assertEqual(passes(self, Tests), 8)

    def test_patched(self):
        """With mock.patch, above and below, arguments arrive in their order."""

        class Tests(CacheTestCase):
            @mock.patch("os.sep")
            @cache_options(log_length=2)
            @mock.patch("os.linesep")
            def test(self, linesep, sep):
                import os

                self.assertIs(os.linesep, linesep)
                self.assertIs(os.sep, sep)
                keeps(self, 2)

        passes(self, Tests)

    def test_sub_test(self):
        """Every subTest is in the scope of its test."""

        class Tests(CacheTestCase):
            @cache_options(log_length=2)
            def test(self):
                for n in range(2):
                    with self.subTest(n=n):
                        keeps(self, 2)

        passes(self, Tests)

    @parameterized.expand([("above",), ("below",)])
    def test_skipped(self, where):
        """What unittest marks stays marked."""
        options = cache_options(log_length=2)
        marks = (unittest.skip("why"), unittest.expectedFailure)

        def test(self):
            self.fail("run")

        skipped, expected = (
            [mark(options(test)) for mark in marks]
            if where == "above"
            else [options(mark(test)) for mark in marks]
        )
        result = run_case(
            unittest.defaultTestLoader.loadTestsFromTestCase(
                type("Tests", (CacheTestCase,), {"test_1": skipped, "test_2": expected})
            )
        )
        self.assertEqual([reason for _, reason in result.skipped], ["why"])
        self.assertEqual(len(result.expectedFailures), 1)

    def test_inherited(self):
        """A method that a subclass has from its base has its options, one that it overrides has not."""

        class Base(CacheTestCase):
            @cache_options(log_length=2)
            def test(self):
                keeps(self, 2)

        class Same(Base):
            log_length = 5

        class Other(Base):
            def test(self):
                keeps(self, 20)

        passes(self, Same)
        passes(self, Other)

    def test_name_and_line(self):
        """The name and the text of the method stay, and a failure shows the line of the test alone."""

        class Tests(CacheTestCase):
            @cache_options(log_length=2)
            def test(self):
                """Say so."""
                self.fail("so")

        case = Tests("test")
        self.assertEqual(case.shortDescription(), "Say so.")
        self.assertEqual(case._where().filename, __file__)
        self.assertEqual(case._where().function, "test")
        ((_, text),) = run_case(case).failures
        self.assertEqual(text.count("File "), 1)

    def test_run_by_debug(self):
        """It acts in debug() as well."""

        class Tests(CacheTestCase):
            @cache_options(log_length=2)
            def test(self):
                keeps(self, 2)

        Tests("test").debug()


class ClassTests(unittest.TestCase):
    def test_class(self):
        """On a class it is the class's attribute: inherited, and less near than the class's own."""

        @cache_options(log_length=2, explain_misses=False)
        @cache_options(log_length=3)
        class Base(CacheTestCase):
            def test(self):
                keeps(self, self.expected)

            expected = 3

        class Own(Base):
            log_length = expected = 4

        @cache_options(log_length=5)
        class Again(Own):
            expected = 5

        @cache_options(log_length=9)
        class OwnInside(Base):
            log_length = expected = 6

        for cls in (Base, Own, Again, OwnInside):
            passes(self, cls)
        self.assertIs(Again.explain_misses, False)
        self.assertIs(CacheTestCase.explain_misses, True)

    def test_mixin(self):
        """A class with the mixin is one."""

        @cache_options(log_length=2)
        class Tests(CacheTestMixin, unittest.TestCase):
            def test(self):
                keeps(self, 2)

            @cache_options(log_length=1)
            def test_nearer(self):
                keeps(self, 1)

        passes(self, Tests)


class TableTests(unittest.TestCase):
    def test_table(self):
        """The checks, the types and the class attributes are of the same names."""
        self.assertEqual([*OPTIONS], [*CacheOptions.__annotations__])
        for name in OPTIONS:
            self.assertTrue(hasattr(CacheTestMixin, name), name)


if __name__ == "__main__":
    unittest.main()

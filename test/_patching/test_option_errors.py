"""What `cache_options` can't do is an error, at the decorator or in the test."""

import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, UnknownAdapterError, cache_options

from ..support import run_case


def hiding(function):
    """Decorate *function* without functools.wraps."""

    def call(self):
        return function(self)

    return call


class ErrorTests(unittest.TestCase):
    @parameterized.expand(
        [
            ("enabled_caches", {"enabled_caches": ()}, "closest first: enable_caches, "),
            (
                "log_lenght",
                {"log_lenght": 5},
                "no option 'log_lenght'; there are, the closest first: log_length, ",
            ),
            ("anything", {"verbose": 5}, "no option 'verbose'"),
            ("nothing", {}, "^cache_options has to be told what to set: patch_caches, enable_caches, "),
            ("text", {"patch_caches": "redis"}, r"^patch_caches: .*\('redis',\)"),
            ("text of switches", {"enable_caches": "a"}, "^enable_caches: "),
            ("no sequence", {"patch_caches": 5}, "^patch_caches: expected a sequence"),
            ("no adapter", {"patch_caches": (5,)}, "expected an adapter or the name of one, not 5"),
            ("no flag", {"explain_misses": 1}, "^explain_misses: expected True or False, not 1"),
            ("no number", {"log_length": "5"}, "^log_length: expected a number"),
        ]
    )
    def test_options(self, _, options, text):
        """What is no option, or not its value, is an error where it is given."""
        with self.assertRaisesRegex(TypeError, text):
            cache_options(**options)

    def test_values(self):
        """Errors are those that the test would have."""
        with self.assertRaises(ValueError):
            cache_options(log_length=0)
        with self.assertRaisesRegex(UnknownAdapterError, "closest first: redis"):
            cache_options(patch_caches=("reddis",))

    @parameterized.expand(
        [
            ("class", type("Plain", (unittest.TestCase,), {}), "the class Plain is no CacheTestCase"),
            ("None", None, "test methods and test case classes, not None"),
            ("text", "test", "not 'test'"),
            ("classmethod", classmethod(print), "not <classmethod"),
            ("generator", (lambda self: (yield)), "generator function"),
        ]
    )
    def test_targets(self, _, target, text):
        """What can be no test is an error where it is decorated."""
        with self.assertRaisesRegex(TypeError, text):
            cache_options(log_length=2)(target)

    def errors_of(self, cls):
        return [text for _, text in run_case(cls("test")).errors]

    def test_hidden(self):
        """Below a decorator that hides it, it is an error of the test, and not passed over."""

        class Tests(CacheTestCase):
            @hiding
            @cache_options(log_length=2)
            def test(self): ...

        (text,) = self.errors_of(Tests)
        self.assertIn("did not reach", text)
        self.assertIn("above decorators that are made without functools.wraps", text)

    def test_called_by_another(self):
        """So it is on a method that the test calls, its own of a base class as well."""

        class Base(CacheTestCase):
            @cache_options(log_length=2)
            def test(self): ...

        class Sub(Base):
            def test(self):
                super().test()

        (text,) = self.errors_of(Sub)
        self.assertIn("Base.test did not reach", text)

    def test_no_cache_test_case(self):
        """On a method of another TestCase, and on a function, it is an error when they run."""

        class Plain(unittest.TestCase):
            @cache_options(log_length=2)
            def test(self): ...

        (text,) = self.errors_of(Plain)
        self.assertIn("Plain.test, which is no method of a CacheTestCase", text)
        with self.assertRaisesRegex(TypeError, "no method of a CacheTestCase"):
            cache_options(log_length=2)(lambda: None)()


if __name__ == "__main__":
    unittest.main()

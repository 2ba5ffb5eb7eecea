"""Attributes that are nearly options are told of, and no others."""

import contextlib
import unittest
import warnings

from parameterized import parameterized

from cachetest import CacheTestCase, CacheTestMixin, CacheTestWarning
from cachetest._patching.near_options import nearest_option

from ..support import ignore_collected

MEANT = [
    ("enabled_caches", "enable_caches"),
    ("enable_cache", "enable_caches"),
    ("enables_caches", "enable_caches"),
    ("enable_cached", "enable_caches"),
    ("enable_cahces", "enable_caches"),
    ("enalbe_caches", "enable_caches"),
    ("enablecaches", "enable_caches"),
    ("enableCaches", "enable_caches"),
    ("ENABLE_CACHES", "enable_caches"),
    ("enable_caches_", "enable_caches"),
    ("patch_cache", "patch_caches"),
    ("patches_caches", "patch_caches"),
    ("patched_caches", "patch_caches"),
    ("pacth_caches", "patch_caches"),
    ("patchCaches", "patch_caches"),
    ("PatchCaches", "patch_caches"),
    ("explain_miss", "explain_misses"),
    ("explains_misses", "explain_misses"),
    ("explian_misses", "explain_misses"),
    ("log_lenght", "log_length"),
    ("log_lengths", "log_length"),
    ("logs_length", "log_length"),
    ("loglength", "log_length"),
]
OTHERS = [
    *(
        "enable_logging",
        "enable_caching",
        "enable_patches",
        "enable_cases",
        "disable_caches",
        "enable",
        "caches",
    ),
    *("batch_caches", "match_caches", "fetch_caches", "patch_matches", "patch_classes", "patch", "patches"),
    *("log_level", "lag_length", "log_strength", "max_log_length", "log_len", "length", "explain", "misses"),
    *(
        "explain_classes",
        "cache_enabled",
        "caches_enabled",
        "databases",
        "fixtures",
        "maxDiff",
        "x",
        "ÄÖ",
        "_",
    ),
]


@contextlib.contextmanager
def texts():
    """Give a list that has, in the end, the texts of the warnings in the block."""
    found = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ignore_collected()
        yield found
    found += [str(each.message) for each in caught if issubclass(each.category, CacheTestWarning)]


class NearestTests(unittest.TestCase):
    @parameterized.expand(MEANT)
    def test_meant(self, name, option):
        """A form of the same words, or a slip of the pen, is what was meant."""
        self.assertEqual(nearest_option(name), option)

    @parameterized.expand([(name,) for name in OTHERS])
    def test_another_word(self, name):
        """Words that are others, or more or fewer of them, are the program's own."""
        self.assertIsNone(nearest_option(name))


class WarningTests(unittest.TestCase):
    def test_text(self):
        """The warning names the attribute and the closest option, and is told at the class statement."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ignore_collected()

            class PriceTests(CacheTestCase):
                enabled_caches = ("fx_graph_remote_cache",)

        (warning,) = caught
        self.assertIs(warning.category, CacheTestWarning)
        self.assertEqual(warning.filename, __file__)
        self.assertEqual(
            str(warning.message),
            "WarningTests.test_text.<locals>.PriceTests.enabled_caches is no option of cachetest and changes "
            "nothing; the closest one is enable_caches",
        )

    def test_once(self):
        """It is told once, not again for subclasses, nor for a copy of the class."""
        with texts() as found:

            class Base(CacheTestCase):
                patch_cache = ()

            class Sub(Base):
                pass

            type("Base_0", (Base,), {})
        self.assertEqual(len(found), 1)

    def test_each(self):
        """Several are each told, whatever stands there."""
        with texts() as found:

            class Tests(CacheTestCase):
                enable_cache = True
                log_lenght: int = 5
                patch_caches_: object = None

        self.assertEqual(len(found), 3)

    @parameterized.expand([("before",), ("behind",)])
    def test_mixed_in(self, where):
        """One that comes with another base is told at the class that makes a test case of it."""

        class Config:
            patches_caches = ()

        with texts() as found:
            bases = (Config, CacheTestCase) if where == "before" else (CacheTestCase, Config)
            type("Tests", bases, {})
            type("Others", bases, {})
        self.assertEqual(len(found), 1)
        self.assertIn("Config.patches_caches is no option", found[0])

    def test_base_test_case(self):
        """So is one of the TestCase that the mixin is in front of."""

        class OwnTestCase(unittest.TestCase):
            enabled_caches = ()

        with texts() as found:
            type("Tests", (CacheTestMixin, OwnTestCase), {})
        self.assertEqual(len(found), 1)

    def test_no_alarm(self):
        """Methods, properties, classes, annotations, private names and the options themselves are none."""
        with texts() as found:

            class Tests(CacheTestCase):
                patch_caches = ()
                enable_caches = ()
                explain_misses = False
                log_length = 5
                enabled_caches: tuple[str, ...]
                _enable_cache = ()
                enable_logging = True
                caches_of_ours = ()

                def patch_cache(self): ...

                @property
                def patched_caches(self): ...

                @classmethod
                def enable_cache(cls): ...

                @staticmethod
                def log_lengths(): ...

                class PatchedCaches: ...

        self.assertEqual(found, [])

    def test_as_an_error(self):
        """Where warnings are errors, the class statement raises it."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with self.assertRaises(CacheTestWarning):
                type("Tests", (CacheTestCase,), {"enable_cache": ()})


if __name__ == "__main__":
    unittest.main()

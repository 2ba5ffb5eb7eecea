"""Django's parallel runner, which pickles what has failed, and the tests of subtests that have."""

import tempfile
import unittest
from pathlib import Path

from ...support import needs, run_python, takes_a_while

PROJECT = {
    "settings.py": """
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
INSTALLED_APPS = ["shop"]
DATABASES = {}
""",
    "manage.py": """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
if os.environ.get("WITHOUT_TBLIB"):
    sys.modules["tblib"] = None
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
""",
    "shop/__init__.py": "",
    "shop/tests.py": """
import unittest
from cachetest import CacheTestMixin, MockBackend, PatchCaches
from django.core.cache import cache
from django.test import SimpleTestCase

class Value:
    def __reduce__(self):
        raise RuntimeError("a value that nobody can pickle")

class FailingTests(CacheTestMixin, SimpleTestCase):
    def test_subtests(self):
        MockBackend("prices").put("lamp", Value())
        cache.set("lamp", 4.0)
        self.addCleanup(cache.get, "lamp")
        for puts in range(3):
            with self.subTest(puts=puts):
                self.assertCacheStats("prices", puts=puts)

    def test_failure(self):
        self.assertCacheStats("default", puts=1)

class ErrorTests(CacheTestMixin, SimpleTestCase):
    def test_attribute(self):
        MockBackend("prices").put("lamp", Value())
        self.caches.price

    def test_adapter(self):
        PatchCaches("djanga")

    def test_explained(self):
        self.caches.default.explain()

    @unittest.expectedFailure
    def test_unexpected(self):
        pass

    @unittest.expectedFailure
    def test_expected(self):
        self.assertCacheStats("default", puts=1)

    def test_not_entered(self):
        PatchCaches().caches
""",
}


@needs("django", "Django")
class ParallelRunnerTests(unittest.TestCase):
    def run_tests(self, *names, **environment):
        """Return what two workers tell of the tests *names*."""
        with tempfile.TemporaryDirectory() as folder:
            for name, source in PROJECT.items():
                path = Path(folder, name)
                path.parent.mkdir(exist_ok=True)
                path.write_text(source, encoding="utf-8")
            done = run_python("manage.py", "test", "--parallel", "2", *names, cwd=folder, **environment)
        return done.stdout + done.stderr

    @needs("tblib", "tblib")
    def test_told(self):
        """What fails is told: of a test, of a subtest, and each error of ours."""
        told = self.run_tests()
        for text in (
            "cache 'prices': expected puts=0, got 1",
            "cache 'prices': expected puts=2, got 1",
            "cache 'default': expected puts=1, got 0",
            "UnknownCacheError: no cache 'price' here; known, the closest first: prices",
            "UnknownAdapterError: no adapter 'djanga'",
            "NoMissError: cache 'default' has no miss",
            "NotPatchedError: this PatchCaches has not been entered",
            "FAILED (failures=3, errors=4, expected failures=1, unexpected successes=1)",
        ):
            with self.subTest(text):
                self.assertIn(text, told)
        self.assertNotIn("cannot be pickled", told)
        self.assertNotIn("RecursionError", told)

    @takes_a_while
    def test_told_without_tblib(self):
        """Without tblib Django can't send a traceback, and says that: nothing else is in its way."""
        told = self.run_tests(
            "shop.tests.FailingTests.test_subtests", "shop.tests.ErrorTests", WITHOUT_TBLIB="1"
        )
        # By which of the two workers comes first.
        self.assertRegex(told, "you should install tblib|cannot pickle 'traceback' object")
        self.assertNotIn("RecursionError", told)


if __name__ == "__main__":
    unittest.main()

"""In fresh processes the caches of the test are patched, and nothing reaches a real store."""

import locale
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from cachetest import CacheTestCase
from cachetest._assertions import key_child, key_task
from cachetest.adapters import Cachetools, Functools

from ..support import is_there, make_library, needs, run_python, takes_a_while, takes_long
from . import key_stores

HERE = key_stores.__name__


class StableCase(CacheTestCase):
    patch_caches = ()

    def fails(self, pattern):
        return self.assertRaisesRegex(self.failureException, pattern)


class ExplainedTests(StableCase):
    explain_keys = (f"{HERE}:make_key",)

    @takes_a_while
    def test_argument(self):
        """Of a key that is a hash the argument is named that moves."""
        with self.fails(
            r"\n    filters.* looks? like the order of a set; (it|they) changes? with the seed of hash"
        ):
            self.assertCacheKeyStable("prices", key_stores.hashed_set)


@needs("redis", "cachetest[redis]")
class RedisTests(StableCase):
    @takes_a_while
    def test_library_that_nobody_patches(self):
        """A library that only the function imports is refused its store."""
        with self.fails(
            r"raised .*GuardError: redis: localhost:1 was to be used in a fresh process, where the"
        ):
            self.assertCacheKeyStable("prices", key_stores.late_redis, runs=2)

    @takes_long
    def test_swallowed(self):
        """So it is where the program goes on."""
        self.assertCacheKeyStable("prices", key_stores.swallowed, runs=2)


class ObjectTests(CacheTestCase):
    def test_no_keys(self):
        self.patchCaches(Functools(memo=key_stores.price))
        with self.assertRaisesRegex(ValueError, "^the keys of cache 'memo' can't be known: "):
            self.assertCacheKeyStable("memo", key_stores.lamp_price)

    @unittest.skipUnless(is_there("cachetools"), "needs cachetools")
    def test_held_by_no_module(self):
        from cachetools import LRUCache

        self.patchCaches(Cachetools(carts=LRUCache(3)))
        with self.assertRaisesRegex(TypeError, "^the cache 'carts' is LRUCache.*, which no module holds"):
            self.assertCacheKeyStable("carts", key_stores.lamp_price)

    def test_not_pickled(self):
        _, adapter = make_library()
        self.patchCaches(adapter)
        with self.assertRaisesRegex(TypeError, "<LibraryAdapter adapter> can't be given to a fresh process"):
            self.assertCacheKeyStable("lib", key_stores.lamp_price)


class ChildTests(unittest.TestCase):
    """What a fresh process does, step by step in this one."""

    def test_module_on_no_path(self):
        """A module that was loaded by its file is loaded by that."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "of_no_path.py")
            path.write_text("def price():\n    return 4\n", encoding="utf-8")
            self.addCleanup(sys.modules.pop, "of_no_path", None)
            self.assertEqual(key_child._load_function("of_no_path:price", str(path))(), 4)
        with self.assertRaises(ModuleNotFoundError):
            key_child._load_function("of_no_path_either:price", None)
        with self.assertRaisesRegex(ImportError, "no Python module: /etc/hosts"):
            key_child._from_file("hosts", "/etc/hosts")

    def test_module_that_imports_what_is_not_there(self):
        """Its own error is told, and it is not loaded again."""
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(sys, "path", [folder, *sys.path]):
            Path(folder, "lacks_one.py").write_text("import no_such_module_at_all\n", encoding="utf-8")
            with self.assertRaisesRegex(ModuleNotFoundError, "no_such_module_at_all"):
                key_child._load_function("lacks_one:price", str(Path(folder, "lacks_one.py")))

    def test_locale(self):
        """The first that is there is that of the environment; the program sets it itself."""
        before = locale.setlocale(locale.LC_ALL)
        with mock.patch.dict(os.environ):
            self.assertEqual(key_child._use_locale(["xx_XX.UTF-8", "POSIX"]), "POSIX")
            self.assertEqual((os.environ["LC_ALL"], os.environ["LANG"]), ("POSIX", "POSIX"))
            self.assertEqual(key_child._use_locale(["xx_XX.UTF-8"]), "")
        self.assertEqual(locale.setlocale(locale.LC_ALL), before)

    def test_no_session(self):
        """Without one, as on a rank, there are no adapters."""
        task = key_task.task_for(None, "prices", {"place": "shop:price", "file": None})
        self.assertEqual((task["adapters"], task["detects"], task["main"]), ([], False, None))

    @unittest.skipUnless(is_there("cachetools"), "needs cachetools")
    def test_adapters(self):
        """An adapter of an object is made again by its place, one that follows too."""
        place = f"{HERE}:price"
        made, uses_main = key_task._adapter_in_words(Functools(follow=True, memo=place))
        self.assertEqual(key_child._load_adapter(made), Functools(follow=True, memo=place))
        self.assertFalse(uses_main)
        made, uses_main = key_task._adapter_in_words(Functools(memo="__main__:price"))
        self.assertTrue(uses_main)
        made, _ = key_task._adapter_in_words(Functools(memo=key_stores.price))
        self.assertEqual(key_child._load_adapter(made).targets, {"memo": place})


SETTINGS = """\
SECRET_KEY = "x"
INSTALLED_APPS = ["shop"]
USE_TZ = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "real.sqlite3"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
"""
SHOP = """\
from django.core.cache import cache
from django.db import connection, models


class Price(models.Model):
    item = models.CharField(max_length=20)

    class Meta:
        app_label = "shop"


def name():
    cache.get(connection.settings_dict["NAME"])


def prices():
    cache.get(f"{list(Price.objects.all())}")
"""
TESTS = """\
from django.test import TestCase

from cachetest import CacheTestMixin
from shop import models


class Tests(CacheTestMixin, TestCase):
    def test_name(self):
        self.assertCacheKeyStable("default", models.name, runs=2)
        models.name()
        print("looked up", self.caches.default.operations[-1].key)

    def test_prices(self):
        self.assertCacheKeyStable("default", models.prices, runs=2)
"""


@needs("django", "django")
class DjangoTests(unittest.TestCase):
    @takes_long
    def test_databases(self):
        """Django is set up, and has the test's databases: the real one is not even made."""
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(Path(folder, "shop"))
            Path(folder, "settings.py").write_text(SETTINGS, encoding="utf-8")
            Path(folder, "shop", "__init__.py").touch()
            Path(folder, "shop", "models.py").write_text(SHOP, encoding="utf-8")
            Path(folder, "shop", "tests.py").write_text(TESTS, encoding="utf-8")
            done = run_python("-m", "django", "test", cwd=folder, DJANGO_SETTINGS_MODULE="settings")
            left = os.listdir(folder)
        self.assertIn("looked up :1:file:memorydb_default", done.stdout)
        self.assertIn("no such table: shop_price", done.stderr)
        self.assertIn("Ran 2 tests", done.stderr)
        self.assertIn("FAILED (failures=1)", done.stderr)
        self.assertNotIn("real.sqlite3", left)


if __name__ == "__main__":
    unittest.main()

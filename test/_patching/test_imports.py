"""Libraries that are first imported, or loaded anew, while a scope is open; each in a process of its own."""

import unittest

from ..support import EXHAUSTIVE, expand, needs, needs_torch, run_python

HEAD = """
import importlib, os, sys, threading, types, unittest, warnings
os.environ["DJANGO_SETTINGS_MODULE"] = "lazy_settings"
lazy = types.ModuleType("lazy_settings")
lazy.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
sys.modules["lazy_settings"] = lazy
from cachetest import CacheTestCase, PatchCaches

def program():
    from django.core.cache import cache
    cache.get("a")
    cache.set("a", 1)

def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()

def run(*tests):
    result = unittest.TestResult()
    unittest.TestSuite(tests).run(result)
    for _, text in result.errors + result.failures:
        print(text, file=sys.stderr)
    assert result.testsRun and result.wasSuccessful()
"""

DJANGO = {
    "in_the_test": """
class T(CacheTestCase):
    def test_1(self):
        program()
        self.assertCacheStats("default", puts=1, misses=1)
    test_2 = test_1
run(T("test_1"), T("test_2"))
""",
    "in_set_up": """
class T(CacheTestCase):
    def setUp(self):
        program()
    def test_1(self):
        self.assertCacheStats("default", puts=1, misses=1)
    test_2 = test_1
run(T("test_1"), T("test_2"))
""",
    "on_a_thread": """
class T(CacheTestCase):
    def test_1(self):
        in_thread(program)
        self.assertCacheStats("default", puts=1, misses=1)
run(T("test_1"))
""",
    "imported_before_and_configured_inside": """
import django.core.cache
class T(CacheTestCase):
    def test_1(self):
        program()
        self.assertCacheStats("default", puts=1, misses=1)
run(T("test_1"))
""",
    "configured_by_hand": """
del os.environ["DJANGO_SETTINGS_MODULE"]
class T(CacheTestCase):
    def test_1(self):
        from django.conf import settings
        settings.configure(CACHES=lazy.CACHES)
        program()
        self.assertCacheStats("default", puts=1, misses=1)
run(T("test_1"))
""",
    "in_a_block": """
with PatchCaches() as patch:
    program()
    assert patch.caches["default"].counts() == (1, 0, 1), patch.caches.report()
    with PatchCaches() as inner:
        program()
    assert inner.caches["default"].counts() == (1, 0, 1)
""",
    "in_an_inner_block": """
with PatchCaches() as outer:
    with PatchCaches() as inner:
        program()
    assert inner.caches["default"].counts() == (1, 0, 1)
    program()
    assert outer.caches["default"].counts() == (1, 0, 1)
""",
}

AFTER = """
from django.conf import LazySettings
from django.core.cache import cache
assert cache.get("a") is None, "the real cache was written"
assert "test" not in repr(LazySettings._setup.__qualname__)
assert LazySettings._setup.__qualname__ == "LazySettings._setup"
assert not any("cachetest" in type(each).__module__ for each in sys.meta_path)
"""

RELOADED = {
    "django": ("Django()", "django.core.cache"),
    "redis": ("Redis()", "redis.connection"),
    "redis_asyncio": ("Redis()", "redis.asyncio.connection"),
    "pymemcache": ("Pymemcache()", "pymemcache.client.base"),
}


class ImportTests(unittest.TestCase):
    def run_code(self, *code):
        child = run_python("-c", "\n".join((HEAD, *code)))
        self.assertEqual(child.returncode, 0, child.stderr)

    @expand(list(DJANGO.items())[:: 1 if EXHAUSTIVE else 2], quick=1)
    @needs("django", "Django")
    def test_django(self, _, code):
        """Django is patched as soon as its settings are there, and the first test leaves nothing behind."""
        self.run_code(code, AFTER)

    @needs("django", "Django")
    def test_not_asked_for(self):
        """A test that names its adapters gets no others."""
        self.run_code(
            """
class T(CacheTestCase):
    patch_caches = ()
    def test_1(self):
        program()
        assert "default" not in list(self.caches)
run(T("test_1"))
"""
        )

    @expand(list(RELOADED.items())[:: 1 if EXHAUSTIVE else 2], quick=1)
    def test_loaded_anew(self, name, patched):
        """To load anew what is patched is an error that says so; without a scope it goes as it always has."""
        try:
            __import__(name.partition("_")[0])
        except ImportError:
            self.skipTest(f"needs {name}")
        adapter, module = patched
        self.run_code(
            f"""
from cachetest import adapters
from cachetest.errors import CacheTestError
module = importlib.import_module({module!r})
with PatchCaches(adapters.{adapter}):
    try:
        importlib.reload(module)
    except CacheTestError as error:
        assert {module!r} in str(error) and "load it anew before" in str(error), error
    else:
        raise AssertionError("no error")
    importlib.reload(importlib.import_module("json.decoder"))
importlib.reload(module)
"""
        )

    @needs_torch
    def test_torch(self):
        """PyTorch, imported in a test, is patched from then on, and its switches are as in the next test."""
        self.run_code(
            """
class T(CacheTestCase):
    enabled = []
    def test_1(self):
        assert "torch" not in sys.modules or type(self).enabled
        import torch
        from torch._inductor import config
        type(self).enabled.append(config.fx_graph_cache)
        self.assertCacheUnused()
        assert "fx_graph" in list(self.caches)
    test_2 = test_1
run(T("test_1"), T("test_2"))
assert T.enabled == [False, False], T.enabled
"""
        )


if __name__ == "__main__":
    unittest.main()

"""The objects that the cachetools adapter patches, and those that it refuses."""

import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, MockCache
from test.support import run_method

from .cachetools_support import CachetoolsTestCase, adapter

# What a test may import by name, as a program's module would have it.
shared = None


class InstallTests(CachetoolsTestCase):
    def test_by_name(self):
        """A target may be a string, imported when it is patched."""
        global shared
        shared = self.cache
        caches = self.patch(cache=f"{__name__}:shared")
        shared["a"] = 1
        self.assertEqual(caches.cache.counts(), (1, 0, 0))

    @parameterized.expand([("dict", {}), ("function", len), ("none", None), ("class", MockCache)])
    def test_no_cache(self, _, target):
        """A target that is no cache of cachetools is an error that says what was given and expected."""
        with self.assertRaisesRegex(TypeError, r"Cachetools\(cache=...\): expected a cachetools.Cache.*not "):
            self.patch(cache=target)

    def test_function_with_a_dict(self):
        """So is a function that was decorated with a dict."""
        with self.assertRaisesRegex(TypeError, "such as LRUCache"):
            self.patch(cache=self.library.cached({})(len))

    def test_two_names(self):
        """One object by two names is an error that says the other name, and nothing stays patched."""
        with self.assertRaisesRegex(ValueError, "is patched already, as 'one'; use one name"):
            self.patch(one=self.cache, two=self.cache)
        self.assertIs(type(self.cache), self.library.LRUCache)
        self.patch()
        with self.assertRaisesRegex(ValueError, "patched already, as 'cache'"):
            self.patch(other=self.cache)
        self.cache["a"] = 1

    def test_half_way(self):
        """When the second of two can't be patched, the first is not either."""
        with self.assertRaises(TypeError):
            self.patch(cache=self.cache, other={})
        self.assertIs(type(self.cache), self.library.LRUCache)

    def test_put_back_twice(self):
        """Leaving may be repeated, and does no harm to who patched since."""
        installed = adapter(cache=self.cache).install()
        with installed:
            self.assertIsNot(type(self.cache), self.library.LRUCache)
        self.patch()
        patched = type(self.cache)
        installed.__exit__(None, None, None)
        self.assertIs(type(self.cache), patched)

    def test_displaced(self):
        """A name that is given another cache while the test runs is reported."""
        global shared
        shared = self.cache

        def body(case):
            global shared
            shared = self.library.LRUCache(5)

        _, result = run_method(CacheTestCase, body, patch_caches=(adapter(cache=f"{__name__}:shared"),))
        self.assertIn("the class of the cache 'cache' was displaced", result.failures[0][1])
        self.assertIs(type(self.cache), self.library.LRUCache)

    def test_class_shows_as_its_own(self):
        """A patched object is an instance of its class, and is called by the name of it."""
        self.patch()
        self.assertIsInstance(self.cache, self.library.LRUCache)
        self.assertIs(self.cache.__class__, self.library.LRUCache)
        self.assertEqual(type(self.cache).__qualname__, "LRUCache")
        self.assertEqual(repr(self.cache), "LRUCache({}, maxsize=2, currsize=0)")


if __name__ == "__main__":
    unittest.main()

"""Functions that cachetools has decorated."""

import threading
import unittest

from parameterized import parameterized

from cachetest import PatchCaches

from .cachetools_support import CachetoolsTestCase, adapter, kinds


class Lock:
    """A lock, and a condition, that counts how often it is taken."""

    def __init__(self):
        self.taken = 0
        self._condition = threading.Condition()

    def __enter__(self):
        self.taken += 1
        return self._condition.__enter__()

    def __exit__(self, *exc):
        return self._condition.__exit__(*exc)

    def __getattr__(self, name):
        return getattr(self._condition, name)


class DecoratorTests(CachetoolsTestCase):
    @parameterized.expand(
        [("plain",), ("lock",), ("info",), ("lock", "info"), ("condition",), ("condition", "info")],
        name_func=lambda function, _, case: "_".join((function.__name__, *case.args)),
    )
    def test_cached(self, *options):
        """A decorated function: a call is one lookup, and one put if it missed."""
        chosen = {"lock": Lock(), "info": True, "condition": Lock()}
        chosen = {name: value for name, value in chosen.items() if name in options}
        calls = []
        try:
            function = self.library.cached(self.cache, **chosen)(lambda n: calls.append(n) or n)
        except TypeError:
            self.skipTest(f"this release of cachetools lacks one of {options}")
        caches = self.patch()
        self.assertEqual([function(n) for n in (1, 1, 2, 1)], [1, 1, 2, 1])
        self.assertEqual(calls, [1, 2])
        self.assertEqual(caches.cache.counts(), (2, 2, 2))
        self.assertEqual({each.where.filename for each in caches.cache.operations}, {__file__})
        if "info" in options:
            self.assertEqual(function.cache_info(), (2, 2, 2, 2))
            function.cache_clear()
            self.assertEqual(function.cache_info(), (0, 0, 2, 0))

    def test_locked_put_of_another(self):
        """With a lock, the value of a faster thread is found at the put: no further lookup, nor a put."""
        function = self.library.cached(self.cache, key=lambda n: n, lock=Lock())(
            lambda n: self.cache.__setitem__(n, "faster") or "slower"
        )
        self.patch()
        self.assertEqual(function(1), "faster")
        self.assertEqual(kinds(), [("miss", 1), ("put", 1)])

    def test_cachedmethod(self):
        """So is a call of a decorated method."""
        cache, library = self.cache, self.library

        class Shop:
            @library.cachedmethod(lambda self: cache)
            def price(self, article):
                return len(article)

        caches = self.patch()
        shop = Shop()
        self.assertEqual([shop.price("lamp"), shop.price("lamp")], [4, 4])
        self.assertEqual(caches.cache.counts(), (1, 1, 1))

    def test_function_as_target(self):
        """A decorated function stands for its cache."""
        function = self.library.cached(self.cache)(lambda n: n)
        if not hasattr(function, "cache"):
            self.skipTest("this release of cachetools does not tell the cache of a function")
        caches = self.patch(cache=function)
        function(1)
        self.assertEqual(caches.cache.counts(), (1, 0, 1))

    def test_func_module(self):
        """So does one decorated by `cachetools.func`."""
        from cachetools import func

        for decorator in (func.lru_cache(2), func.ttl_cache(None, 600), func.lfu_cache(2), func.rr_cache(2)):
            function = decorator(lambda n: n)
            if not hasattr(function, "cache"):
                self.skipTest("this release of cachetools does not tell the cache of a function")
            function(1)
            with PatchCaches(adapter(cache=function)) as patched:
                self.assertEqual([function(1), function(1)], [1, 1])
                self.assertEqual(patched.caches.cache.counts(), (1, 1, 1))
                function.cache_info()


if __name__ == "__main__":
    unittest.main()

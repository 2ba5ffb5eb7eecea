"""What faults do to the compile caches of torch."""

import unittest

from parameterized import parameterized

from cachetest import Damaged, Dropped, Fails, Gone, Stale, TooLarge

from .torch_support import CACHE_CLASSES, TorchCacheTestCase, compile_on_new_machine, make_cache


class CacheTests(TorchCacheTestCase):
    @parameterized.expand(CACHE_CLASSES)
    def test_each(self, class_name, name):
        """Each fault strikes each cache, whose entries are bytes."""
        cache, mock = make_cache(class_name), self.caches[name]
        cache.put("a", {"value": 1})
        (key,) = mock.cache
        self.assertIsInstance(mock.cache[key], bytes)
        with mock.inject(Fails(), on="get"), self.assertRaises(ConnectionError):
            cache.get("a")
        with mock.inject(TooLarge(3)), self.assertRaises(ValueError):
            cache.put("a", {"value": 2})
        with mock.inject(Dropped()):
            cache.put("a", {"value": 2})
        self.assertEqual(cache.get("a"), {"value": 1})
        with mock.inject(Stale()):
            cache.put("a", {"value": 3})
            self.assertEqual(cache.get("a"), {"value": 1})
        with mock.inject(Damaged()) as injected:
            try:
                # The local one takes it for no entry.
                found = cache.get("a")
            except Exception as error:
                found = error
        self.assertNotEqual(found, {"value": 3})
        self.assertEqual([each.kind for each in injected.struck], ["hit"])
        cache.put("a", {"value": 4})
        with mock.inject(Gone()):
            self.assertIsNone(cache.get("a"))


class CompileTests(TorchCacheTestCase):
    enable_caches = ("fx_graph_remote_cache",)

    def test_goes_on(self):
        """Torch compiles without a cache that is down, and puts an entry that is damaged anew."""
        cache = self.caches.fx_graph
        with self.assertLogs("torch._inductor.codecache", "WARNING"), cache.inject(Fails()) as injected:
            compile_on_new_machine()
        self.assertEqual([each.kind for each in injected.struck], ["failure", "failure"])
        compile_on_new_machine()
        with self.assertLogs("torch._inductor.codecache", "WARNING"), cache.inject(Damaged()) as injected:
            compile_on_new_machine()
        self.assertEqual([each.kind for each in injected.struck], ["hit"])
        kinds = [each.kind for each in cache.operations]
        self.assertEqual(kinds[2:], ["miss", "put", "hit", "refusal", "put"])


if __name__ == "__main__":
    unittest.main()

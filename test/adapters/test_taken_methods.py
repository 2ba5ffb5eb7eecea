"""Methods that a program has taken off a cache before it was patched: counted, or told of."""

import functools
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches

from ..support import needs, run_method

ONE_KEY, ONE_ENTRY = (("a",), ("a", 1))
METHODS = {
    "Cachetools": {
        **dict.fromkeys(("__getitem__", "__delitem__", "__contains__", "get"), ONE_KEY),
        **dict.fromkeys(("__setitem__", "pop", "setdefault"), ONE_ENTRY),
        **dict.fromkeys(("popitem", "clear", "keys", "items", "values", "__iter__", "__len__"), ()),
        "update": ({"a": 1},),
    },
    "Dogpile": {
        **dict.fromkeys(("get", "get_value_metadata", "delete"), ONE_KEY),
        **dict.fromkeys(("get_multi", "delete_multi"), (["a"],)),
        "set": ONE_ENTRY,
        "set_multi": ({"a": 1},),
        "get_or_create": ("a", lambda: 1),
        "get_or_create_multi": (["a"], lambda *keys: [1 for _ in keys]),
        "invalidate": (),
    },
}
TOLD = "{}() was called as a method that had been taken off the cache before it was patched, at "


def make(adapter):
    """Return a cache for *adapter*, and what puts an entry in it."""
    if adapter == "Cachetools":
        from cachetools import LRUCache

        cache = LRUCache(5)
        return cache, cache.update
    from dogpile.cache import make_region

    region = make_region().configure("dogpile.cache.memory")
    return region, region.set_multi


@needs("cachetools", "cachetools")
@needs("dogpile", "dogpile.cache")
class TakenMethodTests(unittest.TestCase):
    def outcome(self, adapter, cache, fill, method, full):
        """Return the operations of a call of *method*, and what the scope tells at its end."""
        from cachetest import adapters

        told = ""
        try:
            with PatchCaches(getattr(adapters, adapter)(mine=cache)) as patch:
                if full:
                    fill({"a": 1})
                before = len(patch.caches["mine"].operations)
                try:
                    found = method()
                    if hasattr(found, "__next__") or hasattr(found, "mapping"):
                        list(found)
                except KeyError:
                    pass
        except AssertionError as error:
            told = str(error)
        return [each.kind for each in patch.caches["mine"].operations[before:]], told

    @parameterized.expand(
        [(adapter, name, args) for adapter in METHODS for name, args in METHODS[adapter].items()]
    )
    def test_counted_or_told(self, adapter, name, args):
        """A call counts as one on the cache itself does; where it does not, that is told."""
        cache, fill = make(adapter)
        taken = functools.partial(getattr(cache, name), *args)
        for full in (False, True):
            counted, nothing = self.outcome(adapter, cache, fill, lambda: getattr(cache, name)(*args), full)
            self.assertEqual(nothing, "")
            found, told = self.outcome(adapter, cache, fill, taken, full)
            if not told:
                self.assertEqual(found, counted)
            else:
                self.assertIn(TOLD.format(name), told)
                self.assertIn(f"at test/adapters/{__name__.rpartition('.')[2]}.py", told)

    def test_assertions(self):
        """The next assertion fails, and so does the test at its end; of a test after it nothing is told."""
        from cachetools import LRUCache

        from cachetest.adapters import Cachetools

        cache = LRUCache(5)
        get = cache.get
        failures = []

        def body(case):
            get("a")
            for check in (case.assertCacheUnused, lambda: case.assertCacheStats("mine", hits=0)):
                with case.assertRaises(AssertionError) as caught:
                    check()
                failures.append(str(caught.exception))

        _, result = run_method(CacheTestCase, body, patch_caches=(Cachetools(mine=cache),))
        ((_, failure),) = result.failures
        for text in (*failures, failure):
            self.assertIn("the caches of this test can't be trusted:\n  cache 'mine': get() was called", text)
        _, result = run_method(
            CacheTestCase, lambda case: case.assertCacheUnused(), patch_caches=(Cachetools(mine=cache),)
        )
        self.assertTrue(result.wasSuccessful())

    def test_by_its_class(self):
        """A call by the class of the cache is such a call as well."""
        from cachetools import LRUCache

        cache, fill = make("Cachetools")
        _, told = self.outcome("Cachetools", cache, fill, lambda: LRUCache.__setitem__(cache, "a", 1), False)
        self.assertIn(TOLD.format("__setitem__"), told)


if __name__ == "__main__":
    unittest.main()

"""What functions of the program were called with explains the keys that they have made."""

import asyncio
import functools
import inspect
import threading
import unittest
import warnings

from parameterized import parameterized

from cachetest import CacheTestCase, MockBackend, PatchCaches, cache_options

from ..support import run_method
from . import key_makers
from .key_makers import Keys, Query, make_key

HERE = f"{key_makers.__name__}:"


class KeyCase(CacheTestCase):
    patch_caches = ()

    def setUp(self):
        self.cache = MockBackend("prices")

    def differences(self, was, now):
        """Return what an explanation says of a miss of the key *now*, where *was* had been put."""
        self.cache.put(was, 1)
        self.cache.get(now)
        return [str(each) for each in self.caches.prices.explain().differences]


@cache_options(explain_keys=[HERE + "make_key", HERE + "key_of_query", HERE + "bare_key", HERE + "inner"])
class ExplainedTests(KeyCase):
    def test_part(self):
        """The argument that has changed is named."""
        self.assertEqual(self.differences(make_key("lamp"), make_key("lamp", "de")), ["locale: 'en' -> 'de'"])

    def test_held_elsewhere(self):
        """Whoever holds the function calls the same one."""
        bound = functools.partial(key_makers.held["key"], "lamp")
        self.assertEqual(self.differences(bound(), bound(locale="de")), ["locale: 'en' -> 'de'"])

    def test_text_around(self):
        """A key may have what was made in it."""
        found = self.differences(f"v1:{make_key('lamp')}:x", f"v2:{make_key('chair')}:x")
        self.assertEqual(found, ["item: 'lamp' -> 'chair'", "before make_key(): 'v1:' -> 'v2:'"])
        self.assertEqual(
            self.differences(make_key("lamp") + ":a", make_key("lamp") + ":b"),
            ["after make_key(): ':a' -> ':b'"],
        )

    def test_dataclass(self):
        """Fields are told by name; the key is of bytes."""
        found = self.differences(
            key_makers.key_of_query(Query("lamp")), key_makers.key_of_query(Query("lamp", "de"))
        )
        self.assertEqual(found, ["query.locale: 'en' -> 'de'"])

    def test_closure(self):
        self.assertEqual(
            self.differences(key_makers.inner("lamp"), key_makers.inner("chair")), ["item: 'lamp' -> 'chair'"]
        )

    def test_as_it_was(self):
        """What is changed after the call is told as it was."""
        tags = ["a"]
        was = make_key("lamp", tags=tags)
        tags.append("b")
        self.assertEqual(self.differences(was, make_key("lamp", tags=tags)), ["tags[1]: nothing -> 'b'"])

    def test_nearest(self):
        """Of several keys the one with the most arguments in common is nearest."""
        for item, locale in (("chair", "fr"), ("lamp", "fr"), ("bed", "it")):
            self.cache.put(make_key(item, locale), 1)
        self.cache.get(make_key("lamp", "de"))
        found = self.caches.prices.explain()
        self.assertEqual((found.nearest_operation, str(found.differences[0])), (2, "locale: 'fr' -> 'de'"))

    def test_any_arguments(self):
        found = self.differences(key_makers.bare_key(1, a=2), key_makers.bare_key(1, b=2))
        self.assertEqual(found, ["kwargs.a: 2 -> nothing", "kwargs.b: nothing -> 2"])

    def test_not_made_by_it(self):
        """A key that nobody has made there is compared as ever."""
        self.assertEqual(self.differences("price:lamp", "price:chair"), ["part 2: 'lamp' -> 'chair'"])

    def test_not_called(self):
        """What was not called is named: the key may be made by another function."""
        make_key("lamp")
        self.cache.put("a:" + "0f" * 20, 1)
        self.cache.get("a:" + "1f" * 20)
        self.assertIn(
            f"of explain_keys, {HERE}key_of_query, {HERE}bare_key, {HERE}inner were not called in this scope",
            str(self.caches.prices.explain()),
        )

    def test_on_a_thread(self):
        """Calls on a thread of the test belong to it, and other tests know nothing of them."""
        keys = []
        thread = threading.Thread(target=lambda: keys.append(make_key("lamp")))
        thread.start()
        thread.join()
        with PatchCaches():
            make_key("bed")
        self.assertEqual(self.differences(keys[0], make_key("chair")), ["item: 'lamp' -> 'chair'"])

    def test_block_inside(self):
        """A block without functions explains nothing, one with them its own."""
        with PatchCaches() as patched:
            self.cache.put(make_key("lamp"), 1)
            self.cache.get(make_key("chair"))
            self.assertIn("a hash", str(patched.caches.prices.explain()))
        with PatchCaches(explain_keys=[HERE + "make_key"]) as patched:
            self.cache.put(make_key("lamp"), 1)
            self.cache.get(make_key("chair"))
        self.assertIn("item: 'lamp' -> 'chair'", str(patched.caches.prices.explain()))
        self.assertEqual(self.differences(make_key("lamp"), make_key("bed")), ["item: 'lamp' -> 'bed'"])

    def test_each_scope_its_own(self):
        """A block remembers the functions that it names, and no others; by any name that they have."""
        with PatchCaches(explain_keys=[HERE + "constant"]) as patched:
            self.cache.put(make_key("lamp"), 1)
            self.cache.get(make_key("chair"))
        self.assertIn("a hash", str(patched.caches.prices.explain()))
        with PatchCaches(explain_keys=[f"{__name__}:make_key"]) as patched:
            self.cache.put(make_key("lamp"), 1)
            self.cache.get(make_key("chair"))
        self.assertIn("item: 'lamp' -> 'chair'", str(patched.caches.prices.explain()))

    def test_keys_of_an_assertion(self):
        """Assertions on keys tell the argument, too."""

        def price(item, locale):
            return self.cache.get(make_key(item, locale))

        with self.assertRaisesRegex(self.failureException, r"\n      locale: 'en' -> 'de'$"):
            self.assertCacheKeyIgnores("prices", price, {"item": "lamp", "locale": "en"}, {"locale": ["de"]})


class MethodTests(KeyCase):
    @cache_options(explain_keys=[HERE + "Keys.make", HERE + "Base.make"])
    def test_method(self):
        """A method that calls that of its base."""
        found = self.differences(Keys().make("lamp"), Keys().make("chair"))
        self.assertEqual(found, ["item: 'lamp' -> 'chair'"])

    @cache_options(explain_keys=[HERE + "Keys.static", HERE + "Keys.of_class"])
    def test_static_and_class_method(self):
        self.assertEqual(self.differences(Keys.static("a"), Keys.static("b")), ["item: 'a' -> 'b'"])
        self.assertEqual(self.differences(Keys.of_class("a"), Keys().of_class("b")), ["item: 'a' -> 'b'"])

    @cache_options(explain_keys=[HERE + "make_async"])
    def test_coroutine_function(self):
        self.assertTrue(inspect.iscoroutinefunction(key_makers.make_async))
        keys = [asyncio.run(key_makers.make_async(item)) for item in ("lamp", "chair")]
        self.assertEqual(self.differences(*keys), ["item: 'lamp' -> 'chair'"])

    @cache_options(explain_keys=[HERE + "failing", HERE + "constant"])
    def test_raises(self):
        """What raises has made no key; what takes nothing says so."""
        with self.assertRaises(LookupError):
            key_makers.failing("lamp")
        self.assertEqual(
            self.differences(key_makers.constant() + "a", key_makers.constant() + "b"),
            ["after constant(): 'a' -> 'b'"],
        )

    @cache_options(explain_keys=[HERE + "make_key"], explain_misses=False)
    def test_no_misses_explained(self):
        self.assertIn("a hash", self.differences(make_key("lamp"), make_key("chair"))[0])


class RestoredTests(unittest.TestCase):
    def test_restored(self):
        """It is one function all the time, looks the same from outside, and is afterwards as it was."""
        before = make_key.__code__, dict(vars(make_key)), inspect.signature(make_key)
        place = HERE + "make_key"
        with warnings.catch_warnings(), PatchCaches(explain_keys=[place]):
            warnings.simplefilter("error")
            self.assertIsNot(make_key.__code__, before[0])
            self.assertEqual(inspect.signature(make_key), before[2])
            outer = PatchCaches(explain_keys=[place, HERE + "constant"])
            outer.__enter__()
            self.assertEqual(len(make_key("lamp")), 64)
            outer.__exit__(None, None, None)
            self.assertIsNot(make_key.__code__, before[0])
        self.assertEqual((make_key.__code__, vars(make_key), inspect.signature(make_key)), before)

    def test_left_in_another_order(self):
        place, code = HERE + "make_key", make_key.__code__
        first, second = (
            PatchCaches(explain_keys=[place]),
            PatchCaches(explain_keys=[place, HERE + "constant"]),
        )
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        self.assertIsNot(make_key.__code__, code)
        second.__exit__(None, None, None)
        self.assertIs(make_key.__code__, code)

    def test_a_signature_of_its_own(self):
        """One that a program has given a function stays."""
        own = key_makers.constant.__signature__ = inspect.Signature()
        self.addCleanup(delattr, key_makers.constant, "__signature__")
        with PatchCaches(explain_keys=[HERE + "constant"]):
            pass
        self.assertIs(vars(key_makers.constant)["__signature__"], own)

    def test_code_that_the_program_has_replaced(self):
        """What somebody else has put there stays."""
        code = key_makers.constant.__code__
        self.addCleanup(setattr, key_makers.constant, "__code__", code)
        with PatchCaches(explain_keys=[HERE + "constant"]):
            other = key_makers.constant.__code__ = (lambda: 1).__code__
        self.assertIs(key_makers.constant.__code__, other)

    def test_one_that_can_not_be_replaced(self):
        """When one is wrong, none is left replaced."""
        code = make_key.__code__
        with self.assertRaises(TypeError), PatchCaches(explain_keys=[HERE + "make_key", HERE + "memoised"]):
            pass
        self.assertIs(make_key.__code__, code)

    def test_outside_any_scope(self):
        """A call that no scope is open for is done, and nothing more."""
        patched = PatchCaches(explain_keys=[HERE + "make_key"])
        with patched:
            thread = threading.Thread(target=lambda: None)
        self.assertEqual(len(make_key("lamp")), 64)
        self.assertFalse(thread.is_alive())

    @parameterized.expand(
        [
            ("memoised", TypeError, "is no function written in Python.*It wraps a function: name that"),
            ("held", TypeError, "is no function written in Python"),
            ("generated", TypeError, "is a generator function, which returns no key"),
            ("no_such", ImportError, "explain_keys: '.*:no_such' can't be imported"),
        ]
    )
    def test_errors(self, name, error, text):
        with self.assertRaisesRegex(error, text), PatchCaches(explain_keys=[HERE + name]):
            pass

    @parameterized.expand(
        [
            ("shop.cache:make", TypeError, "explain_keys: expected a sequence of names, not the string"),
            (
                ["shop.cache.make"],
                ValueError,
                "expected a string like 'shop.cache:make_key', not 'shop.cache.make'",
            ),
            ([make_key], TypeError, f"expected strings like .*: '{HERE}make_key'"),
            ([3], TypeError, "expected strings like 'shop.cache:make_key', not 3$"),
        ]
    )
    def test_given(self, given, error, text):
        with self.assertRaisesRegex(error, text):
            PatchCaches(explain_keys=given)

        def test(self):
            pass

        _, result = run_method(CacheTestCase, test, explain_keys=given)
        self.assertIn(error.__name__, result.errors[0][1])

    def test_decorator(self):
        @PatchCaches(explain_keys=[HERE + "make_key"])
        def explained():
            return make_key.__code__

        code = make_key.__code__
        self.assertIsNot(explained(), code)
        self.assertIs(make_key.__code__, code)


if __name__ == "__main__":
    unittest.main()

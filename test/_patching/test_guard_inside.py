"""Caches inside the process are guarded where they are named."""

import functools
import unittest

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches, guard

from ..support import is_there, needs, run_case, run_python, takes_a_while
from .guard_support import GuardCase

if is_there("cachetools"):
    import cachetools

    from cachetest.adapters import Cachetools

CALLS = [
    ("get item", lambda cache: cache["k"]),
    ("set item", lambda cache: cache.__setitem__("k", 1)),
    ("delete item", lambda cache: cache.__delitem__("k")),
    ("get", lambda cache: cache.get("k")),
    ("pop", lambda cache: cache.pop("k", None)),
    ("setdefault", lambda cache: cache.setdefault("k", 1)),
    ("popitem", lambda cache: cache.popitem()),
    ("update", lambda cache: cache.update(k=1)),
    ("clear", lambda cache: cache.clear()),
]


@needs("cachetools", "cachetools")
class CachetoolsTests(GuardCase):
    @parameterized.expand(CALLS)
    def test_calls(self, _, call):
        """The cache that is named is left as it is; others of its class are not guarded."""
        for make in (lambda: cachetools.LRUCache(5), lambda: cachetools.TTLCache(5, 60)):
            cache, other = make(), make()
            cache["before"] = 1
            before = dict(vars(type(cache)))
            with guard(Cachetools(prices=cache)):
                self.refuses(
                    call, cache, text="^cachetools: the cache 'prices' was to be used outside any test"
                )
                other["k"] = 1
                call(other)
                with guard():
                    self.refuses(call, cache)
            self.assertEqual(dict(cache), {"before": 1})
            self.assertEqual(dict(vars(type(cache))), before)

    def test_not_named(self):
        """A guard of everything says nothing of it."""
        cache = cachetools.LRUCache(5)
        with guard():
            cache["k"] = 1

    def test_two(self):
        """Two of one class are told apart, and may be let through together."""
        first, second = cachetools.LRUCache(5), cachetools.LRUCache(5)
        with guard(Cachetools(a=first, b=second)):
            self.refuses(first.get, "k", text="the cache 'a'")
            self.refuses(second.get, "k", text=r"the cache 'b'.*guard\(allow=\('cachetools',\)\)")
            with guard(allow=("cachetools",)):
                first["k"] = 1

    @parameterized.expand([("guard in scope",), ("scope in guard",)])
    def test_with_a_scope(self, how):
        """In a scope it is as ever, also where the guard began inside it and ends after it."""
        cache = cachetools.LRUCache(5)
        given, patch = guard(Cachetools(prices=cache)), PatchCaches(Cachetools(prices=cache))
        for begin in (given.start, patch.__enter__)[:: 1 if how == "scope in guard" else -1]:
            begin()
        cache["k"] = 1
        self.assertEqual(cache.pop("k"), 1)
        self.assertEqual(patch.caches.prices.num_put, 1)
        patch.__exit__(None, None, None)
        self.refuses(cache.get, "k")
        with patch:
            cache["k"] = 1
            given.stop()
            cache["k"] = 1
        self.assertEqual(dict(cache), {})

    def test_in_a_test(self):
        """A test whose class names it has it."""
        cache = cachetools.TTLCache(5, 60)

        class Tests(CacheTestCase):
            patch_caches = (Cachetools(prices=cache),)

            def test(inner):
                cache["k"] = 1
                inner.assertCacheStats("prices", puts=1)

        with guard(Cachetools(prices=cache)):
            result = run_case(Tests("test"))
        self.assertTrue(result.wasSuccessful(), result.errors + result.failures)


@needs("dogpile", "dogpile.cache")
class DogpileTests(GuardCase):
    def test_region(self):
        """A region that is named is refused, in memory too; another is not."""
        from dogpile.cache import make_region

        from cachetest.adapters import Dogpile

        region, other = (make_region().configure("dogpile.cache.memory") for _ in range(2))
        memoised = region.cache_on_arguments()(lambda number: number)
        with guard(Dogpile(users=region)):
            for call in (
                lambda: region.get("k"),
                lambda: region.set("k", 1),
                lambda: region.get_or_create("k", int),
                lambda: region.delete("k"),
                lambda: region.set_multi({"k": 1}),
                lambda: memoised(-1),
            ):
                self.refuses(call, text="^dogpile: the region 'users' was to be used outside any test")
            other.set("k", 1)
            with PatchCaches(Dogpile(users=region)) as patch:
                region.set("k", 1)
                self.assertEqual(region.get_or_create("k", int), 1)
                self.assertEqual(patch.caches.users.num_put, 1)
        self.assertTrue(region.get("k") is not None)


class FunctoolsTests(unittest.TestCase):
    def test_error(self):
        """A memoised function can't be guarded, and that is said at the call."""
        from cachetest.adapters import Functools

        with self.assertRaisesRegex(
            TypeError, "^the adapter 'functools' can't be guarded: a memoised function"
        ):
            guard(Functools(squares=functools.lru_cache(abs)))


DJANGO = """
import tempfile
from django.conf import settings
folder = tempfile.TemporaryDirectory()
locmem = "django.core.cache.backends.locmem.LocMemCache"
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    CACHES={
        "default": {"BACKEND": locmem},
        "same": {"BACKEND": locmem, "KEY_PREFIX": "p"},
        "other": {"BACKEND": locmem, "LOCATION": "other"},
        "files": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": folder.name},
        "table": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache_table"},
    },
)
import django
django.setup()
from django.core.cache import caches
from django.core.management import call_command
from cachetest import GuardError, PatchCaches, UnknownCacheError, guard
from cachetest.adapters import Django
call_command("createcachetable")

def outcomes():
    found = []
    for alias in settings.CACHES:
        for call in ("get", "set"):
            try:
                getattr(caches[alias], call)(*("k", 1)[: 2 if call == "set" else 1])
                found.append("-")
            except GuardError as error:
                found.append(str(error).partition(" was")[0].replace(folder.name, "FOLDER"))
    return found[1::2] if found[::2] == found[1::2] else found

held = caches["default"]
with guard():
    print(outcomes())
    with guard(allow=("django",)):
        print(outcomes())
with guard(Django("default")):
    print(outcomes())
    try: held.get_many(["k"])
    except GuardError as error: print(error)
    try: held.get_or_set("k", 1)
    except GuardError as error: print("refused")
with guard("django"):
    print(outcomes())
    with PatchCaches("django") as patch:
        print(outcomes(), patch.caches.default.num_put)
    print(outcomes())
print(outcomes())
try: guard(Django("defualt"))
except UnknownCacheError as error: print(error)
"""


@needs("django", "Django")
class DjangoTests(unittest.TestCase):
    maxDiff = None

    @takes_a_while
    def test_aliases(self):
        """What leaves the process is refused, and of an alias that is named, what is inside it too."""
        done = run_python("-c", DJANGO)
        self.assertEqual(done.stderr, "")
        leaving = ["-", "-", "-", "django: FOLDER", "django: the table cache_table"]
        default = ["django: the cache 'default'"] * 2
        named = [
            *default,
            *(f"django: the cache {alias!r}" for alias in ("other", "files", "table")),
        ]
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], str(leaving))
        self.assertEqual(lines[1], str(["-"] * 5))
        self.assertEqual(lines[2], str([*default, "-", "-", "-"]))
        self.assertRegex(
            lines[3],
            r"^django: the cache 'default' was to be used outside any test, at <string>:\d+ in <module>\. "
            r"Use it in a test or in a `with PatchCaches\(\)` block that patches it, or let it through: "
            r"guard\(allow=\('django',\)\)$",
        )
        self.assertEqual(lines[4], "refused")
        self.assertEqual(lines[5], str(named))
        self.assertEqual(lines[6], f"{['-'] * 5} 1")
        self.assertEqual(lines[7], str(named))
        self.assertEqual(lines[8], str(["-"] * 5))
        self.assertRegex(
            lines[9], "^no cache 'defualt' in settings.CACHES; there are, the closest first: default, "
        )


if __name__ == "__main__":
    unittest.main()

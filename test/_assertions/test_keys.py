"""Keys depend on what they have to, on nothing else, and nothing passes that tested nothing."""

import sys
import unittest

from cachetest import AsyncCacheTestCase, MockBackend, global_stats

from .key_programs import BASE, CHANGES, KeyCase, Program, Query, all_in


class DependsOnTests(KeyCase):
    def test_all(self):
        """It passes where all is in the key; the test has counted nothing of it."""
        self.assertIsNone(self.assertCacheKeyDependsOn("prices", Program(all_in).price, BASE, CHANGES))
        self.assertCacheStats("prices", puts=0, hits=0, misses=0)
        self.assertCacheUnused("prices")

    def test_left_out(self):
        """The failure names the input, the key, and the answer that is stale."""
        with self.fails(
            r"(?s)^cache 'prices': inputs that differ look up the same key\n"
            r"  locale: 'en' -> 'de': 'price:7', at \S*key_programs\.py:\d+ in price\n"
            r"    a stale hit: after price\(user=7, locale='en'\), price\(user=7, locale='de'\) gives "
            r"\(7, 'en'\); with empty caches it gives \(7, 'de'\) : told$"
        ):
            self.check(lambda user, locale: f"price:{user}", msg="told")

    def test_type(self):
        """Values of two types, of which one key is made."""
        with self.fails(r"\n  user: 7 -> '7': '7:en'"):
            self.check(all_in, changes={"user": [8, "7"]})

    def test_not_stale(self):
        """A key that leaves out what changes no answer fails too, and says that the hit is not stale."""
        with self.fails(
            r"\n    not a stale hit: price\(user=7, locale='de'\) gives 1 with empty caches as well$"
        ):
            self.check(lambda user, locale: user, work=lambda **_: 1)

    def test_not_hit(self):
        """What hits nothing can't be told to be stale."""
        cache = MockBackend("prices")
        with self.fails(r"\n    after function.*hits nothing, so whether its answer would be stale can't be"):
            self.assertCacheKeyDependsOn("prices", _named(lambda user, locale: cache.get(1)), BASE, CHANGES)

    def test_never_the_same(self):
        """Nor can an answer that is another each time."""
        answers = iter(range(1_000))
        with self.fails(
            r"with empty caches gives \d+, and the next time gives \d+, so whether a hit is stale"
        ):
            self.check(lambda user, locale: user, work=lambda **_: next(answers))

    def test_raised(self):
        """An exception is an answer."""

        def work(user, locale):
            if locale == "de":
                raise KeyError(locale)
            return 1

        with self.fails(r"gives 1; with empty caches it raises KeyError\('de'\)$"):
            self.check(lambda user, locale: user, work=work)

    def test_raised_before_the_lookup(self):
        """A change that raises before all is looked up has tested nothing."""
        with self.assertRaisesRegex(LookupError, "de"):
            self.check(lambda user, locale: {"en": 1}[locale], changes={"locale": ["de"]})
        cache = MockBackend("prices")

        def price(user, locale):
            cache.get("version")
            cache.get(f"{user}:{ {'en': 1}[locale] }")

        with self.assertRaisesRegex(LookupError, "de"):
            self.assertCacheKeyDependsOn("prices", price, BASE, {"locale": ["de"]})

    def test_several_lookups(self):
        """Keys are compared in order, all of them; the last says where."""
        cache = MockBackend("prices")

        def price(user, locale):
            cache.get("version")
            cache.get(user)
            return cache.get(locale)

        self.assertCacheKeyDependsOn("prices", price, BASE, CHANGES)
        with self.fails(r"\n  other: 1 -> 2: 'version', 7, 'en', at "):
            self.assertCacheKeyDependsOn(
                "prices", lambda other, **more: price(**more), {**BASE, "other": 1}, {"other": [2]}
            )

    def test_many_clashes(self):
        """Some are shown, and how many there are beside them."""
        with self.fails(r"\n  and 3 more of the 8 changes that were tried$"):
            self.check(lambda user, locale: 1, changes={"user": list(range(8, 16))})


FIELDS = {"item": ["chair"], "locale": ["de"]}


class DataclassTests(KeyCase):
    def price(self, key):
        program = Program(lambda **fields: key(Query(**fields)))
        return lambda query: program.price(item=query.item, locale=query.locale, trace=query.trace)

    def test_opt_out(self):
        """A field that nobody has named fails; one that is ignored is not changed."""
        price = self.price(lambda query: (query.item, query.locale))
        with self.fails(
            r"^the field 'trace' of Query is in no change, so nothing is known of it: give values, or name"
        ):
            self.assertCacheKeyDependsOn("prices", price, Query("lamp"), FIELDS)
        with self.fails(
            r"^the fields 'locale', 'trace' of Query are in no change, so nothing is known of them"
        ):
            self.assertCacheKeyDependsOn("prices", price, Query("lamp"), {"item": ["chair"]})
        self.assertCacheKeyDependsOn("prices", price, Query("lamp"), FIELDS, ignored=["trace"])
        self.assertCacheKeyIgnores("prices", price, Query("lamp"), {"trace": ["abc"]})

    def test_left_out(self):
        with self.fails(r"\n  trace: '' -> 'x': \('lamp', 'en'\)"):
            self.assertCacheKeyDependsOn(
                "prices",
                self.price(lambda query: (query.item, query.locale)),
                Query("lamp"),
                {**FIELDS, "trace": ["x"]},
            )


class IgnoresTests(KeyCase):
    def test_ignored(self):
        program = Program(lambda user, locale: user)
        self.assertIsNone(self.assertCacheKeyIgnores("prices", program.price, BASE, {"locale": ["de", "fr"]}))

    def test_not_ignored(self):
        """The failure names the input and the part."""
        program = Program(all_in)
        with self.fails(
            r"^cache 'prices': the key depends on what it was to ignore\n  locale: 'en' -> 'de':\n"
            r"    '7:en' -> '7:de', at \S+ in price\n      part 2: 'en' -> 'de' : told$"
        ):
            self.assertCacheKeyIgnores("prices", program.price, BASE, {"locale": ["de"]}, msg="told")

    def test_many(self):
        program = Program(lambda user, locale: tuple(f"{user}{n}" for n in range(8)))
        with self.fails(r"(?s)part 5: .*\n      and 3 more parts.*\n  and 2 more$"):
            self.assertCacheKeyIgnores("prices", program.price, BASE, {"user": list(range(10, 17))})

    def test_type_only(self):
        program = Program(lambda user, locale: user)
        with self.fails(r"\n    7 -> '7', at .*\n      (key|differs)"):
            self.assertCacheKeyIgnores("prices", program.price, BASE, {"user": ["7"]})

    def test_written_otherwise(self):
        """Keys whose parts are the same, and that are written otherwise."""
        program = Program(lambda mark: f"price{mark}lamp")
        with self.fails(r"\n      differs in the way it is written only: 'price:lamp' -> 'price;lamp'$"):
            self.assertCacheKeyIgnores("prices", program.price, {"mark": ":"}, {"mark": [";"]})

    def test_stores(self):
        """One key in two databases is two."""
        cache = MockBackend("prices")

        def price(server):
            cache.get("lamp")
            known = {"store": server}
            global_stats.prices.operations.record("miss", "chair", frozenset(), sys._getframe(), known)

        with self.fails(r"\n    'chair', in one -> two, at \S+ in price$"):
            self.assertCacheKeyIgnores("prices", price, {"server": "one"}, {"server": ["two"]})

    def test_more_lookups(self):
        cache = MockBackend("prices")

        def price(many):
            for each in range(many):
                cache.get(each)

        with self.fails(r"\n    1 -> 2 lookups; 1 at \S+ in price is in one only$"):
            self.assertCacheKeyIgnores("prices", price, {"many": 1}, {"many": [2]})


class AsyncTests(AsyncCacheTestCase):
    async def test_awaited(self):
        program = Program(all_in)
        await self.assertCacheKeyDependsOn("prices", program.price_async, BASE, CHANGES)
        program.key = lambda user, locale: user
        with self.assertRaisesRegex(
            self.failureException, r"a stale hit: after price_async\(user=7, locale='en'"
        ):
            await self.assertCacheKeyDependsOn("prices", program.price_async, BASE, CHANGES)
        await self.assertCacheKeyIgnores("prices", program.price_async, BASE, {"locale": ["de"]})
        self.assertCacheUnused("prices")


def _named(function):
    function.__name__ = "<lambda>"
    return function


if __name__ == "__main__":
    unittest.main()

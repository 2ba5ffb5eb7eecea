"""Nothing passes that tested nothing, and what can't be used is an error where it is given."""

import asyncio
import threading
import unittest

from parameterized import parameterized

from cachetest import AsyncCacheTestCase, MockBackend
from cachetest.errors import UnknownCacheError

from .key_programs import BASE, CHANGES, KeyCase, Program, Query, all_in


class NothingTestedTests(KeyCase):
    def test_nothing_looked_up(self):
        MockBackend("prices")
        other = MockBackend("users")
        with self.fails(
            r"^cache 'prices': function\(a=1\) looks nothing up in it, so nothing was tested\n"
            r"  it has used 'users'$"
        ):
            self.assertCacheKeyDependsOn("prices", lambda a: other.get(a), {"a": 1}, {"a": [2]})

    def test_nothing_looked_up_by_a_change(self):
        cache = MockBackend("prices")

        def price(a):
            return cache.get(a) if a == 1 else None

        with self.fails(r"price\(a=2\) looks nothing up"):
            self.assertCacheKeyDependsOn("prices", price, {"a": 1}, {"a": [2]})
        with self.fails(r"price\(a=2\) looks nothing up"):
            self.assertCacheKeyIgnores("prices", price, {"a": 1}, {"a": [2]})

    def test_puts_alone(self):
        """A put is no lookup."""
        cache = MockBackend("prices")
        with self.fails("looks nothing up"):
            self.assertCacheKeyDependsOn("prices", lambda a: cache.put(a, 1), {"a": 1}, {"a": [2]})

    @parameterized.expand(["DependsOn", "Ignores"])
    def test_other_keys_each_time(self, name):
        """Keys that are others each time would pass whatever they depend on."""
        numbers = iter(range(1_000))
        program = Program(lambda a: f"price:{next(numbers)}")
        with self.fails(
            r"^cache 'prices': price\(a=1\) looks up other keys the second time.*\n"
            r"    'price:0' -> 'price:1', at \S+ in price\n      part 2: '0' -> '1'$"
        ):
            getattr(self, f"assertCacheKey{name}")("prices", program.price, {"a": 1}, {"a": [2]})

    def test_kept_elsewhere(self):
        """A program that remembers its answers elsewhere has not looked up again."""
        cache, kept = MockBackend("prices"), {}

        def price(a):
            if a not in kept:
                cache.get("version")
                kept[a] = cache.get(a)

        with self.fails("price.a=1. looks nothing up"):
            self.assertCacheKeyDependsOn("prices", price, {"a": 1}, {"a": [2]})

    def test_fewer_lookups(self):
        cache, calls = MockBackend("prices"), []

        def price(a):
            calls.append(a)
            cache.get("version")
            if len(calls) == 1:
                cache.get(a)

        with self.fails(r"\n    2 -> 1 lookups; 1 at \S+:\d+ in price is in one only$"):
            self.assertCacheKeyDependsOn("prices", price, {"a": 1}, {"a": [2]})

    def test_the_function_raises(self):
        with self.assertRaises(ZeroDivisionError):
            self.check(all_in, work=lambda **_: 1 / 0)

    def test_older_lookups_are_gone(self):
        self._session._log_length = 2
        cache = MockBackend("prices")

        def price(a):
            for each in range(3):
                cache.get((a, each))

        with self.assertRaisesRegex(ValueError, "more operations than are kept.*log_length"):
            self.assertCacheKeyDependsOn("prices", price, {"a": 1}, {"a": [2]})


class ErrorTests(KeyCase):
    @parameterized.expand(
        [
            (
                "inputs",
                3,
                {"a": [2]},
                {},
                TypeError,
                "inputs: expected a dict of arguments by name, or an obj",
            ),
            ("a class", Query, {"item": ["a"]}, {}, TypeError, "inputs: expected"),
            ("names", {1: 2}, {"a": [2]}, {}, TypeError, "inputs: expected the names of arguments, not 1"),
            ("none", {}, {"a": [2]}, {}, ValueError, "inputs: expected at least one argument"),
            ("changes", BASE, ["user"], {}, TypeError, "changes: expected a dict"),
            ("no changes", BASE, {}, {}, ValueError, "changes: expected values for one of user, locale"),
            (
                "unknown",
                BASE,
                {"local": ["de"]},
                {},
                ValueError,
                "no input 'local'; there are, .*: 'locale', 'u",
            ),
            ("text", BASE, {"locale": "de"}, {}, TypeError, r"for 'locale', such as \['de'\], not 'de'"),
            ("a number", BASE, {"user": 8}, {}, TypeError, r"such as \[8\], not 8"),
            ("empty", BASE, {"user": []}, {}, ValueError, "one value at least for 'user'"),
            ("no change", BASE, {"user": [7]}, {}, ValueError, "'user' is 7 in the inputs already"),
            ("ignored text", BASE, CHANGES, {"ignored": "a"}, TypeError, r"ignored: expected names"),
            ("ignored", BASE, CHANGES, {"ignored": ["x"]}, ValueError, "ignored: there is no input 'x'"),
            ("both", BASE, CHANGES, {"ignored": ["user"]}, ValueError, "'user' is in changes as well"),
            ("equal", BASE, CHANGES, {"equal": 1}, TypeError, "equal must be a function"),
            ("no bool", BASE, CHANGES, {"equal": lambda *_: []}, TypeError, "torch.equal"),
        ]
    )
    def test_given(self, _, inputs, changes, more, error, text):
        program = Program(all_in)
        with self.assertRaisesRegex(error, text):
            self.assertCacheKeyDependsOn("prices", program.price, inputs, changes, **more)

    def test_function(self):
        with self.assertRaisesRegex(TypeError, "function must be a function, not 3"):
            self.assertCacheKeyIgnores("prices", 3, BASE, CHANGES)

    def test_name(self):
        Program(all_in)
        with self.assertRaisesRegex(UnknownCacheError, "'price'.*'prices'|prices"):
            self.assertCacheKeyDependsOn("price", print, BASE, CHANGES)

    def test_keys_not_known(self):
        Program(all_in)
        self.caches.prices.unavailable = {"operations": "they are counted by the library alone"}
        with self.assertRaisesRegex(
            ValueError, "^the keys of cache 'prices' can't be known: they are counted"
        ):
            self.assertCacheKeyDependsOn("prices", print, BASE, CHANGES)

    def test_inputs_that_can_not_be_copied(self):
        """A list with a lock in it is copied as far as it can be."""
        cache, lock = MockBackend("prices"), threading.Lock()

        def price(ids):
            cache.get((ids[0], len(ids)))
            ids.clear()

        self.assertCacheKeyDependsOn("prices", price, {"ids": [1, lock]}, {"ids": [[3, lock]]})

    def test_inputs_that_the_function_changes(self):
        """Each call has a list of its own."""
        cache = MockBackend("prices")

        def price(ids):
            ids.append(cache.get(tuple(ids)))

        base = [1, 2]
        self.assertCacheKeyDependsOn("prices", price, {"ids": base}, {"ids": [[3]]})
        self.assertEqual(base, [1, 2])


class AsyncTests(AsyncCacheTestCase):
    async def test_done_by_a_task_from_before(self):
        """What a task from before looks up is in the caches of the test, so that it has tested nothing."""
        cache, asked, answers = MockBackend("prices"), asyncio.Queue(), asyncio.Queue()

        async def work():
            while True:
                await answers.put(cache.get(await asked.get()))

        task = asyncio.create_task(work())

        async def price(a):
            await asked.put(a)
            return await answers.get()

        with self.assertRaisesRegex(
            self.failureException, r"looks nothing up.*\n  it was done by a thread or a task from before it"
        ):
            await self.assertCacheKeyDependsOn("prices", price, {"a": 1}, {"a": [2]})
        task.cancel()


if __name__ == "__main__":
    unittest.main()

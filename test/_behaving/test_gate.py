"""The gate: what comes of a call is decided and recorded here, whatever the call is and whoever makes it."""

import asyncio
import unittest

from parameterized import parameterized

from cachetest import MockCache, Stats
from cachetest._behaving.gate import MISSING

from ..support import in_module

LIBRARIES = frozenset({"some_library"})


class Unwilling(Exception):
    """An exception whose text can't be had."""

    def __str__(self):
        raise RuntimeError("no")


def raising(error):
    """Return a function that raises *error*."""

    def call():
        raise error

    return call


def no_effects(result):
    return ()


class GateCase(unittest.TestCase):
    def setUp(self):
        self.cache = MockCache("c")

    def logged(self, *names):
        """Return the operations by the *names* of some of their attributes."""
        return [tuple(getattr(each, name) for name in names) for each in self.cache.operations]


class LookupTests(GateCase):
    @parameterized.expand([(1,), (None,), (0,), (False,)])
    def test_hit(self, value):
        """A value that was found is a hit, whatever it is."""
        self.assertIs(self.cache.lookup("k", lambda: value), value)
        self.assertEqual(
            self.logged("number", "kind", "key", "asked", "error"), [(1, "hit", "k", "get", None)]
        )
        self.assertEqual(self.cache, Stats(0, 1, 0))

    def test_miss(self):
        """MISSING is a miss."""
        self.assertIs(self.cache.lookup("k", lambda: MISSING), MISSING)
        self.assertEqual(self.logged("kind", "key", "asked"), [("miss", "k", "get")])
        self.assertEqual(self.cache, Stats(0, 0, 1))

    def test_failure(self):
        """A lookup that raises is neither, and the exception goes on as it is."""
        error = ValueError("no")
        with self.assertRaises(ValueError) as caught:
            self.cache.lookup("k", raising(error))
        self.assertIs(caught.exception, error)
        self.assertEqual(
            self.logged("kind", "key", "asked", "error"), [("failure", "k", "get", "ValueError: no")]
        )
        self.assertEqual(self.cache, Stats())

    def test_entries_are_not_touched(self):
        """The gate asks the function that it was given, and nobody else."""
        self.cache.cache["k"] = "ours"
        self.assertEqual(self.cache.lookup("k", lambda: "theirs"), "theirs")
        self.assertEqual(self.cache.cache, {"k": "ours"})


class WriteTests(GateCase):
    def test_put(self):
        """A write is a put, with what it returned handed on."""
        self.assertEqual(self.cache.write("k", lambda: "written"), "written")
        self.assertEqual(self.logged("kind", "key", "asked"), [("put", "k", "put")])
        self.assertEqual(self.cache, Stats(1, 0, 0))

    def test_failure(self):
        """A write that raises is no put."""
        with self.assertRaises(KeyError):
            self.cache.write("k", raising(KeyError("k")))
        self.assertEqual(
            self.logged("kind", "key", "asked", "error"), [("failure", "k", "put", "KeyError: 'k'")]
        )
        self.assertEqual(self.cache, Stats())


class PerformTests(GateCase):
    """`perform`, and by `PerformAsyncTests` all the same of what is awaited."""

    def perform(self, *args, **options):
        return self.cache.perform(*args, **options)

    def test_effects(self):
        """What a call came to is told by what it returned: each effect an operation, in order."""
        found = {"a": 1, "c": 3}
        result = self.perform(
            "get",
            ("a", "b", "c"),
            lambda: found,
            lambda result: [("hit" if key in result else "miss", key) for key in "abc"],
            known={"asked": "MGET"},
        )
        self.assertIs(result, found)
        self.assertEqual(
            self.logged("number", "kind", "key", "asked"),
            [(1, "hit", "a", "MGET"), (2, "miss", "b", "MGET"), (3, "hit", "c", "MGET")],
        )
        self.assertEqual(self.cache, Stats(0, 2, 1))

    def test_no_effects(self):
        """A call may come to nothing."""
        self.assertEqual(self.perform("delete", ("a",), lambda: 0, no_effects), 0)
        self.assertEqual(len(self.cache.operations), 0)

    def test_effects_of_other_kinds(self):
        """A call may come to more than it asked for."""
        self.perform("put", ("b",), lambda: None, lambda _: [("put", "b"), ("eviction", "a")])
        self.assertEqual(self.logged("kind", "key", "asked"), [("put", "b", "put"), ("eviction", "a", None)])

    @parameterized.expand([("get",), ("put",), ("delete",), (None,)])
    def test_failure_of_each_key(self, kind):
        """A call that raises is a failure of each key that it was about, and has no effects."""
        with self.assertRaises(OSError):
            self.perform(kind, ("a", "b"), raising(OSError("down")), lambda _: self.fail("no effects"))
        self.assertEqual(
            self.logged("kind", "key", "asked", "error"),
            [("failure", key, kind, "OSError: down") for key in ("a", "b")],
        )
        self.assertEqual(self.cache, Stats())

    def test_failure_without_keys(self):
        """One that was about no key at all is one failure all the same."""
        with self.assertRaises(OSError):
            self.perform("delete", (), raising(OSError("down")), no_effects, known={"asked": "FLUSHDB"})
        self.assertEqual(
            self.logged("kind", "key", "asked", "error"), [("failure", None, "FLUSHDB", "OSError: down")]
        )

    def test_known(self):
        """What else is known is in each operation, those of a failure too."""
        known = {"asked": "SET", "store": "redis://localhost:6379/0"}
        self.perform("put", ("a",), lambda: None, lambda _: [("put", "a")], known=known)
        with self.assertRaises(OSError):
            self.perform("put", ("a",), raising(OSError()), no_effects, known=known)
        self.assertEqual(
            self.logged("asked", "store", "error"), [(*known.values(), None), (*known.values(), "OSError")]
        )
        self.assertEqual(known, {"asked": "SET", "store": "redis://localhost:6379/0"})

    def test_where(self):
        """The line is that of the caller, past the library."""
        self.perform("put", ("a",), lambda: None, lambda _: [("put", "a")])
        with self.assertRaises(OSError):
            self.perform("put", ("a",), raising(OSError()), no_effects)
        self.assertEqual({each.where.filename for each in self.cache.operations}, {__file__})


class PerformAsyncTests(PerformTests):
    def perform(self, kind, keys, do, effects, **options):
        async def do_async():
            await asyncio.sleep(0)
            return do()

        async def main():
            return await self.cache.perform_async(kind, keys, do_async, effects, **options)

        return asyncio.run(main())

    def test_recorded_where_it_is_awaited(self):
        """The line is that of the caller that awaits, and nothing is recorded before."""

        async def do():
            return 1

        def make():
            return self.cache.perform_async("get", ("a",), do, lambda _: [("hit", "a")])

        async def main():
            made = make()
            self.assertEqual(len(self.cache.operations), 0)
            self.assertEqual(await made, 1)

        asyncio.run(main())
        self.assertEqual([each.where.function for each in self.cache.operations], ["main"])

    def test_cancelled(self):
        """A call that was cancelled came to nothing: that is no failure of the cache."""

        async def main():
            started = asyncio.Event()

            async def do():
                started.set()
                await asyncio.Event().wait()

            task = asyncio.ensure_future(self.cache.perform_async("get", ("a",), do, no_effects))
            await started.wait()
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        asyncio.run(main())
        self.assertEqual(len(self.cache.operations), 0)


CALLS = [
    ("lookup", "cache.lookup('k', do, libraries)"),
    ("write", "cache.write('k', do, libraries)"),
    ("perform", "cache.perform(None, ('k',), do, lambda _: [('delete', 'k')], libraries)"),
    ("record", "cache.record('eviction', 'k', libraries)"),
]


class WhereTests(GateCase):
    @parameterized.expand(CALLS)
    def test_past_the_library(self, _, source):
        """A line of the library is not the caller, though it is where the gate was called."""
        call = in_module("some_library.inner", f"def call(cache, do, libraries):\n    {source}")["call"]
        call(self.cache, int, LIBRARIES)
        call(self.cache, int, frozenset())
        self.assertEqual(
            [each.where.function for each in self.cache.operations], ["test_past_the_library", "call"]
        )

    @parameterized.expand(CALLS[:3])
    def test_failure_past_the_library(self, _, source):
        """Nor is it where the call raised."""
        call = in_module("some_library", f"def call(cache, do, libraries):\n    {source}")["call"]
        with self.assertRaises(ZeroDivisionError):
            call(self.cache, lambda: 1 / 0, LIBRARIES)
        (where,) = (each.where for each in self.cache.operations)
        self.assertEqual((where.filename, where.function), (__file__, "test_failure_past_the_library"))


class ErrorTextTests(GateCase):
    @parameterized.expand(
        [
            ("text", ValueError("no"), "ValueError: no"),
            ("no text", ValueError(), "ValueError"),
            ("no text to be had", Unwilling("no"), "Unwilling"),
            ("nested", type("Inner", (Exception,), {"__qualname__": "Outer.Inner"})("no"), "Outer.Inner: no"),
        ]
    )
    def test_text(self, _, error, text):
        """An error is kept as its class and its text, as far as there is one."""
        with self.assertRaises(type(error)):
            self.cache.lookup("k", raising(error))
        self.assertEqual(self.logged("error"), [(text,)])

    @parameterized.expand([(KeyboardInterrupt,), (SystemExit,)])
    def test_interrupt(self, error):
        """An interrupt says nothing about the cache: it is no failure."""
        for call in (
            lambda: self.cache.lookup("k", raising(error)),
            lambda: self.cache.write("k", raising(error)),
            lambda: self.cache.perform("get", ("k",), raising(error), no_effects),
        ):
            with self.assertRaises(error):
                call()
        self.assertEqual(len(self.cache.operations), 0)


if __name__ == "__main__":
    unittest.main()

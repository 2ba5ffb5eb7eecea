"""What is in force acts before each call: it may refuse it, change what it finds, or let it go on."""

import asyncio
import unittest
from concurrent.futures import ThreadPoolExecutor

from parameterized import parameterized

from cachetest import Dropped, Stale, Stats
from cachetest._behaving.carrying import OWN, carry_out
from cachetest._behaving.gate import Call
from cachetest._behaving.injection import Injection, Matching, Strike
from cachetest._recording.locks import make_lock

from .behaviours import InForceCase, Records, loses, put_in_force, refuses


class ActingTests(InForceCase):
    def test_goes_on(self):
        """What lets the call go on changes nothing, and is told what the call is about."""
        seen = Records()
        put_in_force(self.scope, seen)
        self.assertIsNone(self.backend.get("a"))
        self.backend.put("a", 1)
        self.assertEqual(self.backend.get("a"), 1)
        self.cache.delete("a")
        self.cache.perform(
            "get", ("a", "b"), dict, lambda _: [("miss", "a"), ("miss", "b")], known={"asked": "MGET"}
        )
        self.assertEqual(
            seen.calls,
            [
                Call("c", "get", "get", ("a",), self.cache),
                Call("c", "put", "put", ("a",), self.cache),
                Call("c", "get", "get", ("a",), self.cache),
                Call("c", "delete", "delete", ("a",), self.cache),
                Call("c", "get", "MGET", ("a", "b"), self.cache),
            ],
        )
        self.assertEqual(
            self.logged("number", "kind"),
            list(enumerate(["miss", "put", "hit", "delete", "miss", "miss"], 1)),
        )

    @parameterized.expand([("get",), ("put",), ("delete",)])
    def test_refuses(self, asked):
        """What raises in place of a call makes it a failure, and the call is not done."""
        self.cache.cache["a"] = 1
        put_in_force(self.scope, refuses)
        calls = {
            "get": lambda: self.backend.get("a"),
            "put": lambda: self.backend.put("a", 2),
            "delete": lambda: self.cache.delete("a"),
        }
        with self.assertRaisesRegex(OSError, "down"):
            calls[asked]()
        self.assertEqual(self.cache.cache, {"a": 1})
        self.assertEqual(self.cache, Stats())
        self.assertEqual(
            self.logged("kind", "key", "asked", "error"), [("failure", "a", asked, "OSError: down")]
        )
        (where,) = self.logged("where")[0]
        self.assertEqual(where.filename, __file__)

    def test_changes(self):
        """What changes what a call finds decides whether it is a hit."""
        self.backend.put("a", 1)
        put_in_force(self.scope, loses)
        self.assertIsNone(self.backend.get("a"))
        put_in_force(self.scope, lambda call, proceed: "another")
        self.assertEqual(self.backend.get("b"), "another")
        self.assertEqual(self.logged("kind", "key"), [("put", "a"), ("miss", "a"), ("hit", "b")])

    def test_instead_of_a_write(self):
        """A write that is not gone on with counts as what the program met, and leaves no entry."""
        put_in_force(self.scope, lambda call, proceed: None)
        self.backend.put("a", 1)
        self.assertEqual((self.cache.stats, self.cache.cache), (Stats(1, 0, 0), {}))

    def test_effects_are_of_what_came_of_it(self):
        """The effects of a call are told by the result that was put in the place of its own."""
        put_in_force(self.scope, lambda call, proceed: {"b": 2})
        result = self.cache.perform(
            "get",
            ("a", "b"),
            lambda: {"a": 1},
            lambda found: [("hit" if key in found else "miss", key) for key in "ab"],
        )
        self.assertEqual(result, {"b": 2})
        self.assertEqual(self.logged("kind", "key"), [("miss", "a"), ("hit", "b")])

    def test_order(self):
        """The innermost, the last, acts first."""
        order = []
        put_in_force(self.scope, *(Records(name, order) for name in ("outer", "middle", "inner")))
        self.backend.get("a")
        self.assertEqual(
            order,
            ["inner before", "middle before", "outer before", "outer after", "middle after", "inner after"],
        )

    def test_innermost_refuses(self):
        """Where the innermost refuses, the others are not asked."""
        outer = Records()
        put_in_force(self.scope, outer, refuses)
        with self.assertRaises(OSError):
            self.backend.get("a")
        self.assertEqual(outer.calls, [])
        put_in_force(self.scope, refuses, outer)
        with self.assertRaises(OSError):
            self.backend.get("a")
        self.assertEqual(len(outer.calls), 1)

    def test_proceeds_twice(self):
        """A call may be gone on with more than once: it is one operation."""

        def twice(call, proceed):
            proceed()
            return proceed()

        put_in_force(self.scope, twice)
        self.backend.put("a", 1)
        self.assertEqual(self.backend.get("a"), 1)
        self.assertEqual(self.cache, Stats(1, 1, 0))

    def test_async(self):
        """What is awaited is acted on as well, where it is awaited."""
        order = []

        async def do():
            order.append("done")
            return {"a": 1}

        async def changes(call, proceed):
            order.append(call.asked)
            return {**await proceed(), "b": 2}

        async def main():
            return await self.cache.perform_async(
                "get",
                ("a", "b"),
                do,
                lambda found: [("hit" if key in found else "miss", key) for key in "ab"],
                known={"asked": "MGET"},
            )

        # A plain function that hands on what is to be awaited may stand around it.
        put_in_force(self.scope, changes, Records())
        self.assertEqual(asyncio.run(main()), {"a": 1, "b": 2})
        put_in_force(self.scope, refuses)
        with self.assertRaises(OSError):
            asyncio.run(main())
        self.assertEqual(order, ["MGET", "done"])
        self.assertEqual(
            self.logged("kind", "key", "error"),
            [
                ("hit", "a", None),
                ("hit", "b", None),
                ("failure", "a", "OSError: down"),
                ("failure", "b", "OSError: down"),
            ],
        )

    @parameterized.expand([("dropped", Dropped(), "put"), ("stale", Stale(), "get")])
    def test_one_at_a_time(self, _, fault, kind):
        """While a fault has the entries be what they are not, no other on another thread does."""
        self.cache.cache["a"] = 1
        call = Call("c", kind, "SET", ("a",), self.cache)
        injection = Injection((fault,), Matching(), lambda: None)
        injection.keep_entries(self.cache)
        self.cache.cache["a"] = 2
        lock = self.cache.adapter_state("struck", make_lock)

        def try_it():
            found = lock.acquire(blocking=False)
            if found:
                lock.release()
            return found

        def is_free():
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(try_it).result()

        self.assertFalse(carry_out(OWN, Strike(fault, call, injection, ("a",)), is_free))
        self.assertTrue(is_free())
        self.assertEqual(self.cache.cache, {"a": 2})

    def test_what_a_library_did_by_itself(self):
        """An eviction was not asked for, so nothing acts before it."""
        put_in_force(self.scope, refuses)
        self.cache.record("eviction", "a")
        self.assertEqual(self.logged("kind"), [("eviction",)])


if __name__ == "__main__":
    unittest.main()

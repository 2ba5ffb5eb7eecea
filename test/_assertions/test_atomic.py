"""Callers that take turns come to what a serial order comes to, or an order is told that does not."""

import subprocess
import sys
import unittest
import warnings

from parameterized import parameterized

from cachetest import MockBackend
from cachetest.errors import CacheTestWarning

from ..support import ROOT, needs, takes_a_while
from .visits import AtomicCase, Visits


class AtomicTests(AtomicCase):
    def test_lost_update(self):
        """The order with the fewest switches is shown, what is overwritten unread, and how to repeat it."""
        visits = Visits()
        line = r"at \S*visits\.py:\d+ in visit"
        with self.fails(
            "^2 callers of visit\\(\\) at once come to what they never come to one after the other\n"
            "  at once:              'visits' has {'n': 1}; a gets 1, b gets 1\n"
            "  one after the other:  'visits' has {'n': 2}; a gets 1, b gets 2\n"
            "  or:                   'visits' has {'n': 2}; a gets 2, b gets 1\n"
            "the order with the fewest switches, step by step:\n"
            f"  a  miss  'n'  {line}\n  b  miss  'n'  {line}\n  b  put   'n'  {line}\n"
            f"  a  put   'n'  {line}, over what b has put and a has not read\n"
            "4 of 6 orders fail; to run this one alone: order='abba' : told$"
        ):
            self.assertCacheAtomic("visits", visits.visit, msg="told")
        self.assertCacheUnused("visits")
        self.assertTrue(self._session.scope.is_innermost)

    def test_begins_with_the_entries(self):
        """Each order begins with the entries of the test, which stay as they are."""
        visits = Visits()
        visits.cache.put("n", 5)
        with self.fails(r"'visits' has {'n': 6}; a gets 6, b gets 6\n  one after .* {'n': 7}; a gets 6"):
            self.assertCacheAtomic("visits", visits.visit)
        self.assertCached("visits", "n", 5)

    def test_order(self):
        """One order alone is run, and passes or fails by itself."""
        visits = Visits()
        for order in ("aabb", "bbaa", "aa"):
            self.assertCacheAtomic("visits", visits.visit, order=order)
        with self.fails(r"(?s) order='abba', step by step:\n|order='abba', step by step:"):
            self.assertCacheAtomic("visits", visits.visit, order="abba")
        with self.fails(r"order='baab', step by step:\n  b  miss"):
            self.assertCacheAtomic("visits", visits.visit, order="ba")

    @parameterized.expand([("abbab", 5, "b", "nobody"), ("aaa", 3, "a", "b")])
    def test_another_program(self, order, step, who, able):
        """An order in which somebody is to go on who can't is of another program."""
        visits = Visits()
        with self.fails(
            rf"^order='{order}' is not of this program: at step {step}, {who} of visit\(\) is to go on, and "
            rf"{able} can$"
        ):
            self.assertCacheAtomic("visits", visits.visit, order=order)

    def test_locked(self):
        """Who waits for a lock of one that has no turn is no deadlock."""
        self.assertCacheAtomic("visits", Visits().locked)
        self.assertCacheAtomic("visits", Visits().looks_and_locks)
        self.assertCacheAtomic("visits", Visits().locked, callers=3)

    def test_three(self):
        with self.fails("^3 callers of visit.* c gets 1\n(.*\n)*to run this|order='a"):
            self.assertCacheAtomic("visits", Visits().visit, callers=3, most=50)

    def test_deadlock(self):
        """Callers that wait for each other are told, with their lines, and stay where they are."""
        visits = Visits()
        self.addCleanup(lambda: [each.release() for each in visits.others if each.locked()])
        with self.fails(
            r"(?s)^callers of crossed\(\) wait for each other: a deadlock\n"
            r"  a waits at \S*visits\.py:\d+ in crossed\n  b waits at .* in crossed\nstep by step:\n"
            r"  a  miss  'n'  at .*\n  b  miss  'n'  at .*\nto run this one alone: order='ab'$"
        ):
            self.assertCacheAtomic("visits", visits.crossed)

    def test_spinning(self):
        """Who repeats what it has just done waits for another."""
        with self.fails("at once come to what|orders fail"):
            visits = Visits()
            self.assertCacheAtomic("visits", lambda: (visits.spinning(), visits.visit())[1], most=40)

    def test_spins_for_ever(self):
        """Callers that all repeat what they do are told."""
        cache = MockBackend("visits")

        def spins():
            # For ever would be for ever, when the turns are over.
            for _ in range(1000):
                if cache.get("never"):
                    break

        with self.fails(
            r"(?s)^callers of spins\(\) do not come to an end: all that could go on repeat what they do\n.*"
            r"step by step:\n  a  miss  'never'  .*\n     \.\.\. \d+ more\n  .*[^']$"
        ):
            self.assertCacheAtomic("visits", spins)

    @takes_a_while
    def test_load(self):
        """With load=, a write comes between its read and its put: it begins and ends a turn."""
        visits = Visits()
        self.assertCacheAtomic("visits", visits.write_and_read, reset=visits.reset)
        with self.fails(
            r"(?s) at once: +'visits' has {'n': 2}; .* one after the other: +'visits' has {'n': 3}; .*\n"
            r"  a  load .*\n  b  load .*\n  b  put .*\n  a  put   'n'  at .*, over what b has put and a has"
        ):
            self.assertCacheAtomic(
                "visits", visits.write_and_read, load=visits.load, reset=visits.reset, most=80
            )
        with self.fails(r"^write_and_read\(\) is not the same each time"):
            self.assertCacheAtomic("visits", visits.write_and_read)

    @takes_a_while
    def test_turns_of_a_load(self):
        """A caller has a turn as it begins, where a load begins and ends, and at each call: 252 orders."""
        visits = Visits()

        def loading_visit():
            number = visits.cache.get("n") or 0
            visits.load()
            visits.cache.put("n", number + 1)

        with self.fails(r"of 252 orders fail"):
            self.assertCacheAtomic("visits", loading_visit, load=visits.load)

    def test_most(self):
        """That there were more orders is told where none has failed."""
        visits = Visits()
        with self.assertWarnsRegex(
            CacheTestWarning, r"has tried 2 orders, those with the fewest.*give most="
        ):
            self.assertCacheAtomic("visits", visits.looks_and_locks, most=2)
        with self.fails("1 of the first 3 orders fail|of the first 3 orders fail"):
            self.assertCacheAtomic("visits", visits.visit, most=3)


REPLAYED = """
import sys, unittest
from test._assertions.visits import Visits
from cachetest import CacheTestCase
class Case(CacheTestCase):
    def test(self):
        self.assertCacheAtomic("visits", Visits().visit, order="abba")
unittest.main(argv=["replayed"])
"""


class ReplayTests(unittest.TestCase):
    @takes_a_while
    def test_in_another_process(self):
        """The order fails in another process as it has here."""
        done = subprocess.run(
            [sys.executable, "-c", REPLAYED], capture_output=True, text=True, cwd=ROOT, check=False
        )
        self.assertIn("order='abba', step by step:\n  a  miss  'n'", done.stderr)
        self.assertIn("FAILED (failures=1)", done.stderr)


@needs("fakeredis", "'cachetest[redis]'")
class RedisTests(AtomicCase):
    patch_caches = ("redis",)

    def setUp(self):
        import redis

        super().setUp()
        self.client = redis.Redis()
        self.addCleanup(self.client.close)

    def visit(self):
        number = int(self.client.get("n") or 0) + 1
        self.client.set("n", number)
        return number

    def in_transaction(self):
        def count(pipe):
            number = int(pipe.get("n") or 0) + 1
            pipe.multi()
            pipe.set("n", number)
            return number

        return self.client.transaction(count, "n", value_from_callable=True)

    def test_get_and_set(self):
        with self.fails("(?s)4 of 6 orders fail; to run this one alone: order='abba'$"):
            self.assertCacheAtomic("redis", self.visit)

    def test_atomic(self):
        """What the server does at once, and a transaction that is tried again, come to the same."""
        with warnings.catch_warnings():
            warnings.simplefilter("error", CacheTestWarning)
            self.assertCacheAtomic("redis", lambda: self.client.incr("n"))
            self.assertCacheAtomic("redis", self.in_transaction)


if __name__ == "__main__":
    unittest.main()

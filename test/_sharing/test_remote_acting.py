"""Faults, states and the clock of a test, on caches of which a child has entries of its own."""

import unittest
from functools import partial

from parameterized import parameterized

from cachetest import (
    CacheTestCase,
    Damaged,
    Dropped,
    Fails,
    Gone,
    LosesReply,
    MockBackend,
    PatchCaches,
    Slow,
    Stale,
)

from ..support import needs
from .children_support import START_METHODS, failure_of, needs_fork, run_by, run_forked

local = MockBackend("local", shared=False)


def outcome(do):
    try:
        return do()
    except OSError as error:
        return type(error).__name__


def get(key):
    return outcome(lambda: local.get(key))


def put_and_get(key, value):
    return outcome(lambda: local.put(key, value)), outcome(lambda: local.get(key))


def puts(count):
    return [outcome(partial(local.put, n, n)) for n in range(count)]


def put_and_wait(key, seconds):
    local.put(key, 4.0, ttl=60)
    return local.get(key)


@needs_fork
class FaultTests(CacheTestCase):
    patch_caches = ()

    @parameterized.expand(START_METHODS)
    def test_times(self, method):
        """It strikes whichever process comes first, as often as it is to."""
        with self.caches.local.inject(Fails(OSError), on="get", times=2) as injected:
            self.assertEqual(run_by(method, get, "lamp"), "OSError")
            self.assertEqual(get("lamp"), "OSError")
            self.assertIsNone(run_by(method, get, "lamp"))
        self.assertEqual([each.process_name is None for each in injected.struck], [False, True])
        self.assertEqual([each.fault for each in injected.struck], [Fails(OSError)] * 2)
        self.assertEqual([each.kind for each in self.caches.local.operations], ["failure", "failure", "miss"])

    @parameterized.expand(START_METHODS)
    def test_nth(self, method):
        """Calls are counted over all processes."""
        with self.caches.local.inject(Fails(OSError), on="put", nth=(2, 5)) as injected:
            told = [run_by(method, puts, 2), puts(1), run_by(method, puts, 3)]
        self.assertEqual(told, [[None, "OSError"], [None], [None, "OSError", None]])
        self.assertEqual(len(injected.struck), 2)

    @parameterized.expand(
        [
            ("dropped", Dropped(), "put", (None, None), ["put", "miss"]),
            ("loses_reply", LosesReply(OSError), "put", ("OSError", b"1234"), ["failure", "hit"]),
            ("gone", Gone(), "get", (None, None), ["put", "eviction", "miss"]),
            ("damaged", Damaged(), "get", (None, b"12"), ["put", "hit"]),
        ]
    )
    def test_carried_out(self, _, fault, on, told, kinds):
        """It is carried out on the entries of the child, and logged as in one process."""
        with self.caches.local.inject(fault, on=on):
            self.assertEqual(run_forked(put_and_get, "lamp", b"1234"), told)
        self.assertEqual([each.kind for each in self.caches.local.operations], kinds)
        self.assertIsNone(local.get("lamp"))

    def test_slow(self):
        """Its time passes for all processes."""
        with self.caches.local.inject(Slow(90), on="get"):
            run_forked(get, "lamp")
        self.assertEqual(self.caches.clock.offset, 90)

    def test_key(self):
        """It is the key of the call that decides."""
        with self.caches.local.inject(Fails(OSError), on="get", key="lamp"):
            self.assertEqual(run_forked(lambda: (get("chair"), get("lamp"))), (None, "OSError"))

    def test_never_struck(self):
        """Where none of the calls of a child was struck, that is told."""
        with self.assertRaisesRegex(AssertionError, "never"):
            with self.caches.local.inject(Fails(OSError), on="delete"):
                run_forked(put_and_get, "lamp", 1)

    def test_problem(self):
        """What the fault could not do is told at the end of the injection."""
        with self.assertRaisesRegex(TypeError, "is an object, of float, neither bytes nor text"):
            with self.caches.local.inject(Damaged(), on="get"):
                run_forked(put_and_get, "lamp", 4.0)

    def test_stale(self):
        """The entries of a child as they were nobody knows: it is refused."""

        def body(caches):
            local.put("lamp", 1)
            with caches.local.inject(Stale(), on="get", must_strike=False):
                return run_forked(get, "lamp")

        told, failure = failure_of(body)
        self.assertRegex(told, r"^ChildOperationError: a get, while Stale\(\) is to strike it")
        self.assertIn("was refused a get, while Stale() is to strike it", failure)


@needs_fork
class StateTests(CacheTestCase):
    patch_caches = ()

    @parameterized.expand(START_METHODS)
    def test_off(self, method):
        with self.caches.in_state("off"):
            self.assertEqual(run_by(method, put_and_get, "lamp", 4.0), (None, None))
        self.assertEqual(run_by(method, put_and_get, "lamp", 4.0), (None, 4.0))
        self.assertEqual([each.kind for each in self.caches.local.operations], ["put", "miss", "put", "hit"])

    @parameterized.expand(START_METHODS)
    def test_failing(self, method):
        with self.caches.in_state("failing"):
            self.assertEqual(run_by(method, get, "lamp"), "ConnectionError")

    @parameterized.expand(START_METHODS)
    def test_other(self, method):
        """What can't be told to a child is refused."""

        def body(caches):
            with self.assertRaisesRegex(AssertionError, "compared"), caches.local.verifying():
                told.append(run_by(method, get, "lamp"))

        told = []
        _, failure = failure_of(body)
        self.assertRegex(told[0], "^ChildOperationError: a get, while something acts on the cache there")
        self.assertIn("was refused a get", failure)

    def test_clock(self):
        """The entries of a child live as long as the clock of the test says."""
        local.put("lamp", 4.0, ttl=60)
        self.assertEqual(run_forked(get, "lamp"), 4.0)
        self.caches.clock.advance(61)
        self.assertIsNone(run_forked(get, "lamp"))
        self.assertEqual(run_forked(put_and_wait, "chair", 0), 4.0)


@needs_fork
@needs("cachetools", "'cachetest[cachetools]'")
class ClockTests(CacheTestCase):
    def test_moved_before_and_after_the_fork(self):
        """What a library keeps for a time is gone in a child when it is in the test."""
        from cachetools import TTLCache

        from cachetest.adapters import Cachetools

        lru = TTLCache(10, 60)
        with PatchCaches(Cachetools(lru=lru)) as patched:
            lru["lamp"] = 4.0
            self.assertEqual(run_forked(lru.get, "lamp"), 4.0)
            patched.caches.clock.advance(61)
            self.assertIsNone(run_forked(lru.get, "lamp"))
            self.assertIsNone(
                run_forked(
                    lambda: (lru.update(chair=9), patched.caches.clock.advance(61), lru.get("chair"))[2]
                )
            )


if __name__ == "__main__":
    unittest.main()

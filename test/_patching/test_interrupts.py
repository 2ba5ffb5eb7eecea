"""Every step of entering and leaving made to raise, one at a time: afterwards nothing differs from before.

A step is a line of cachetest: a trace function raises there, before the line is run, as a signal handler
would. It counts them first, so that a step that is added later is in the table by itself.

With CACHETEST_EXHAUSTIVE every step is in the table. Without it, a line is in the table once, however often
it runs, and each test takes one in `SAMPLE` of the lines: which ones, its name decides.
"""

import contextvars
import unittest
from unittest import mock

from parameterized import parameterized

from cachetest import CacheTestCase, PatchCaches
from cachetest._caches import scope, thread_hooks
from cachetest._caches.attribution import bind_to_scope, scope_of_caller
from cachetest._caches.cache import _FORGOTTEN
from cachetest._caches.caches import MockCaches
from cachetest._patching import late_patches, shared_installs, switches
from cachetest._recording import uncounted
from cachetest.adapters import memo_readings

from .._caches.test_thread_hooks import hooked
from ..support import EXHAUSTIVE, make_library, run_case
from .steps import FIRST_STEP, Interrupt, Reached, Steps

# One that stayed locked would stop all other threads for ever.
LOCKING = (memo_readings, late_patches, scope, shared_installs, switches, uncounted)


class InterruptCase:
    """The table, for one adapter."""

    maxDiff = None
    enable = ()
    every = bool(EXHAUSTIVE)

    def table(self, counted):
        """Return the numbers of the steps to raise at, of those that were counted."""
        return range(FIRST_STEP, counted.seen + 1) if self.every else counted.sample(self.id())

    def state(self):
        """Return all of the library that must not differ."""
        raise NotImplementedError

    def everything(self):
        """Return what else must not: locks, hooks, marks, and what cachetest keeps of what it has patched."""
        marks = {
            var.name: value
            for var, value in contextvars.copy_context().items()
            # What global_stats shows after exit is meant to stay.
            if var.name.startswith("cachetest") and var.name != "cachetest.last_seen" and value
        }
        held = [module.__name__ for module in LOCKING if module._lock._is_owned()]
        return (
            self.state(),
            held,
            hooked(),
            dict(shared_installs._installs),
            [hook.on for hook in thread_hooks._made],
            dict(switches._layers_everywhere),
            scope._open,
            marks,
        )

    def every_step(self, prepare):
        """For each step of the function that *prepare* returns, run it with that step raising.

        *prepare* may enter first; the second function it returns leaves, if the first has entered.
        """
        late_patches.wait_for_held()
        # Twice, because the first time may do what is done but once, as making a class is.
        for _ in range(2):
            function, leave = prepare()
            counted = Steps()
            counted.run(function)
            leave()
        self.assertGreater(counted.seen, 20)
        reached = Reached()
        for n in self.table(counted):
            before = self.everything()
            function, leave = prepare()
            steps = Steps(n)
            if steps.ended(steps.run, function):
                leave()
            reached.add(steps)
            self.assertEqual(self.everything(), before, steps.where)
        reached.check()

    def test_entering(self):
        """A block whose entering is interrupted leaves nothing."""

        def prepare():
            patch = PatchCaches(self.adapter, enable=self.enable)
            return patch.__enter__, lambda: patch.__exit__(None, None, None)

        self.every_step(prepare)

    def test_leaving(self):
        """A block whose leaving is interrupted leaves nothing."""

        def prepare():
            patch = PatchCaches(self.adapter, enable=self.enable)
            patch.__enter__()
            return lambda: patch.__exit__(None, None, None), lambda: None

        self.every_step(prepare)

    def test_leaving_an_inner_block(self):
        """An inner block whose leaving is interrupted leaves the outer one as it was."""
        with PatchCaches(self.adapter) as outer:
            self.test_leaving()
            self.assertIs(scope_of_caller().caches, outer.caches)

    @parameterized.expand([("interrupt", KeyboardInterrupt), ("exit", SystemExit), ("error", ValueError)])
    def test_test_case(self, _, kind):
        """A test that is interrupted anywhere leaves nothing; unittest lets KeyboardInterrupt through."""

        class Inner(CacheTestCase):
            patch_caches = (self.adapter,)
            enable_caches = self.enable

            def test(self):
                pass

        Raised = type("Raised", (Interrupt, kind), {})
        late_patches.wait_for_held()
        # Twice, as in every_step.
        for _ in range(2):
            counted = Steps()
            counted.run(run_case, Inner("test"))
        reached = Reached()
        for n in self.table(counted):
            before = self.everything()
            steps = Steps(n, Raised)
            try:
                result = steps.run(run_case, Inner("test"))
            except Raised as error:
                where = error
            else:
                found = result.errors + result.failures
                where = [text for _, text in found] + steps.lost
                self.assertEqual(len(where), steps.raised)
            reached.add(steps)
            self.assertEqual(self.everything(), before, where)
        reached.check()


class SwitchInterruptCase(InterruptCase):
    """The table for an adapter with switches."""

    def test_set_up(self):
        """A setUp() that is interrupted leaves nothing."""
        with mock.patch("cachetest._patching.patch_caches.detected_adapters", lambda: [self.adapter]):
            self.every_step(lambda: (PatchCaches.setUp, PatchCaches.tearDown))

    def test_tear_down(self):
        """A tearDown() that is interrupted leaves nothing."""

        def prepare():
            PatchCaches.setUp()
            return PatchCaches.tearDown, lambda: None

        with mock.patch("cachetest._patching.patch_caches.detected_adapters", lambda: [self.adapter]):
            self.every_step(prepare)


class LibraryInterruptTests(SwitchInterruptCase, unittest.TestCase):
    enable = ("library_cache",)

    def setUp(self):
        self.library, self.adapter = make_library()

    def state(self):
        return dict(vars(self.library))

    def test_entering_after_many_puts(self):
        """What a reset no longer remembers is left by no generator: closing one would lose an exception."""
        outside = MockCaches()
        cache = outside.ensure("library_cache")
        for key in range(_FORGOTTEN + 1):
            cache.put(key, 1)
        with mock.patch.multiple(scope, unassigned=outside, _unassigned_by_name=outside.by_name()):
            self.test_entering()


class CarriedInterruptTests(LibraryInterruptTests):
    """The table in a context whose mark was handed to it, as that of a thread that a test has started."""

    def every_step(self, prepare):
        with PatchCaches():
            bind_to_scope(scope_of_caller(), super().every_step)(prepare)


if __name__ == "__main__":
    unittest.main()

"""Every step of entering and leaving made to raise, one at a time: afterwards nothing differs from before.

A step is a line of cachetest: a trace function raises there, before the line is run, as a signal handler
would. It counts them first, so that a step that is added later is in the table by itself.

With CACHETEST_EXHAUSTIVE every step is in the table. Without it, a line is in the table once, however often
it runs, and each test takes one in `SAMPLE` of the lines: which ones, its name decides.
"""

import contextvars
import dis
import functools
import gc
import linecache
import sys
import unittest
import zlib
from pathlib import Path
from unittest import mock

from parameterized import parameterized

import cachetest
from cachetest import CacheTestCase, PatchCaches
from cachetest._caches import scope, thread_hooks
from cachetest._caches.attribution import bind_to_scope, scope_of_caller
from cachetest._caches.cache import _FORGOTTEN
from cachetest._caches.caches import MockCaches
from cachetest._patching import shared_installs, switches
from cachetest._recording import uncounted
from cachetest.adapters import functools as functools_adapter

from .._caches.test_thread_hooks import hooked
from ..support import EXHAUSTIVE, make_library, run_case

PACKAGE = str(Path(cachetest.__file__).parent)


# What is interrupted on the way into the `try` that protects it has not begun: it is as if it had not been
# called, as with every context manager.
FIRST_STEP = 3

# Without CACHETEST_EXHAUSTIVE a test interrupts one line in so many.
SAMPLE = 5

# One that stayed locked would stop all other threads for ever.
LOCKING = (functools_adapter, scope, shared_installs, switches, uncounted)


class Interrupt(BaseException):
    """Not an Exception, as KeyboardInterrupt and SystemExit are none."""


@functools.cache
def no_steps_of(code):
    """Return where CPython runs no signal handler in *code*, though it does call a trace function.

    There are two such places: the offsets after which only a constant is returned, and between the block of a
    with statement and its __exit__, where the line of the statement comes a second time.
    """
    instructions = list(dis.get_instructions(code))
    returns = {
        one.offset
        for one, after in zip(instructions, [*instructions[1:], None], strict=True)
        if one.opname == "RETURN_CONST" or (one.opname == "LOAD_CONST" and after.opname == "RETURN_VALUE")
    }
    lines = {line for *_, line in code.co_lines() if line is not None}
    withs = {n for n in lines if linecache.getline(code.co_filename, n).strip().startswith("with ")}
    return returns, withs


class StepsOfCall:
    """Traces the lines of one call. A closure that returns itself would leave garbage at each call."""

    __slots__ = ("entered", "returns", "steps", "withs")

    def __init__(self, steps, returns, withs, entered):
        self.steps = steps
        self.returns = returns
        self.withs = withs
        self.entered = entered

    def __call__(self, frame, event, arg):
        if event == "line" and frame.f_lasti not in self.returns:
            line = frame.f_lineno
            if line not in self.withs:
                self.steps.step(frame)
            elif line not in self.entered:
                self.entered.add(line)
                self.steps.step(frame)
        return self


class Steps:
    """Runs a function and raises at its n-th line of cachetest, or counts those lines."""

    def __init__(self, raise_at=None, kind=Interrupt):
        self.seen = 0
        self.first = {}
        self.raise_at = raise_at
        self.kind = kind
        self._entered = {}
        self.raised = False

    def _trace(self, frame, event, arg):
        code = frame.f_code
        if not code.co_filename.startswith(PACKAGE):
            return None
        # Looked up once a call, not once a line: a whole table traces some millions of lines.
        returns, withs = no_steps_of(code)
        entered = self._entered.setdefault(frame, set()) if withs else ()
        return StepsOfCall(self, returns, withs, entered)

    def step(self, frame):
        """Count a step, and raise where it is the one."""
        self.seen += 1
        if self.raise_at is None:
            self.first.setdefault((frame.f_code, frame.f_lineno), self.seen)
        elif self.seen == self.raise_at:
            self.raised = True
            raise self.kind(f"{frame.f_code.co_filename}:{frame.f_lineno}")

    def sample(self, test):
        """Return some of the steps that were counted, others for each *test* by its name."""
        once = sorted(n for n in self.first.values() if n >= FIRST_STEP)
        return once[zlib.crc32(test.encode()) % SAMPLE :: SAMPLE]

    def run(self, function, *args):
        found = sys.gettrace()
        # What another test has left behind is not to be finalized in here: an exception would be lost in it.
        gc.disable()
        sys.settrace(self._trace)
        try:
            return function(*args)
        finally:
            sys.settrace(found)
            gc.enable()


class InterruptCase:
    """The table, for one adapter."""

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
        # Twice, because the first time may do what is done but once, as making a class is.
        for _ in range(2):
            function, leave = prepare()
            counted = Steps()
            counted.run(function)
            leave()
        self.assertGreater(counted.seen, 20)
        for n in self.table(counted):
            before = self.everything()
            function, _ = prepare()
            steps = Steps(n)
            with self.assertRaises(Interrupt) as caught:
                steps.run(function)
            self.assertEqual(self.everything(), before, caught.exception)

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
        # Twice, as in every_step.
        for _ in range(2):
            counted = Steps()
            counted.run(run_case, Inner("test"))
        for n in self.table(counted):
            before = self.everything()
            steps = Steps(n, Raised)
            result = None
            try:
                result = steps.run(run_case, Inner("test"))
            except Raised as error:
                where = error
            else:
                ((_, where),) = result.errors + result.failures
            self.assertTrue(steps.raised)
            self.assertEqual(self.everything(), before, where)


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

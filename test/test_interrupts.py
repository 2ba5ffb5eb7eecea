"""Every step of entering and leaving made to raise, one at a time: afterwards nothing differs from before.

A step is a line of cachetest: a trace function raises there, before the line is run, as a signal handler
would. It counts them first, so that a step that is added later is in the table by itself.

With CACHETEST_EXHAUSTIVE every step is in the table. Without it, a line is in the table once, however often
it runs, and each test takes one in `SAMPLE` of the lines: which ones, its name decides.
"""

import ast
import contextvars
import dis
import functools
import gc
import linecache
import pkgutil
import sys
import unittest
import zlib
from pathlib import Path
from unittest import mock

from parameterized import parameterized

import cachetest
from cachetest import CacheTestCase, PatchCaches, handoff, installations, scope, strays, switches
from cachetest.adapters import functools as functools_adapter
from cachetest.adapters import inductor, load
from cachetest.caches import _FORGOTTEN, MockCaches

from .support import EXHAUSTIVE, make_library, needs, needs_torch, run_case
from .test_handoff import hooked

PACKAGE = str(Path(cachetest.__file__).parent)


# What is interrupted on the way into the `try` that protects it has not begun: it is as if it had not been
# called, as with every context manager.
FIRST_STEP = 3

# Without CACHETEST_EXHAUSTIVE a test interrupts one line in so many.
SAMPLE = 5

# One that stayed locked would stop all other threads for ever.
LOCKING = (functools_adapter, installations, scope, strays, switches)


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
            if var.name.startswith("cachetest") and var.name != "cachetest.shown" and value
        }
        held = [module.__name__ for module in LOCKING if module._lock._is_owned()]
        return (
            self.state(),
            held,
            hooked(),
            dict(installations._installations),
            [hook.on for hook in handoff._made],
            dict(switches._everywhere),
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
            self.assertIs(scope.owner().caches, outer.caches)

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
        with mock.patch("cachetest.patching.ready_adapters", lambda: [self.adapter]):
            self.every_step(lambda: (PatchCaches.setUp, PatchCaches.tearDown))

    def test_tear_down(self):
        """A tearDown() that is interrupted leaves nothing."""

        def prepare():
            PatchCaches.setUp()
            return PatchCaches.tearDown, lambda: None

        with mock.patch("cachetest.patching.ready_adapters", lambda: [self.adapter]):
            self.every_step(prepare)


def inlined(node):
    """Yield the lines of the comprehensions in *node* that run in the same frame as it."""
    if isinstance(
        node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.GeneratorExp
    ):
        return
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
        yield node.lineno
    for child in ast.iter_child_nodes(node):
        yield from inlined(child)


class LockTests(unittest.TestCase):
    def test_no_comprehension_where_a_lock_is_held(self):
        """From CPython 3.12 on an interrupt in the loop of one may leave the lock held for ever."""
        blocks = 0
        for path in sorted(Path(PACKAGE).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.With) and "lock" in ast.unparse(node.items[0]):
                    blocks += 1
                    lines = [line for each in node.body for line in inlined(each)]
                    self.assertEqual(lines, [], path)
        self.assertGreater(blocks, 20)


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
        with mock.patch.multiple(scope, _adrift=outside, _adrift_by_name=outside.by_name()):
            self.test_entering()


class CarriedInterruptTests(LibraryInterruptTests):
    """The table in a context whose mark was handed to it, as that of a thread that a test has started."""

    def every_step(self, prepare):
        with PatchCaches():
            scope.carry(scope.owner(), super().every_step)(prepare)


@needs_torch
class InductorInterruptTests(SwitchInterruptCase, unittest.TestCase):
    enable = ("fx_graph_remote_cache", "enable_remote_autograd_cache")
    # CI sets CACHETEST_EXHAUSTIVE in an environment without torch.
    every = True

    def setUp(self):
        from cachetest.adapters import inductor_keys

        self.adapter = load("inductor")
        self.hooked = [value for each in inductor_keys._HOOKS for value in inductor_keys._swap(each)]

    def state(self):
        return (
            [dict(vars(owner)) for _, owner in inductor._cache_classes(False)],
            [vars(place).get(name) for place, name, _ in self.hooked],
            list(sys.meta_path),
            {switch.name: switch.save() for switch in self.adapter.switches},
        )


class SubjectInterruptCase(InterruptCase):
    """The table for an adapter, on the subject of its contract."""

    contract = ""

    def setUp(self):
        suite = pkgutil.resolve_name(f"test.adapters.{self.contract}")("test_cold")
        self.addCleanup(suite.doCleanups)
        self.subject = suite.make_subject()
        self.adapter = self.subject.adapter
        # What a program holds from before, and has to have back.
        self.held = [self.subject.open(name) for name in self.subject.caches]

    def state(self):
        return self.subject.state()


@needs("cachetools", "cachetools")
class CachetoolsInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "test_cachetools_contract:CachetoolsContract"


@needs("dogpile", "dogpile.cache")
class DogpileInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "test_dogpile_contract:DogpileContract"


class FunctoolsInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "test_functools:FunctoolsContract"


@needs("pymemcache", "pymemcache")
class PymemcacheInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "test_pymemcache_contract:PymemcacheContract"


@needs("fakeredis", "cachetest[redis]")
class RedisInterruptTests(SubjectInterruptCase, unittest.TestCase):
    contract = "test_redis_contract:RedisContract"


if __name__ == "__main__":
    unittest.main()

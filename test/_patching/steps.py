"""The steps of entering and leaving: counted, and made to raise, one at a time."""

import dis
import functools
import gc
import linecache
import sys
import zlib
from pathlib import Path

import cachetest

__all__ = ["FIRST_STEP", "SAMPLE", "Interrupt", "Reached", "Steps"]

PACKAGE = str(Path(cachetest.__file__).parent)

# What is interrupted on the way into the `try` that protects it has not begun: it is as if it had not been
# called, as with every context manager.
FIRST_STEP = 3

# Without CACHETEST_EXHAUSTIVE a test interrupts one line in so many.
SAMPLE = 24


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


def _results(function, args):
    """Yield what *function* returns.

    An exception that is raised on the last line of an `except` clause, where CPython runs no signal handler
    either, leaves the clause's own behind as the one that is handled. A generator has a place for that which
    is its own, so that this thread's later exceptions have no context of another test's.
    """
    yield function(*args)


class Reached:
    """How many of the steps of a table were there to raise at."""

    def __init__(self):
        self.tried = []

    def add(self, steps):
        self.tried.append(steps.raised)

    def check(self):
        assert sum(self.tried) > 0.8 * len(self.tried), (
            f"{sum(self.tried)} steps of {len(self.tried)} were reached"
        )


class Steps:
    """Runs a function and raises at its n-th line of cachetest, or counts those lines."""

    def __init__(self, raise_at=None, kind=Interrupt):
        self.seen = 0
        self.first = {}
        self.raise_at = raise_at
        self.kind = kind
        self._entered = {}
        self.raised = False
        self.lost = []
        self.where = None

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
        # One that is raised in a callback of a weak reference is lost as well, whatever we do.
        tell = sys.unraisablehook
        sys.unraisablehook = self._keep_or(tell)
        sys.settrace(self._trace)
        try:
            return next(_results(function, args))
        finally:
            sys.settrace(found)
            sys.unraisablehook = tell
            # A frame keeps all that it knew.
            self._entered.clear()
            gc.enable()

    def ended(self, call, *args):
        """Return whether *call*, which runs something, came to its end: it was not interrupted.

        It may have fewer steps than were counted: some loops go round once for each thread, and one that
        another test has left may have ended since. `Reached` sees to it that most are there.
        """
        try:
            call(*args)
        except Interrupt as error:
            self.where = str(error)
            return False
        assert self.lost or not self.raised, "the interrupt was swallowed"
        self.where = self.lost or f"{self.seen} steps"
        return True

    def _keep_or(self, tell):
        def keep(lost):
            if isinstance(lost.exc_value, Interrupt):
                self.lost.append(str(lost.exc_value))
            else:
                tell(lost)

        return keep

"""``python -m cachetest``: unittest's runner, with what the tests did to their caches."""

from __future__ import annotations

import argparse
import os
import sys
import unittest
from typing import TYPE_CHECKING, Any

from .._behaving.states import states_of
from .files import validate_report, write_reports
from .in_states import States
from .record import totals
from .recorder import Recorder
from .unittest_results import Telling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["run"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

_GUARD, _SNAPSHOTS = "CACHETEST_GUARD", "CACHETEST_SNAPSHOTS"
_MODES = ("once", "none", "update")
_WORDS = {"puts": "put", "hits": "hit", "misses": "miss", "refusals": "refusal"}


class _Result(Telling, unittest.TextTestResult):
    """A result that tells a recorder what came of each test, and shows on a terminal how far the run is."""

    def __init__(
        self,
        stream: Any,
        descriptions: bool,
        verbosity: int,
        *,
        recorder: Recorder,
        states: States | None = None,
        **more: Any,
    ) -> None:
        super().__init__(stream, descriptions, verbosity, **more)
        self.recorder = recorder
        self._count: int | None = None
        self._states = states
        self._seen = 0
        self._totals = dict.fromkeys(_WORDS, 0)
        if self.dots and getattr(stream, "isatty", bool)():
            self.dots = False
            self._count = 0

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        if self._states is not None:
            self._states.begin(test)

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        if self._states is not None:
            self._states.end(test, self.outcome, [*self.failures, *self.errors])
        if self._count is not None:
            self._count += 1
            self._show(self._count)

    def _show(self, count: int) -> None:
        """Write over the line that tells how far the run is."""
        new = self.recorder.tests[self._seen :]
        self._seen += len(new)
        for test in new:
            for word in _WORDS:
                self._totals[word] += test.total(word)
        bad = len(self.failures) + len(self.errors)
        failed = f", {bad} failed" if bad else ""
        tests = "1 test" if count == 1 else f"{count:,} tests"
        self.stream.write(f"\r\x1b[K{tests}{failed}; {_written(self._totals)}")
        self.stream.flush()

    def printErrors(self) -> None:
        if self._count is not None:
            self.stream.writeln()
        super().printErrors()


class _Runner(unittest.TextTestRunner):
    recorder: Recorder
    states: States | None

    def _makeResult(self) -> _Result:
        more: dict[str, Any] = {"durations": self.durations} if hasattr(self, "durations") else {}
        return _Result(
            self.stream, self.descriptions, self.verbosity, recorder=self.recorder, states=self.states, **more
        )


class _Program(unittest.TestProgram):
    """unittest's program; when its tests have run, or were interrupted, the reports are written."""

    test: Any
    recorder: Recorder
    paths: Sequence[str]
    states: States | None

    def createTests(self, *args: Any, **kwargs: Any) -> None:
        super().createTests(*args, **kwargs)
        if self.states is not None:
            self.test = self.states.expanded(self.test)

    def runTests(self) -> None:
        self.testRunner = type("Runner", (_Runner,), {"recorder": self.recorder, "states": self.states})
        try:
            with self.recorder:
                super().runTests()
        finally:
            if self.recorder.tests:
                print(_line(self.recorder), file=sys.stderr)
            if self.states is not None:
                for line in self.states.lines():
                    print(line, file=sys.stderr)
            write_reports(self.paths, self.recorder)
            for path in self.paths:
                if path != "github":
                    print(f"cachetest: report in {path}", file=sys.stderr)


def _word(word: str, count: int) -> str:
    return f"{count:,} {word if count != 1 else _WORDS[word]}"


def _written(found: Mapping[str, int]) -> str:
    return ", ".join(_word(word, count) for word, count in found.items() if count or word != "refusals")


def _line(recorder: Recorder) -> str:
    tests = sum(bool(test.packed) for test in recorder.tests)
    caches = len(totals(recorder.tests))
    used = (
        f"{tests:,} {'test' if tests == 1 else 'tests'} used {caches} {'cache' if caches == 1 else 'caches'}"
    )
    counts = {word: sum(test.total(word) for test in recorder.tests) for word in _WORDS}
    return f"cachetest: {used}: {_written(counts)}"


def _report(path: str) -> str:
    try:
        return validate_report(path)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _states(text: str) -> tuple[str, ...]:
    try:
        return states_of(tuple(text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _own_arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cachetest", add_help=False, allow_abbrev=False)
    parser.add_argument(
        "--report",
        type=_report,
        action="append",
        default=[],
        metavar="FILE",
        help="write what the tests did to their caches, as .txt, .json or .html, or github for a summary of "
        "the job; may be given several times",
    )
    parser.add_argument(
        "--guard", action="store_true", help="refuse what reaches a real cache outside of tests"
    )
    parser.add_argument(
        "--snapshots", choices=_MODES, help="what is done with snapshots, as CACHETEST_SNAPSHOTS"
    )
    parser.add_argument(
        "--states",
        type=_states,
        default=(),
        metavar="STATES",
        help="run each test of a CacheTestCase in these states, such as cold,warm,off, and tell which end "
        "otherwise",
    )
    parser.add_argument(
        "--store",
        action="append",
        default=[],
        metavar="CACHE",
        help="with --states, a cache that is never off, as what it has is kept nowhere else; may be given "
        "several times",
    )
    return parser


def run(arguments: Sequence[str]) -> int:
    """Run tests as ``python -m unittest`` does with *arguments*, and return its exit code.

    The options of cachetest are taken out of them first: ``--report``, ``--guard``, ``--snapshots``,
    ``--states`` and ``--store``.
    """
    parser = _own_arguments()
    own, rest = parser.parse_known_args(arguments)
    if "-h" in rest or "--help" in rest:
        print(parser.format_help())
    if own.store and not own.states:
        parser.error("--store is for --states")
    # In the environment, so that child processes go by it too.
    if own.snapshots:
        os.environ[_SNAPSHOTS] = own.snapshots
    if own.guard and os.environ.get(_GUARD) != "1":
        # Loaded here: few ask for it.
        from .._patching.guard import start_from_environment

        os.environ[_GUARD] = "1"
        start_from_environment()
    recorder = Recorder()
    states = States(own.states, own.store, recorder) if own.states else None
    program = type("Program", (_Program,), {"recorder": recorder, "paths": own.report, "states": states})
    try:
        program(module=None, argv=["python -m cachetest", *rest])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0

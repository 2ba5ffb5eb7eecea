"""The outcome of each test that unittest runs, for a report: of the runner here, and of unittest's own."""

from __future__ import annotations

import os
import sys
import time
import unittest
from typing import TYPE_CHECKING, Any

from .files import GITHUB, validate_report, write_reports
from .recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["VARIABLE", "Telling", "report_runs"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True

VARIABLE = "CACHETEST_REPORT"
"""The variable of the environment that names the files for a report, separated as those of ``PATH`` are."""


class Telling(unittest.TestResult):
    """Tells a recorder what came of each test; to be listed in front of a class of results."""

    recorder: Recorder
    outcome = ""
    _began = 0.0

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.outcome = "interrupted"
        self._began = time.perf_counter()

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        # Another test has no caches, and what it patches by itself has a record of its own.
        if hasattr(test, "assertCacheStats"):
            self.recorder.add_outcome(test.id(), self.outcome, round(time.perf_counter() - self._began, 6))

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.outcome = "passed"

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self.outcome = "error"

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self.outcome = "failed"

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self.outcome = "skipped"

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addExpectedFailure(test, err)
        self.outcome = "expected failure"

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        self.outcome = "unexpected success"

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.outcome = "failed" if issubclass(err[0], test.failureException) else "error"


def report_runs(paths: Sequence[str]) -> None:
    """Have each run of unittest's own runner, and of those made of it, write a report to *paths*.

    Raises ``ValueError`` where that can't be done.
    """
    places = [path if path == GITHUB else os.path.abspath(path) for path in paths]
    for place in places:
        validate_report(place)
    runner: Any = unittest.TextTestRunner
    found: Callable[..., Any] = runner.run
    is_running = False

    def run(self: Any, test: Any) -> Any:
        nonlocal is_running
        # A test may run others by a runner of its own: they are a part of it.
        if is_running:
            return found(self, test)
        is_running = True
        recorder, make = Recorder(), self._makeResult

        def make_result() -> Any:
            result = make()
            # The class of a result may be any: what it does, it goes on to do.
            result.__class__ = type(type(result).__name__, (Telling, type(result)), {})
            result.recorder = recorder
            return result

        self._makeResult = make_result
        try:
            with recorder:
                return found(self, test)
        finally:
            is_running = False
            del self._makeResult
            write_reports(places, recorder)
            for path, place in zip(paths, places, strict=True):
                if place != GITHUB:
                    print(f"cachetest: report in {path}", file=sys.stderr)

    run.__doc__ = found.__doc__
    runner.run = run


def start_from_environment() -> None:
    """Have the runs of this process reported, as the environment says; a child process writes none."""
    value = os.environ.pop(VARIABLE)
    try:
        report_runs([path for path in value.split(os.pathsep) if path])
    except ValueError as error:
        raise ValueError(f"{VARIABLE} in the environment: {error}") from None

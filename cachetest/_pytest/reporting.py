"""The report of a run, as ``--cachetest-report`` asks for: of this process, or of all workers together."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from .._reports.files import GITHUB, merge, validate_report, write_reports
from .._reports.record import Report
from .._reports.recorder import Recorder
from .summary import REPORTING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Reporting", "label_of"]


class Reporting:
    """A plugin that keeps what a report needs, and writes it to *paths* where the run ends."""

    def __init__(self, paths: Sequence[str]) -> None:
        for path in paths:
            try:
                validate_report(path)
            except ValueError as error:
                raise pytest.UsageError(f"--cachetest-report: {error}") from None
        self._paths = paths
        # A test may leave another working directory behind.
        self._places = [each if each == GITHUB else os.path.abspath(each) for each in paths]
        self._recorder = Recorder()
        self._workers: list[Report] = []
        self._outcomes: dict[pytest.Item, tuple[str, float]] = {}
        self._told: list[str] = []
        # The test that runs.
        self._item: pytest.Item | None = None

    def begin(self, config: pytest.Config) -> None:
        """Begin to keep what ends from now on."""
        config.stash[REPORTING] = self
        config.pluginmanager.register(self, "cachetest-reporting")
        self._recorder.start()
        config.add_cleanup(self._recorder.stop)

    def add(self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """Take what came of one phase of *item*, a test that has caches."""
        outcome, seconds = self._outcomes.pop(item, ("passed", 0.0))
        seconds += call.duration
        outcome = _outcome(call, report) if outcome == "passed" else outcome
        if call.when == "teardown":
            self._recorder.add_outcome(label_of(item), outcome, seconds)
        else:
            self._outcomes[item] = outcome, seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._item = item

    def pytest_runtest_logfinish(self) -> None:
        self._item = None

    def _add_interrupted(self) -> None:
        """Say of the test that never came to its end that it was interrupted; by now it was torn down."""
        if self._item is not None and self._recorder.has(label_of(self._item)):
            self._recorder.add_outcome(label_of(self._item), "interrupted", None)

    def as_bytes(self) -> bytes:
        """Return all that was kept, for another process."""
        self._recorder.stop()
        return pickle.dumps(self._recorder.tests)

    def take(self, found: bytes) -> None:
        """Take what a worker has kept, as its `as_bytes` gives it."""
        self._workers.append(Report(pickle.loads(found)))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        # A worker that has crashed has none.
        if not hasattr(node, "workeroutput"):
            self._told.append(
                f"cachetest: {node.gateway.id} has ended early: what its tests did is not in the report"
            )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput") or session.config.option.collectonly:
            return
        self._add_interrupted()
        self._recorder.stop()
        try:
            write_reports(self._places, merge([self._recorder, *self._workers]))
        except (OSError, ValueError) as error:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR
            self._told.append(f"cachetest: the report can't be written: {error}")
        else:
            self._told += [f"cachetest: report in {path}" for path in self._paths if path != GITHUB]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self._told:
            terminalreporter.line(line)


def label_of(item: Any) -> str:
    """Return the label that the scope of *item* has: that of a test case is its ``id()``."""
    cls: Any = getattr(item, "cls", None)
    if hasattr(cls, "assertCacheStats"):
        return f"{cls.__module__}.{cls.__qualname__}.{item.name}"
    return str(item.nodeid)


def _outcome(call: pytest.CallInfo[None], report: pytest.TestReport) -> str:
    """Return what came of a phase, by the words that unittest has for it."""
    if hasattr(report, "wasxfail"):
        return "expected failure" if report.skipped else "unexpected success"
    if report.failed:
        kinds = (AssertionError, pytest.fail.Exception)
        error = None if call.excinfo is None else call.excinfo.value
        # The first is of a mark that is strict, the second how pytest tells of one of unittest.
        if error is None or (isinstance(error, kinds[1]) and str(error).startswith("Unexpected success")):
            return "unexpected success"
        return "failed" if call.when == "call" and isinstance(error, kinds) else "error"
    return report.outcome

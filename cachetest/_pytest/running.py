"""What is done beside the tests that have caches: a section of a failure, and the summary of the run."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from .._assertions import unused_snapshots
from .._assertions.snapshot_files import file_beside
from .._reports.text import write_report
from .items import names_of
from .summary import REPORTING, Totals, used

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from .._caches.caches import MockCaches

__all__ = ["CACHES", "Running", "merge_worker", "watch"]

CACHES = pytest.StashKey["MockCaches"]()
"""The caches of an item, until its report is made."""

_RUNNING = pytest.StashKey["Running"]()
_TITLE = "operations of caches"


def watch(config: pytest.Config) -> Running:
    """Return what watches the run of *config*, begun now if it was not."""
    found = config.stash.get(_RUNNING, None)
    if found is None:
        found = config.stash[_RUNNING] = Running(config)
        config.pluginmanager.register(found, "cachetest-running")
    return found


def merge_worker(config: pytest.Config, found: dict[str, Any]) -> None:
    """Take what a worker has *found*."""
    watch(config).totals.merge(found["totals"])
    reporting = config.stash.get(REPORTING, None)
    if reporting is not None and found["records"] is not None:
        reporting.take(found["records"])


class Running:
    """A plugin that watches the tests of a run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.totals = Totals()
        # The tests that have passed, by the files that their snapshots would have.
        self._items: dict[Path, pytest.Item] = {}
        self._passed: set[pytest.Item] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        caches = _caches_of(item)
        reporting = self.config.stash.get(REPORTING, None)
        if caches is not None and call.excinfo is not None:
            # As pytest does of a test case: what is shown is the line of the test.
            item._traceback_filter = partial(_without_ours, item)  # type: ignore[method-assign]
        report = yield
        if reporting is not None and (caches is not None or _may_have_caches(item)):
            reporting.add(item, call, report)
        if caches is None:
            return report
        if report.failed:
            text = _operations(caches)
            if text:
                report.sections.append((_TITLE, text))
        if call.when == "call" and report.passed:
            self._passed.add(item)
        if call.when == "teardown":
            self.totals.add(caches)
            del item.stash[CACHES]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._items = {
            file_beside(item.path, names_of(item)).path: item
            for item in getattr(session, "items", ())
            if hasattr(item, "fixturenames")
        }
        unused_snapshots.known_by.append(self._is_unused)
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            reporting = self.config.stash.get(REPORTING, None)
            records = None if reporting is None else reporting.as_bytes()
            output["cachetest"] = {"totals": self.totals.as_json(), "records": records}

    def pytest_unconfigure(self) -> None:
        if self._is_unused in unused_snapshots.known_by:
            unused_snapshots.known_by.remove(self._is_unused)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.totals.tests:
            return
        if self.config.get_verbosity() > 0:
            terminalreporter.section("caches")
            for line in self.totals.table():
                terminalreporter.line(line)
        if self.config.get_verbosity() >= 0:
            terminalreporter.line(self.totals.line())

    def _is_unused(self, path: Path) -> bool | None:
        """Return whether no function has the snapshot at *path*; None where it may be that of a test case."""
        plain, _, number = path.stem.rpartition("-")
        names = [path.name, f"{plain}.txt"] if number.isdecimal() else [path.name]
        items = [self._items[each] for name in names if (each := path.with_name(name)) in self._items]
        return all(item in self._passed for item in items) if items else None


def _caches_of(item: Any) -> MockCaches | None:
    """Return the caches of *item*, which a test case has until it is torn down."""
    found: MockCaches | None = item.stash.get(CACHES, None)
    if found is None:
        # Asked for by its property, one would be made for a test that was skipped; before pytest 8.2 there
        # was another name.
        case = getattr(item, "_instance", None) or getattr(item, "_testcase", None)
        if hasattr(case, "assertCacheStats"):
            scope = vars(case).get("_own_scope")
            if scope is not None:
                found = item.stash[CACHES] = scope.caches
    return found


def _may_have_caches(item: Any) -> bool:
    """Return whether *item* would have had caches, had its scope been opened."""
    return "caches" in getattr(item, "fixturenames", ()) or hasattr(
        getattr(item, "cls", None), "assertCacheStats"
    )


def _without_ours(item: Any, excinfo: Any) -> Any:
    found = type(item)._traceback_filter(item, excinfo)
    if item.config.getoption("fulltrace", False):
        return found
    return found.filter(lambda entry: "__unittest" not in entry.frame.f_globals) or found


def _operations(caches: MockCaches) -> str:
    if not caches:
        return ""
    if not used(caches):
        return f"no operation on {', '.join(map(repr, caches))}"
    file = io.StringIO()
    write_report(used(caches), file, entries=False, footnotes=caches._notes())
    return file.getvalue()

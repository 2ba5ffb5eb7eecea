"""A plugin for pytest: writes the results of a suite, and runs it in a scope of the adapters."""

from __future__ import annotations

import contextlib
import os
import re
from typing import Any

import pytest
from suite_objects import BY_OBJECT, Objects
from suite_results import LeftOut, Results, adapters, open_scope

_results = Results()
_left_out = LeftOut()
_scopes: list[Any] = []
_objects: list[Objects] = []
_outcomes: dict[str, tuple[str, str]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    # Before a conftest.py asks the server for its version.
    _scopes.append(open_scope())
    _objects.extend(Objects(name) for name in adapters() if name in BY_OBJECT)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    while _scopes:
        scope = _scopes.pop()
        if scope is not None:
            scope.__exit__(None, None, None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    part = os.environ["CACHETEST_SUITE_PART"]
    is_of_part = re.compile(rf"\[(?:.*-)?{part}[-\]]" if part else "")
    items[:] = [item for item in items if item.nodeid not in _left_out and is_of_part.search(item.nodeid)]


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed and report.nodeid not in _left_out:
        _results.end(report.nodeid, "failed", str(report.longrepr))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    # Around its set-up and what follows it, too.
    with contextlib.ExitStack() as stack:
        for each in _objects:
            stack.enter_context(each.of_test())
        result = yield
        try:
            stack.close()
        except Exception as error:
            _results.end(item.nodeid, "failed", f"as the scope of the test was left: {error}")
    return result


def pytest_runtest_logstart(nodeid: str) -> None:
    _results.start(nodeid)
    _outcomes[nodeid] = "passed", ""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # The reports of subtests come beside that of their test, whose outcome they decide.
    if report.failed:
        _outcomes[report.nodeid] = "failed", report.longreprtext
    elif report.skipped and report.when != "teardown" and type(report) is pytest.TestReport:
        _outcomes[report.nodeid] = "skipped", ""


def pytest_runtest_logfinish(nodeid: str) -> None:
    _results.end(nodeid, *_outcomes.pop(nodeid))

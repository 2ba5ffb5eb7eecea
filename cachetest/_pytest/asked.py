"""What the options of the command line and the ini file ask for."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from .._assertions import snapshot_files
from .._behaving.states import states_of
from .given import validate_ini

if TYPE_CHECKING:
    from .._patching.guard import guard

__all__ = ["take_options"]


def take_options(config: pytest.Config) -> None:
    """Begin what the options of *config* ask for; raises ``UsageError`` for what can't be."""
    option = config.option
    validate_ini(config)
    if option.cachetest_states:
        from .lasting import NAMES
        from .states import States

        try:
            states = states_of(tuple(option.cachetest_states.split(",")))
        except ValueError as error:
            raise pytest.UsageError(f"--cachetest-states: {error}") from None
        config.pluginmanager.register(States(states, ("caches", *NAMES)), "cachetest-states")
    _take_snapshots(config)
    if option.cachetest_report:
        # Loaded here: it is slow to load, and few runs have a report.
        from .reporting import Reporting
        from .running import watch

        Reporting(option.cachetest_report).begin(config)
        watch(config)
    if option.cachetest_guard or config.getini("cachetest_guard"):
        from .._patching.guard import guard

        started = guard().start()
        config.add_cleanup(started.stop)
        config.pluginmanager.register(_Guarding(started), "cachetest-guard")


def _take_snapshots(config: pytest.Config) -> None:
    name = snapshot_files.VARIABLE
    before = os.environ.get(name)
    given = config.option.cachetest_snapshots
    mode = given or (before or config.getini("cachetest_snapshots"))
    if not mode:
        return
    os.environ[name] = mode

    def put_back() -> None:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before

    config.add_cleanup(put_back)
    try:
        snapshot_files.mode()
    except ValueError as error:
        what = "--cachetest-snapshots" if given else "the ini option cachetest_snapshots"
        raise pytest.UsageError(f"{what}: {error}") from None


class _Guarding:
    """A plugin that tells what the guard has refused: a library may have ignored the errors."""

    def __init__(self, started: guard) -> None:
        self._started = started
        self._by_workers: list[str] = []

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["cachetest_refused"] = json.dumps(list(self._started.refused))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._by_workers += json.loads(getattr(node, "workeroutput", {}).get("cachetest_refused", "[]"))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        refused = [*self._started.refused, *self._by_workers]
        if refused:
            first, *others = refused
            more = f", and {len(others)} more" if others else ""
            terminalreporter.line(f"cachetest: the guard refused: {first}{more}")

"""What came of each test of a suite, written to a file as it comes; imported in the process of the suite.

This folder alone is on the path of that process, for the suite may have a package ``test`` of its own.
"""

from __future__ import annotations

import json
import os
from typing import Any, TextIO

from suite_objects import BY_OBJECT

__all__ = ["LeftOut", "Results", "adapters", "open_scope"]


class Results:
    """The file of the results: one line of JSON as a test starts, and one as it ends."""

    def __init__(self) -> None:
        # Buffered by line: the process may be ended at any time. It is open as long as the process lives.
        path = os.environ["CACHETEST_SUITE_RESULTS"]
        self._file: TextIO = open(path, "a", buffering=1, encoding="utf-8")  # noqa: SIM115

    def start(self, test: str) -> None:
        self._write(test, "started", "")

    def end(self, test: str, outcome: str, text: str = "") -> None:
        """Write the *outcome*: passed, skipped or failed, and why, the last lines of which are kept."""
        self._write(test, outcome, text[-3000:])

    def _write(self, test: str, outcome: str, text: str) -> None:
        self._file.write(json.dumps([test, outcome, text]) + "\n")


class LeftOut:
    """The tests that an earlier process has run or has hung in, and those that are not asked for."""

    def __init__(self) -> None:
        with open(os.environ["CACHETEST_SUITE_RESULTS"], encoding="utf-8") as lines:
            self._run = {json.loads(line)[0] for line in lines}
        self._only = None
        if path := os.environ["CACHETEST_SUITE_ONLY"]:
            with open(path, encoding="utf-8") as file:
                self._only = frozenset(json.load(file))

    def __contains__(self, test: object) -> bool:
        return test in self._run or (self._only is not None and test not in self._only)


def adapters() -> list[str]:
    """Return the names of the adapters that are to be tried; none where the real stores are."""
    return [name for name in os.environ["CACHETEST_SUITE_ADAPTERS"].split(",") if name]


def open_scope() -> Any:
    """Open one scope of the adapters, for the whole run, as a server would run; or None.

    What is patched object by object is left out.
    """
    names = [name for name in adapters() if name not in BY_OBJECT]
    if not names:
        return None
    from cachetest import PatchCaches

    scope = PatchCaches(*names)
    scope.__enter__()
    return scope

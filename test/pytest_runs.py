"""Runs of pytest with the plugin, as the tests of it have them: few, since each is a process."""

from __future__ import annotations

import tempfile
import unittest
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from .support import is_there
from .warm import run_runner

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

__all__ = ["COMMON", "FIXED", "LOADED", "PytestCase", "run_pytest"]

COMMON = """
import pytest
from cachetest import CacheTestCase, MockBackend, PatchCaches, Stats, global_stats
from cachetest._caches.scope import open_scopes
prices = MockBackend("prices")
rates = MockBackend("rates")
"""
"""What most files of tests begin with."""

# Where the package under test is not the one that is installed, pytest has to be told of the plugin.
_KNOWN = any(each.name == "cachetest" for each in entry_points(group="pytest11"))
LOADED = () if _KNOWN else ("-p", "cachetest.pytest_plugin")
FIXED = ("-p", "no:randomly")


def run_pytest(
    folder: str | Path, *options: str, files: Mapping[str, str] | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run pytest in *folder*, into which *files* are written before, by their names."""
    for name, text in (files or {}).items():
        path = Path(folder, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    variables = {"CI": "", "CACHETEST_SNAPSHOTS": "", "COLUMNS": "100", "PYTEST_ADDOPTS": "", **environment}
    # With other plugins, what is printed would depend on what else is installed.
    plain = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-W", "ignore::DeprecationWarning")
    return run_runner("-m", "pytest", *LOADED, *plain, *options, cwd=folder, **variables)


@unittest.skipUnless(is_there("pytest"), "needs pytest")
class PytestCase(unittest.TestCase):
    """The base of tests that run pytest in a folder of their own."""

    def setUp(self) -> None:
        super().setUp()
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name)

    def run_pytest(
        self, *options: str, files: Mapping[str, str] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run pytest in the folder of the test."""
        return run_pytest(self.folder, *options, files=files, **environment)

    def check_passes(self, done: subprocess.CompletedProcess[str], count: int) -> None:
        """Fail unless *count* tests have passed, and nothing else came of the run."""
        self.assertRegex(done.stdout, rf"(?m)^(=+ )?{count} passed(?!.*(error|warning|failed))", done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout)

"""Runs of whole programs: test files in a folder of their own, run by a Python of their own."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import TYPE_CHECKING

from ..support import run_python

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ProgramCase"]


class ProgramCase(unittest.TestCase):
    """A case whose tests run programs in a folder of their own."""

    def setUp(self) -> None:
        super().setUp()
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.folder = Path(made.name)

    def run_in_folder(self, *arguments: str, files: Mapping[str, str], **environment: str) -> str:
        """Return what a Python prints that is run in the folder, into which *files* are written before."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        done = run_python(*arguments, cwd=self.folder, **environment)
        return f"{done.stdout}{done.stderr}"

    def check_unittest(self, count: int, files: Mapping[str, str], **environment: str) -> None:
        """Fail unless *count* tests of *files* pass."""
        printed = self.run_in_folder("-m", "unittest", files=files, **environment)
        self.assertRegex(printed, rf"Ran {count} tests? in \S+\n\nOK\n$", printed)

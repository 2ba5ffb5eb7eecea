"""What the documents show, taken out of them and run."""

from __future__ import annotations

import functools
import unittest
import warnings
from typing import TYPE_CHECKING

from docutils.core import publish_doctree
from docutils.nodes import literal_block

from .support import run_case

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["blocks", "check_block"]


@functools.cache
def blocks(path: Path, language: str) -> list[str]:
    """Return the code blocks in *language* of a document, which has to be free of errors, in their order."""
    settings = {"report_level": 2, "halt_level": 2}
    tree = publish_doctree(path.read_text(encoding="utf-8"), settings_overrides=settings)
    return [block.astext() for block in tree.findall(literal_block) if language in block["classes"]]


def check_block(case: unittest.TestCase, block: str, path: Path) -> None:
    """Run *block* of the document *path* as a module, and the tests that it defines."""
    names: dict[str, object] = {"__name__": "document"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        exec(compile(block, str(path), "exec"), names)
        classes = [
            each
            for each in names.values()
            if isinstance(each, type)
            and issubclass(each, unittest.TestCase)
            and each.__module__ == "document"
        ]
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        result = run_case(unittest.TestSuite(map(load, classes)))
    case.assertTrue(result.wasSuccessful(), result.failures + result.errors)
    if "def test_" in block:
        case.assertGreater(result.testsRun, 0)

"""`contract_table`: which cases each adapter passes, as a table for a documentation page."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base import ContractBase

__all__ = ["contract_table"]


def contract_table(*suites: type[ContractBase]) -> str:
    """Run the cases of *suites*, and return a table of the adapters and the cases, in reStructuredText.

    A cell is ``pass``, ``FAIL`` or ``skip``, or the number of the reason for an exception, below the table.
    """
    cases = list(dict.fromkeys(name for suite in suites for name in suite.cases()))
    columns: dict[str, list[str]] = {"case": cases}
    reasons: list[str] = []
    for suite in suites:
        title = suite.__name__.removesuffix("Contract")
        columns[title] = [_outcome(suite, name, title, reasons) for name in cases]
    widths = [max(map(len, (title, *cells))) for title, cells in columns.items()]
    rows = [tuple(columns), *zip(*columns.values(), strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    rule = "  ".join("=" * width for width in widths)
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule, "", *notes]).rstrip() + "\n"


def _outcome(suite: Any, name: str, title: str, reasons: list[str]) -> str:
    result = unittest.TestResult()
    suite(f"test_{name}").run(result)
    if not result.wasSuccessful():
        return "FAIL"
    if name in suite.exceptions:
        reasons.append(f"{title}, {name}: {suite.exceptions[name]}")
        return f"({len(reasons)})"
    return "skip" if result.skipped else "pass"

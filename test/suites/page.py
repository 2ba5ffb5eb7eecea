"""The table as a page of the documentation."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ..support import ROOT
from .catalogue import SUITES
from .reasons import KINDS, REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .table import Found

__all__ = ["PAGE", "page_of"]

PAGE = ROOT / "docs" / "fidelity.rst"
_WRAPPER = textwrap.TextWrapper(
    width=110, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
)

_HEAD = """\
How close to the real stores
============================

The libraries have tests of their own. They are run twice: on a real Redis or memcached, and through the
adapter of cachetest, with no server. This page lists each test that passes on the real store and does not
pass through the adapter, with the reason. Tests that don't pass on the real store here are left out: they
need a cluster, a sentinel, certificates, or a module of the server.

{suites}

"""

_TAIL = """\
How it is checked
-----------------

``python -m test.suites`` in a checkout downloads the source distributions of the libraries that are
installed, runs their tests both ways, and compares them test by test. Each test has a limit of time. It is an
error if a test differs that is not on this page. ``--quick`` runs the suites that CI runs for every
change, and ``--write`` writes this page anew.
"""


def page_of(table: Mapping[str, Found]) -> str:
    """Return the text of the page for *table*."""
    names = [name for name in SUITES if name in table]
    rows = [(name, table[name].release, *map(str, _counts(table[name]))) for name in names]
    head = ("Tests", "Release", "Pass on the real store", "Differ", "Of them stubs")
    sections = [_section(name, table[name]) for name in names if table[name].differences]
    return "\n".join([_HEAD.format(suites=_list_table(head, rows)), *sections, _TAIL])


def _counts(found: Found) -> tuple[int, int, int]:
    kinds = [REASONS[name].kind if name else "" for name in found.differences.values()]
    return found.real, len(kinds), kinds.count("stub")


def _section(suite: str, found: Found) -> str:
    """Return the part of the page about *suite*."""
    by_reason: dict[str, list[str]] = {}
    for test, name in found.differences.items():
        by_reason.setdefault(name, []).append(test)
    lines = [suite, "-" * len(suite), ""]
    # What nobody has looked into comes first, then by kind.
    kinds = ["", *KINDS]
    ordered = sorted(by_reason, key=lambda name: (kinds.index(REASONS[name].kind) if name else 0, name))
    for name in ordered:
        why = f"{REASONS[name].why} ({REASONS[name].kind})" if name else "Not looked into yet."
        tests = _names(by_reason[name])
        count = len(by_reason[name])
        shown = ", ".join(f"``{each}``" for each in tests)
        text = f"* {why} {count} test{'s' * (count > 1)}: {shown}."
        lines += _WRAPPER.wrap(text)
    return "\n".join([*lines, ""])


def _names(tests: Iterable[str]) -> list[str]:
    """Return the names of the functions of *tests*, each once, without the parameters."""
    return sorted({test.partition("[")[0].rpartition("::")[2].rpartition(".")[2] for test in tests})


def _list_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (head, *rows):
        markers = ["* -", *["  -"] * (len(row) - 1)]
        lines += [f"   {marker} {cell}" for marker, cell in zip(markers, row, strict=True)]
    return "\n".join(lines)

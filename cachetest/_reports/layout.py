"""Version 2 of the layout of a report as JSON: see ``docs/report-json.rst``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

from .record import environment, totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .record import CacheSummary, Recorded, TestRecord

__all__ = ["VERSION", "summary_as_data", "test_text", "write_json"]

VERSION = 2
"""The version of the layout: raised when something is taken away, or its meaning changes."""


def summary_as_data(found: CacheSummary) -> dict[str, Any]:
    """Return counts and seconds of a cache as data."""
    return {**found.counts, "seconds": found.seconds}


def _short(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def test_text(test: TestRecord) -> str:
    """Return the JSON text of *test*, on one line."""
    return "".join(_test_texts(test))


def _test_texts(test: TestRecord) -> Iterator[str]:
    head = {name: getattr(test, name) for name in ("label", "kind", "outcome", "seconds", "cost")}
    yield _short(head)[:-1] + ","
    yield test.text()[1:-1] + ',"blocks":['
    for n, block in enumerate(test.blocks):
        yield "," if n else ""
        yield from _test_texts(block)
    yield "]}"


def write_json(record: Recorded, file: TextIO) -> None:
    """Write *record* to *file*, a test on a line: never more than one of them is in memory as text."""
    file.write(f'{{"version": {VERSION},\n"environment": {_short(environment())},\n')
    found = {name: summary_as_data(each) for name, each in totals(record.tests).items()}
    file.write(f'"totals": {_short(found)},\n"tests": [')
    for n, test in enumerate(record.tests):
        file.write(",\n" if n else "\n")
        for text in _test_texts(test):
            file.write(text)
    file.write("\n]}\n")

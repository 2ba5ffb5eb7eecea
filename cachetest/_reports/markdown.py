"""The report of a run as Markdown, for the summary that GitHub Actions shows of a job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TextIO

from .plain import printable
from .plain_text import by_cost, seconds_text
from .record import totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .record import Recorded, TestRecord

__all__ = ["write_markdown"]

_SHOWN_TESTS = 20
_SHOWN_MISSES = 10
_WORDS = ("puts", "hits", "misses", "refusals", "failures")
# What Markdown, or the HTML in it, would take for its own.
_MARKS = re.compile(r"[^\w\s.,/]|_")


def _text(text: str) -> str:
    # As entities, which are text everywhere: in a cell, in a heading, and inside of HTML.
    return _MARKS.sub(lambda found: f"&#{ord(found[0])};", printable(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def write_markdown(record: Recorded, file: TextIO) -> None:
    """Write *record* to *file*: totals by cache, the tests that cost most, and why they missed."""
    tests = list(record.tests)
    heads: Sequence[str] = ("cache", *_WORDS, "spent on misses")
    rows = [
        [_text(name), *(f"{each.counts.get(word, 0):,}" for word in _WORDS), seconds_text(each.seconds)]
        for name, each in totals(tests).items()
    ]
    print("## Caches\n", file=file)
    _table(heads, rows, file)
    missed = [each for each in by_cost(tests) if each.total("misses") or each.total("refusals")]
    if missed:
        print("\n### Tests by what their misses cost\n", file=file)
        heads = ("test", "outcome", "hits", "misses", "spent on misses")
        _table(heads, [_test_row(each) for each in missed[:_SHOWN_TESTS]], file)
        if len(missed) > _SHOWN_TESTS:
            print(f"\n{len(missed) - _SHOWN_TESTS:,} more tests have missed.", file=file)
        for each in missed[:_SHOWN_TESTS]:
            _write_why(each, file)


def _test_row(test: TestRecord) -> list[str]:
    counts = [f"{test.total(word):,}" for word in ("hits", "misses")]
    return [_text(test.label), _text(test.outcome or "-"), *counts, seconds_text(test.whole_cost())]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], file: TextIO) -> None:
    if not rows:
        print("No cache was used.", file=file)
        return
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}", file=file)
    for row in rows:
        print(f"| {' | '.join(row)} |", file=file)


def _write_why(test: TestRecord, file: TextIO) -> None:
    caches = test.details()["caches"].items()
    told = [
        (name, found["keys"], found["operations"], each)
        for name, found in caches
        for each in found["explanations"]
    ]
    if not told:
        return
    print(f"\n<details><summary>{_code(test.label)}</summary>\n", file=file)
    for name, keys, rows, each in told[:_SHOWN_MISSES]:
        row = next(row for row in rows if row["number"] == each["operation"])
        lines = [
            f"{name}, operation {each['operation']}, {keys[row['key']]['text']}",
            *each["text"].splitlines(),
        ]
        print(f"* {'<br>'.join(map(_code, lines))}", file=file)
    if len(told) > _SHOWN_MISSES:
        print(f"* {len(told) - _SHOWN_MISSES:,} more", file=file)
    print("\n</details>", file=file)

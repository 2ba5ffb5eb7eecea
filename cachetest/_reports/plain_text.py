"""The report of a run as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from .plain import printable
from .record import totals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .record import CacheSummary, Recorded, TestRecord

__all__ = ["counts_line", "by_cost", "seconds_text", "write_text"]

_SHOWN_OPERATIONS = 30
_SHOWN_EXPLANATIONS = 10
_ALWAYS = ("puts", "hits", "misses")


def counts_line(found: CacheSummary) -> str:
    """Return the counts of a cache in words: puts, hits and misses, and the others that there are."""
    words = [f"{word}: {n:,}" for word, n in found.counts.items() if n or word in _ALWAYS]
    return ", ".join(words) + (f" ({seconds_text(found.seconds)} for its misses)" if found.seconds else "")


def seconds_text(seconds: float | None) -> str:
    """Return *seconds* with a unit, as precisely as they matter."""
    if not seconds:
        return "-"
    if seconds >= 1:
        return f"{seconds:,.1f} s"
    return f"{seconds * 1000:.3g} ms" if seconds >= 0.001 else f"{seconds * 1e6:.0f} µs"


def by_cost(tests: list[TestRecord]) -> list[TestRecord]:
    """Return *tests*, first those whose misses took longest to make up for, then those with most."""
    return sorted(tests, key=lambda each: (-(each.whole_cost() or 0.0), -each.total("misses"), each.label))


def write_text(record: Recorded, file: TextIO) -> None:
    """Write *record* to *file*: totals by cache, then each test with its operations."""
    tests = list(record.tests)
    print(f"cachetest: {len(tests):,} {'test' if len(tests) == 1 else 'tests'}", file=file)
    for name, each in totals(tests).items():
        print(f"  {printable(name)}: {counts_line(each)}", file=file)
    for test in by_cost(tests):
        print(file=file)
        for line in _test_lines(test):
            print(line, file=file)


def _test_lines(test: TestRecord) -> Iterator[str]:
    outcome = f" {test.outcome}" if test.outcome else ""
    took = f" in {seconds_text(test.seconds)}" if test.seconds else ""
    yield f"{printable(test.label)}:{printable(outcome)}{took}"
    details = test.details()
    for name, found in details["caches"].items():
        yield f"  {printable(name)}: {counts_line(test.caches[name])}"
        for word, why in found["unknown"].items():
            yield f"    {word} can't be known: {printable(why)}"
        for line in _operation_lines(found, details):
            yield f"    {line}"
    for block in test.blocks:
        for line in _test_lines(block):
            yield f"  {line}"


def _operation_lines(found: dict[str, Any], details: dict[str, Any]) -> Iterator[str]:
    newest = found["operations"][-_SHOWN_OPERATIONS:]
    earlier = len(found["operations"]) - len(newest) + found["operations_not_kept"]
    if earlier:
        yield f"... {earlier:,} earlier operations"
    for row in newest:
        key = found["keys"][row["key"]]
        store = f"  in {key['store']}" if "store" in key else ""
        took = f", {seconds_text(row['seconds'])} until its put" if "seconds" in row else ""
        struck = f", struck by {row['fault']}" if "fault" in row else ""
        error = f": {row['error']}" if "error" in row else ""
        yield printable(
            f"{row['number']}. {row['kind']:<4}  {key['text']}{store}  at {details['places'][row['where']]}, "
            f"by {details['threads'][row['thread']]}{took}{struck}{error}"
        )
    for each in found["explanations"][-_SHOWN_EXPLANATIONS:]:
        first, *more = each["text"].splitlines() or [""]
        yield printable(f"about operation {each['operation']}: {first}")
        yield from (f"  {printable(line)}" for line in more)

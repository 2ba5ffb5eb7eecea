"""The report of a run as one HTML file, which needs no network."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from .._recording.operation import KINDS
from .plain import printable
from .plain_text import by_cost, seconds_text
from .record import environment, totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .record import Recorded, TestRecord

__all__ = ["write_html"]

# A page that is longer opens slowly. What it can't have room for is in the report as JSON.
_MOST_DATA = 8_000_000
_MOST_OPERATIONS = 10_000
_COUNTS = ("hits", "misses", "puts", "refusals")
_OF_A_CACHE = (*_COUNTS, "deletes", "evictions", "expirations", "failures")
_HEADS = ("test", "outcome", "time", "spent on misses", *_COUNTS)


def _text(text: str) -> str:
    return escape(printable(text))


def write_html(record: Recorded, file: TextIO) -> None:
    """Write *record* to *file*: totals by cache, tests by cost, and the operations of each on a click."""
    folder = Path(__file__).parent
    style, script = ((folder / f"page.{ending}").read_text(encoding="utf-8") for ending in ("css", "js"))
    # Nothing else is run, and nothing is asked for, whatever is in the names and the keys.
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"
    file.write(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Caches in the tests</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
    tests = by_cost(list(record.tests))
    file.write(f"<h1>Caches in {len(tests):,} {'test' if len(tests) == 1 else 'tests'}</h1>\n")
    file.write(
        f'<p class="faint">{_text(", ".join(f"{name} {is_}" for name, is_ in environment().items()))}</p>\n'
    )
    for text in _totals(tests):
        file.write(text)
    file.write(
        "<h2>Tests</h2>\n<noscript><p>Operations are shown with JavaScript only.</p></noscript>\n"
        '<div id="tools" hidden><label for="search">Search keys and tests (press /)</label>'
        '<input id="search" type="search" autocomplete="off" spellcheck="false">'
        '<p id="count" class="faint" role="status"></p></div>\n<table id="tests">\n<thead><tr>'
    )
    for head in _HEADS:
        sorted_by = ' aria-sort="descending"' if head == "spent on misses" else ""
        file.write(f'<th scope="col"{sorted_by}><button type="button">{head}</button></th>')
    file.write("</tr></thead>\n")
    for n, test in enumerate(tests):
        file.write(_row(n, test))
    file.write("</table>\n")
    left = _MOST_DATA
    for n, test in enumerate(tests):
        text = _fitting(test, left)
        left -= len(text)
        file.write(f'<script type="application/json" id="d{n}">{text}</script>\n')
    file.write(f"<script>{script}</script>\n</body>\n</html>\n")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _totals(tests: Sequence[TestRecord]) -> Iterator[str]:
    found = totals(tests)
    if not found:
        yield "<p>No cache was used.</p>\n"
        return
    words = [
        word
        for word in _OF_A_CACHE
        if word in _COUNTS[:3] or any(each.counts.get(word) for each in found.values())
    ]
    heads = "".join(f'<th scope="col">{word}</th>' for word in ("cache", *words, "spent on misses"))
    yield f'<h2>Caches</h2>\n<table id="caches">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n'
    for name, each in found.items():
        cells = [(word, f"{each.counts.get(word, 0):,}") for word in words]
        cells.append(("spent on misses", seconds_text(each.seconds)))
        told = "".join(f'<td data-of="{word}">{value}</td>' for word, value in cells)
        yield f"<tr><td>{_text(name)}</td>{told}</tr>\n"
    yield "</tbody>\n</table>\n"


def _row(n: int, test: TestRecord) -> str:
    outcome = test.outcome or ""
    name = f'<button type="button" class="open" aria-expanded="false">{_text(test.label)}</button>'
    cells = [f'<td data-value="{_text(test.label)}">{name}</td>']
    bad = ' class="failed"' if outcome in ("failed", "error") else ""
    cells.append(f'<td data-value="{_text(outcome)}"{bad}>{_text(outcome)}</td>')
    for head, seconds in (("time", test.seconds), ("spent on misses", test.whole_cost())):
        cells.append(f'<td data-of="{head}" data-value="{seconds or 0}">{seconds_text(seconds)}</td>')
    counts = ((word, test.total(word)) for word in _COUNTS)
    cells += [f'<td data-of="{word}" data-value="{count}">{count:,}</td>' for word, count in counts]
    return f'<tbody id="t{n}"><tr>{"".join(cells)}</tr></tbody>\n'


def _fitting(test: TestRecord, room: int) -> str:
    """Return the data of *test* in at most about *room* characters: with its newest operations, or none."""
    most = _MOST_OPERATIONS
    while True:
        # A script ends at the first </script, also in the middle of a text.
        text = json.dumps(_data(test, most), separators=(",", ":")).replace("<", "\\u003c")
        if len(text) <= room or not most:
            return text
        most = most // 4 if most > 100 else 0


def _data(test: TestRecord, most: int, label: str = "") -> dict[str, Any]:
    found = test.details()
    lanes: dict[tuple[int, int], int] = {}
    keys: list[list[Any]] = []
    rows: list[tuple[int, list[Any]]] = []
    why: dict[int, str] = {}
    for place, cache in enumerate(found["caches"].values()):
        newest = cache["operations"][-most:] if most else []
        places: dict[int, int] = {}
        for row in newest:
            if row["key"] not in places:
                places[row["key"]] = len(keys)
                key = cache["keys"][row["key"]]
                keys.append(
                    [place, printable(key["text"]), *([printable(key["store"])] if "store" in key else [])]
                )
            lane = lanes.setdefault((row["process"], row["thread"]), len(lanes))
            rows.append((row["number"], _operation(row, places[row["key"]], lane)))
        numbers = {row["number"] for row in newest}
        for each in cache["explanations"]:
            if each["operation"] in numbers:
                why[each["operation"]] = "\n".join(map(printable, each["text"].splitlines()))
    rows.sort(key=lambda each: each[0])
    rows = rows[-most:] if most else []
    total = sum(len(each["operations"]) + each["operations_not_kept"] for each in found["caches"].values())
    processes = found.get("processes", ())
    names = [
        f"{printable(found['threads'][thread])}"
        + (f", process {processes[process]}" if len(processes) > 1 else "")
        for process, thread in lanes
    ]
    return {
        "label": label,
        "left": f"{total - len(rows):,} earlier operations are not on this page" if total > len(rows) else "",
        "lanes": names,
        "places": list(map(printable, found.get("places", ()))),
        "caches": list(map(printable, found["caches"])),
        "keys": keys,
        "ops": [row for _, row in rows],
        "why": why,
        "blocks": [_data(each, most, printable(each.label)) for each in test.blocks],
    }


def _operation(row: dict[str, Any], key: int, lane: int) -> list[Any]:
    more = []
    if "error" in row:
        more.append(printable(row["error"]))
    if "fault" in row:
        more.append(f"struck by {printable(row['fault'])}")
    if "origin" in row:
        origin = row["origin"]
        more.append(
            f"put by operation {origin}" if isinstance(origin, int) else f"put by: {printable(origin)}"
        )
    found = [
        row["number"],
        KINDS.index(row["kind"]),
        key,
        lane,
        row["where"],
        row.get("at", 0),
        row.get("seconds", 0),
    ]
    return [*found, more] if more else found

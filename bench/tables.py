"""The table of what was measured, as text and as reStructuredText."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyperf

__all__ = ["Line", "as_rst", "as_text", "lines_of", "surroundings"]

_UNITS = {
    "second": ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "byte": ((1e6, "MB"), (1e3, "kB"), (1, "B")),
}


class Line(NamedTuple):
    """One line of the table, every cell as it is shown."""

    what: str
    ours: str
    original: str
    limit: str
    ratio: str
    budget: str


_HEAD = Line(*Line._fields)


def lines_of(suite: pyperf.BenchmarkSuite) -> list[Line]:
    """Return the lines of *suite*, in the order that they were measured in."""
    medians: dict[str, dict[str, float]] = {}
    facts: dict[str, dict[str, Any]] = {}
    for benchmark in suite:
        metadata = benchmark.get_metadata()
        medians.setdefault(metadata["row"], {})[metadata["column"]] = benchmark.median()
        facts[metadata["row"]] = metadata
    return [_line(row, medians, facts[row]) for row in medians]


def _line(row: str, medians: dict[str, dict[str, float]], facts: dict[str, Any]) -> Line:
    found, unit = medians[row], facts["unit"]
    ours, against, budget = found.get("ours"), facts.get("against"), facts.get("budget")
    ratio = None
    if against is not None and ours is not None:
        # A column of this row, or ours of another.
        base = found.get(against) or medians.get(against, {}).get("ours")
        ratio = ours / base if base else None
    held = ours if against is None else ratio
    verdict = "" if budget is None or held is None else ", met" if held <= budget else ", missed"
    most = "" if budget is None else _quantity(budget, unit) if against is None else f"{budget:g}"
    return Line(
        row,
        ours=_quantity(ours, unit),
        original=_quantity(found.get("original"), unit),
        limit=_quantity(found.get("limit"), unit),
        ratio="" if ratio is None else f"{ratio:.2f} x {against}",
        budget=most + verdict,
    )


def _quantity(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    scales = _UNITS[unit]
    scale, symbol = next((each for each in scales if abs(value) >= each[0]), scales[-1])
    # Not as 1e+03, which three digits are for the largest unit.
    return f"{value / scale:.3g} {symbol}" if abs(value) < 999 * scale else f"{value / scale:,.0f} {symbol}"


def _rows(lines: Sequence[Line]) -> tuple[list[int], list[str]]:
    """Return the width of each column, and the head and *lines* in columns as wide as that."""
    widths = [max(map(len, cells)) for cells in zip(_HEAD, *lines, strict=True)]
    return widths, [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (_HEAD, *lines)
    ]


def as_text(lines: Sequence[Line]) -> str:
    """Return *lines* for a terminal."""
    widths, (head, *rows) = _rows(lines)
    return "\n".join([head, "  ".join("-" * width for width in widths), *rows])


def as_rst(lines: Sequence[Line]) -> str:
    """Return *lines* as a table of reStructuredText, after a line of what it was measured with."""
    widths, (head, *rows) = _rows(lines)
    rule = "  ".join("=" * width for width in widths)
    return "\n".join([f"{surroundings()}.", "", rule, head, rule, *rows, rule])


def surroundings() -> str:
    """Return the machine, the Python and the libraries of this process."""
    names = ("cachetest", "torch", "Django", "django-perf-rec", "fakeredis", "redis", "pyperf")
    libraries = [f"{name} {number}" for name in names if (number := _version(name))]
    return ", ".join(
        [_machine(), f"{platform.python_implementation()} {platform.python_version()}", *libraries]
    )


def _version(name: str) -> str | None:
    if name == "cachetest":
        import cachetest

        return cachetest.__version__
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _machine() -> str:
    # platform.processor() has no name for it on Linux.
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{platform.system()}, {os.cpu_count()} CPUs, {processor}"

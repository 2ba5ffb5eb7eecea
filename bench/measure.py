"""Measure the rows of a table in pyperf's workers: ours beside the original and the limit.

A script gives its rows to `main`. That starts workers, one after the other, and each of them measures every
column of every row. A value is a sum over some rounds, and what is compared takes turns, round by round: a
machine that changes its pace changes it for all of them. (pyperf's own manager takes a worker for each
benchmark, so that it imports torch a hundred times, and measures each from beginning to end.) Options
are those of `pyperf.Runner`; ``--quick`` measures next to nothing, once, to show that the script works.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyperf
import tables

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Cell = tuple["Row", str]

__all__ = ["QUICK", "QUICK_OPTION", "ROOT", "Row", "main"]

ROOT = Path(__file__).resolve().parent.parent

# What is measured is this checkout, whatever is installed.
sys.path.insert(0, str(ROOT))

QUICK_OPTION = "--quick"
QUICK = QUICK_OPTION in sys.argv

_QUICK_LOOPS = 4


@dataclass(frozen=True)
class Row:
    """One line of the table.

    ``columns`` has for each of ``"ours"``, ``"original"`` and ``"limit"`` that there is a function that is
    told how many times to do the work, and returns the seconds, or the bytes, of all of them. ``loops`` is
    how many times that is for one value, which is measured in so many ``rounds``; a row that is done ``once``
    takes long, and has one value in each worker. The ratio is that of ours to the column, or to ours in the
    other row, that ``against`` names.
    ``budget`` is the most that it may be, or without ``against`` the most that ours may be. ``needs`` says
    which modules a column is not measured without.
    """

    what: str
    columns: Mapping[str, Callable[[int], float]]
    loops: int = 1
    rounds: int = 10
    once: bool = False
    unit: str = "second"
    against: str | None = "original"
    budget: float | None = None
    needs: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"original": ("torch",)})

    def missing(self, column: str) -> list[str]:
        """Return the modules that *column* needs and that are not there."""
        return [module for module in self.needs.get(column, ()) if not _findable(module)]

    def metadata(self, column: str) -> dict[str, str | float]:
        """Return what the table has to know of a benchmark."""
        found: dict[str, str | float] = {"row": self.what, "column": column, "unit": self.unit}
        if self.against is not None:
            found["against"] = self.against
        if self.budget is not None and not QUICK:
            found["budget"] = self.budget
        return found


def _findable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # not even the package that it is in
        return False


def main(rows: Sequence[Row]) -> None:
    """Measure *rows* and print their table; in a worker, measure them once for it."""
    # One loop is what a row says it is: a worker can't calibrate, since it measures many.
    runner = pyperf.Runner(processes=5, values=3, loops=1)
    runner.argparser.add_argument(QUICK_OPTION, action="store_true", help="Show that it works, time nothing")
    args = runner.parse_args()
    if args.worker:
        _work(runner, rows)
        return
    for row in rows:
        for column in row.columns:
            if missing := row.missing(column):
                print(f"skipped: {row.what}, {column}: needs {', '.join(missing)}", file=sys.stderr)
    suite = _run_workers(args)
    if args.output:
        suite.dump(args.output)
    print(tables.as_text(tables.lines_of(suite)))


def _run_workers(args: Namespace) -> pyperf.BenchmarkSuite:
    processes, values, warmups = (1, 1, 0) if QUICK else (args.processes, args.values, args.warmups)
    command = [sys.executable, *sys.argv[:1], "--worker", f"--values={values}", f"--warmups={warmups}"]
    command += [f"--loops={args.loops}", *([QUICK_OPTION] if QUICK else [])]
    if affinity := args.affinity or _one_cpu():
        command.append(f"--affinity={affinity}")
    suites = []
    with tempfile.TemporaryDirectory() as folder:
        for n in range(processes):
            output = Path(folder, f"{n}.json")
            done = subprocess.run(
                [*command, f"--output={output}"], stdout=subprocess.PIPE, text=True, check=False
            )
            if done.returncode:
                sys.exit(f"{done.stdout}\n{Path(sys.argv[0]).name}: a worker failed ({done.returncode})")
            suites.append(pyperf.BenchmarkSuite.load(str(output)))
    first, *others = suites
    for suite in others:
        first.add_runs(suite)
    return first


def _one_cpu() -> str | None:
    """Return the CPU that workers run on, None for any."""
    if not hasattr(os, "sched_setaffinity") or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None  # without a GIL, threads on one CPU would not be what is asked about
    # The last one that we may use: system work tends to be on the first.
    return str(max(os.sched_getaffinity(0)))


def _work(runner: pyperf.Runner, rows: Sequence[Row]) -> None:
    groups = [
        [(row, column) for row in group for column in row.columns if not row.missing(column)]
        for group in _compared(rows)
    ]
    # All that is imported on the way is there before anything is measured, so that garbage collection finds
    # the same heap in each column.
    for cells in groups:
        for row, column in cells:
            if not row.once:
                row.columns[column](1)
    asked = vars(runner.args).copy()
    for cells in groups:
        values = _in_turns(
            [(row, column) for row, column in cells if not row.once],
            asked["loops"],
            asked["warmups"] + asked["values"],
        )
        for row, column in cells:
            if row.once:
                measure = row.columns[column]
                options = {"loops": 1, "values": 1, "warmups": 0}
            else:
                measure = partial(_next, iter(values[row.what, column]))
                options = {"loops": _loops(row, asked["loops"])}
            vars(runner.args).update({**asked, **options})
            runner.bench_time_func(f"{row.what}: {column}", measure, metadata=row.metadata(column))


def _compared(rows: Sequence[Row]) -> list[list[Row]]:
    """Return *rows* in groups, each with what its ratios are made of."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        first = row.against if row.against in groups else row.what
        groups.setdefault(str(first), []).append(row)
    return list(groups.values())


def _loops(row: Row, times: int) -> int:
    return min(row.loops, _QUICK_LOOPS) if QUICK else row.loops * times


def _in_turns(cells: Sequence[Cell], times: int, values: int) -> dict[tuple[str, str], list[float]]:
    """Return so many *values* of each of *cells*."""
    found: dict[tuple[str, str], list[float]] = {(row.what, column): [] for row, column in cells}
    for _ in range(values):
        sums = dict.fromkeys(found, 0.0)
        for turn in range(max((row.rounds for row, _ in cells), default=0)):
            for row, column in cells:
                if loops := _share(_loops(row, times), row.rounds, turn):
                    sums[row.what, column] += row.columns[column](loops)
        for cell, total in sums.items():
            found[cell].append(total)
    return found


def _share(loops: int, rounds: int, turn: int) -> int:
    """Return how many of *loops* are done in the round *turn*, from 0, of so many *rounds*."""
    return 0 if turn >= rounds else loops * (turn + 1) // rounds - loops * turn // rounds


def _next(values: Iterator[float], _: int) -> float:
    return next(values)

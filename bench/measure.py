"""Measure the rows of a table in pyperf's workers: ours beside the original and the limit.

A script gives its rows to `main`. That starts workers, one after the other, and each of them measures every
column of every row, so that what is compared was measured in the same process, on the same CPU, a moment
apart. (pyperf's own manager takes a worker for each benchmark, and so imports torch a hundred times.) Options
are those of `pyperf.Runner`; ``--quick`` measures next to nothing, once, to show that the script works.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyperf
import tables

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping, Sequence

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
    how many times that is for one value; a row that is done ``once`` takes long, and has one value in each
    worker. The ratio is that of ours to the column, or to ours in the other row, that ``against`` names.
    ``budget`` is the most that it may be, or without ``against`` the most that ours may be. ``needs`` says
    which modules a column is not measured without.
    """

    what: str
    columns: Mapping[str, Callable[[int], float]]
    loops: int = 1
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
    there = [(row, column) for row in rows for column in row.columns if not row.missing(column)]
    # All that is imported on the way is there before anything is measured, so that garbage collection finds
    # the same heap in each column.
    for row, column in there:
        if not row.once:
            row.columns[column](1)
    asked = vars(runner.args).copy()
    for row, column in there:
        loops = min(row.loops, _QUICK_LOOPS) if QUICK else row.loops * asked["loops"]
        vars(runner.args).update(asked, loops=loops)
        if row.once:
            vars(runner.args).update(loops=1, values=1, warmups=0)
        name = f"{row.what}: {column}"
        runner.bench_time_func(name, row.columns[column], metadata=row.metadata(column))

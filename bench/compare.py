"""Compare the speed of two checkouts in one process: each row of some benchmarks, old and new in turns.

``python bench/compare.py --old PATH`` measures the column *ours* of the rows of ``operations.py`` and
``per_test.py``, with the package and the benchmarks of the checkout at PATH and with those of this one.
A pair is four runs, in the order old, new, new, old, and in the next pair the other way round, so that
whatever slows the machine down for a while slows both. Each row has the median of the ratios of its pairs,
new to old, and the interval between two of these ratios that holds the true median with 95 % confidence.
A row whose interval lies wholly above the limit is marked, and makes the exit status 1. Times are those of
the processor, of which other processes have no part.

Both packages are loaded at once, under the same name. They have no object in common, and their modules are
put into ``sys.modules`` for each run, since functions import some of them. They share what they patch, and
each run takes its patches and hooks off before the next one begins. Both run the same code of unittest and of
torch: CPython's specialisation of that is lost at each change of checkout, alike for both, and a run is so
long that this matters little.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import comb
from pathlib import Path
from statistics import median
from time import process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from measure import Row

__all__ = ["Comparison", "Tree", "interval", "main"]

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("operations", "per_test")
# A run does a row's loops as often as makes it so long.
SECONDS = 0.02
CONFIDENCE = 0.95


class Tree:
    """A checkout whose package and benchmarks are loaded beside those of another one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modules: dict[str, ModuleType] = {}
        self._path = [str(root), str(root / "bench")]
        self.rows: dict[str, Row] = {}
        if not (root / "cachetest").is_dir():
            raise SystemExit(f"{root} has no package cachetest")
        with self.loaded():
            for script in SCRIPTS:
                rows = importlib.import_module(script).ROWS
                self.rows.update({row.what: row for row in rows if "ours" in row.columns})
        for module in self._modules.values():
            if hasattr(module, "perf_counter"):
                # What other processes do meanwhile is not part of it.
                vars(module)["perf_counter"] = process_time

    @contextmanager
    def loaded(self) -> Iterator[None]:
        """Have the modules of this checkout, those that are loaded meanwhile too, in ``sys.modules``."""
        outside, path = self._take(), sys.path[:]
        sys.modules.update(self._modules)
        sys.path[:0] = self._path
        try:
            yield
        finally:
            self._modules = self._take()
            sys.modules.update(outside)
            sys.path[:] = path

    def _take(self) -> dict[str, ModuleType]:
        """Take the package and the benchmarks out of ``sys.modules``, and return them."""
        own = {path.stem for path in (self.root / "bench").glob("*.py")}
        names = [name for name in sys.modules if name in own or name.partition(".")[0] == "cachetest"]
        return {name: sys.modules.pop(name) for name in names}

    def run(self, what: str, loops: int) -> float:
        """Return the seconds that *loops* of a row take."""
        with self.loaded():
            gc.collect()
            return self.rows[what].columns["ours"](loops)


@dataclass(frozen=True)
class Comparison:
    """What one row has come to: seconds of one loop, old and new, and the ratio of each pair."""

    what: str
    old: float
    new: float
    ratios: list[float]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    def is_slower(self, limit: float) -> bool:
        """Return whether the whole interval is above *limit*."""
        return interval(self.ratios)[0] > limit


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the closest two of *values* that hold the true median between them with 95 % confidence.

    All that is taken for granted is that each value is as often above the median as below it. Of fewer than
    six values, which are too few for that, it is the lowest and the highest.
    """
    ordered, count = sorted(values), len(values)
    left_out = 0
    # The median is outside where no more than those that are left out are on one side of it.
    while 2 * sum(comb(count, k) for k in range(left_out + 2)) / 2**count <= 1 - CONFIDENCE:
        left_out += 1
    return ordered[left_out], ordered[count - 1 - left_out]


def compare(what: str, old: Tree, new: Tree, pairs: int) -> Comparison:
    """Measure one row in both checkouts."""
    loops = new.rows[what].loops
    for tree in (old, new):
        tree.run(what, loops)
    loops *= max(1, round(SECONDS / max(new.run(what, loops), 1e-6)))
    times: dict[Tree, list[float]] = {old: [], new: []}
    for n in range(pairs):
        first, second = (old, new) if n % 2 == 0 else (new, old)
        runs = {first: 0.0, second: 0.0}
        for tree in (first, second, second, first):
            runs[tree] += tree.run(what, loops) / 2 / loops
        for tree, seconds in runs.items():
            times[tree].append(seconds)
    ratios = [after / before for before, after in zip(times[old], times[new], strict=True)]
    return Comparison(what, median(times[old]), median(times[new]), ratios)


def main() -> None:
    """Compare what is asked for, and print a line for each row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--old", type=Path, required=True, help="the checkout to compare with")
    parser.add_argument("--new", type=Path, default=ROOT, help="the one that is compared (this one)")
    parser.add_argument("--pairs", type=int, default=30, help="how many pairs each row is measured in (30)")
    parser.add_argument("--limit", type=float, default=1.03, help="the ratio that is too slow (1.03)")
    parser.add_argument("--rows", default="", help="only the rows whose name has this in it")
    args = parser.parse_args()
    _pin()
    old, new = Tree(args.old.resolve()), Tree(args.new.resolve())
    rows = [what for what in new.rows if args.rows in what and what in old.rows]
    missing = [what for what in rows if new.rows[what].missing("ours")]
    for row in missing:
        print(f"skipped: {row}: needs {', '.join(new.rows[row].missing('ours'))}", file=sys.stderr)
    width = max(map(len, rows), default=0)
    print(f"{'row':{width}}  {'old':>9}  {'new':>9}  ratio  95 % interval")
    slower = False
    # What is there already is not gone through in each collection.
    gc.collect()
    gc.freeze()
    for what in rows:
        if what in missing:
            continue
        found = compare(what, old, new, args.pairs)
        low, high = interval(found.ratios)
        mark = f"  above {args.limit:g}" if found.is_slower(args.limit) else ""
        slower = slower or bool(mark)
        print(
            f"{what:{width}}  {_micro(found.old)}  {_micro(found.new)}  {found.ratio:.3f}"
            f"  {low:.3f} - {high:.3f}{mark}",
            flush=True,
        )
    sys.exit(1 if slower else 0)


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:6.3g} µs"


def _pin() -> None:
    """Stay on one CPU, where the system lets us: two of them are seldom equally fast."""
    system: Any = os
    with suppress(AttributeError, OSError):
        system.sched_setaffinity(0, {max(system.sched_getaffinity(0))})


if __name__ == "__main__":
    main()

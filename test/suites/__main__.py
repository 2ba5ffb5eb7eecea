"""Run the suites on the real stores and through the adapters, and compare: ``python -m test.suites``."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from .catalogue import SUITES, Suite
from .page import PAGE, page_of
from .running import Outcome, is_over, run
from .table import Found, differing, find, load, new_ones, save

# So many characters of the text of a failure, its end, are printed.
_SHOWN = 600


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m test.suites", description=__doc__)
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help="what their names begin with; all by default"
    )
    parser.add_argument("--quick", action="store_true", help="only what is run for every change")
    parser.add_argument(
        "--write", action="store_true", help="write what is found into the table and its page"
    )
    parser.add_argument("--page", action="store_true", help="write the page of the table, and run nothing")
    parser.add_argument("--sdists", type=Path, help="a folder for the source distributions; kept")
    found = parser.parse_args()
    unknown = [each for each in found.suites if not any(name.startswith(each) for name in SUITES)]
    if unknown:
        parser.error(f"no suite begins with {unknown[0]!r}; there are {', '.join(map(repr, SUITES))}")
    return found


def main() -> int:
    """Run them, and return 1 where a test differs that is not in the table."""
    arguments = _arguments()
    # So that whoever ends it leaves no server behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    table = load()
    if arguments.page:
        PAGE.write_text(page_of(table), "utf-8")
        return 0
    chosen = [
        suite
        for name, suite in SUITES.items()
        if (suite.quick or not arguments.quick)
        and (name.startswith(tuple(arguments.suites)) or not arguments.suites)
    ]
    if not arguments.write:
        for suite in chosen:
            if suite.name not in table:
                print(f"{suite.name}: not in the table, so not run: run it with --write")
        chosen = [suite for suite in chosen if suite.name in table]
    start, sums = time.monotonic(), Counter[str]()
    reals: dict[Suite, dict[str, Outcome]] = {}
    with contextlib.ExitStack() as stack:
        sdists = arguments.sdists or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sdists.mkdir(parents=True, exist_ok=True)
        for suite in chosen:
            began = time.monotonic()
            real, ours = _both(suite, sdists, reals)
            found = find(suite, real, ours)
            known: dict[str, str] = table[suite.name].differences if suite.name in table else {}
            new = new_ones(found.differences, known)
            if new and not arguments.write:
                # Once more, by themselves: a test that waits may be too late on a machine that is busy.
                again = run(suite, sdists, through_adapters=True, only=new)
                new = list(differing({test: real[test] for test in new}, again))
            gone = [test for test in known if test not in found.differences]
            _tell(suite.name, found, ours, [] if arguments.write else new, gone)
            print(f"   {time.monotonic() - began:.0f} s", flush=True)
            sums += Counter(
                passed=found.real - len(found.differences), failed=0 if arguments.write else len(new)
            )
            table[suite.name] = found
            if arguments.write:
                save(table)
                PAGE.write_text(page_of(table), "utf-8")
    seconds = time.monotonic() - start
    print(f"{sums['passed']} passed, {sums['failed']} failed, {sums['skipped']} skipped in {seconds:.2f}s")
    return 1 if sums["failed"] else 0


def _both(
    suite: Suite, sdists: Path, reals: dict[Suite, dict[str, Outcome]]
) -> tuple[dict[str, Outcome], dict[str, Outcome]]:
    """Run *suite* both ways, and return what came of it; *reals* has what came of others on real servers."""
    # Two suites may differ in nothing but their adapters.
    as_it_is = replace(suite, name="", adapters=(), quick=False)
    # At once: nearly all of the time they wait.
    with ThreadPoolExecutor(1) as pool:
        try:
            ours = pool.submit(run, suite, sdists, through_adapters=True)
            if as_it_is not in reals:
                reals[as_it_is] = run(suite, sdists, through_adapters=False)
            return reals[as_it_is], ours.result()
        except BaseException:
            is_over.set()
            raise


def _tell(
    suite: str, found: Found, ours: dict[str, tuple[str, str]], new: list[str], gone: list[str]
) -> None:
    """Print what *suite* came to: what is not in the table is *new*, what is only there is *gone*."""
    print(f"{suite} {found.release}: {found.real} pass on the real store, {len(found.differences)} differ")
    for test in new:
        outcome, text = ours.get(test, ("absent", ""))
        print(f"   not in the table: {test}: {outcome}\n{text[-_SHOWN:]}")
    for test in gone:
        print(f"   in the table, and passes: {test}")


if __name__ == "__main__":
    sys.exit(main())

"""How often `assertCacheSingleFlight` is wrong, and how long it takes, by kind of loader.

Each loader is run so many times by eight callers, while another process keeps a core busy, by default and
with threads being switched at each microsecond::

    python -m test.flights [runs]
"""

import argparse
import statistics
import subprocess
import sys
import time
import unittest

from cachetest import AsyncCacheTestCase, CacheTestCase

from ._assertions.async_loaders import TASKS, AsyncLoaders
from ._assertions.loaders import THREADS, Loaders


class Case(CacheTestCase):
    """One run on threads."""

    def runTest(self):
        self.outcome = run(self, Loaders(), self.loader, self.with_load)


class AsyncCase(AsyncCacheTestCase):
    """One run in tasks."""

    async def runTest(self):
        loaders = AsyncLoaders()
        began = time.perf_counter()
        load = loaders.load if self.with_load else None
        try:
            results = await self.assertCacheSingleFlight("prices", getattr(loaders, self.loader), load=load)
        except AssertionError:
            self.outcome = False, False, time.perf_counter() - began
        else:
            self.outcome = True, results.waited_out, time.perf_counter() - began


def run(case, loaders, loader, with_load):
    """Return whether it passed, whether patience has decided, and how long it took."""
    began = time.perf_counter()
    load = loaders.load if with_load else None
    try:
        results = case.assertCacheSingleFlight("prices", getattr(loaders, loader), load=load)
    except AssertionError:
        return False, False, time.perf_counter() - began
    return True, results.waited_out, time.perf_counter() - began


def outcomes(kind, loader, with_load, runs):
    """Return what came of so many runs of a loader."""
    found = []
    for _ in range(runs):
        case = kind()
        case.loader, case.with_load = loader, with_load
        result = unittest.TestResult()
        case.run(result)
        if not result.wasSuccessful():
            raise SystemExit(result.errors or result.failures)
        found.append(case.outcome)
    return found


def tell(kind, table, runs):
    """Print a line for each loader; return how many runs were wrong."""
    all_wrong = 0
    for loader, passes, with_load in table:
        found = outcomes(kind, loader, with_load, runs)
        wrong = sum(passed is not passes for passed, _, _ in found)
        waited = sum(waited_out for _, waited_out, _ in found)
        mean = 1000 * statistics.mean(seconds for _, _, seconds in found)
        name = f"{loader}, load=" if with_load else loader
        verb = "passes" if passes else "fails"
        print(f"  {name:36} {verb:6}  wrong {wrong:3} of {runs}  waited out {waited:3}  {mean:7.2f} ms")
        all_wrong += wrong
    return all_wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="?", type=int, default=20)
    runs = parser.parse_args().runs
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        wrong = 0
        for interval in (sys.getswitchinterval(), 1e-6):
            sys.setswitchinterval(interval)
            print(f"Python {sys.version.split()[0]}, threads switched after {interval:g} s")
            wrong += tell(Case, THREADS, runs)
        print("tasks")
        wrong += tell(AsyncCase, TASKS, runs)
    finally:
        busy.kill()
        busy.wait()
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()

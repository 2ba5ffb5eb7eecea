"""What a run of a function costs in an assertion that runs it many times, beside a plain run of it.

The function does nothing but four operations, so that nearly all of a run is what is done around it. A plain
run is the same function in a block of its own, since each run of the assertion has a scope of its own; the
limit is the function alone.
"""

from __future__ import annotations

from functools import partial
from time import perf_counter

import measure
from measure import Row
from subjects import NoLibrary

from cachetest import CacheTestCase, MockBackend, PatchCaches

NAME, KEYS, VALUE = "prices", ("lamp", "chair"), b"4.0"
BUDGET = 3.0


class _Counted:
    """The function, which counts its runs."""

    def __init__(self) -> None:
        self.backend = MockBackend(NAME)
        self.runs = 0

    def __call__(self) -> list[object]:
        """Look two keys up, and put them."""
        self.runs += 1
        found: list[object] = []
        for key in KEYS:
            try:
                self.backend.get(key)
                self.backend.put(key, VALUE)
            except (ConnectionError, TimeoutError):
                pass
            found.append(VALUE)
        return found


class _Case(CacheTestCase):
    patch_caches = ()
    seconds_of_a_run = 0.0

    def alone(self) -> None:
        function = _Counted()
        start = perf_counter()
        for _ in range(self.times):
            function()
        self.seconds_of_a_run = (perf_counter() - start) / self.times

    def in_blocks(self) -> None:
        function = _Counted()
        start = perf_counter()
        for _ in range(self.times):
            with PatchCaches(NoLibrary()):
                function()
        self.seconds_of_a_run = (perf_counter() - start) / self.times

    def survives(self) -> None:
        function = _Counted()
        start = perf_counter()
        for _ in range(self.times):
            self.assertCacheSurvives(function, caches=(NAME,))
        self.seconds_of_a_run = (perf_counter() - start) / function.runs

    times = 1


def run(method: str, times: int, loops: int) -> float:
    """Return *loops* times the seconds that one run of the function takes, of those that *method* does."""
    case = _Case(method)
    case.times = times
    case.debug()
    return case.seconds_of_a_run * loops


def many(method: str, loops: int) -> float:
    """Return the seconds of so many runs."""
    return run(method, loops, loops)


def survives(loops: int) -> float:
    """Return the seconds of so many runs in ``assertCacheSurvives``."""
    return run("survives", 1, loops)


ROWS = [
    Row(
        "a run of assertCacheSurvives, four operations",
        {
            "ours": survives,
            "original": partial(many, "in_blocks"),
            "limit": partial(many, "alone"),
        },
        loops=200,
        budget=BUDGET,
        needs={},
    )
]

if __name__ == "__main__":
    measure.main(ROWS)

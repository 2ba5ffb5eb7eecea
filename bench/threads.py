"""What one hit, miss or put costs where 1 to 16 threads are on one cache at once."""

from __future__ import annotations

import threading
from functools import partial
from itertools import repeat
from time import perf_counter
from typing import TYPE_CHECKING

import measure
from measure import Row
from subjects import SUBJECTS, time_get, time_put

if TYPE_CHECKING:
    from collections.abc import Callable

    from subjects import Calls, Subject

THREADS = (1, 8) if measure.QUICK else (1, 2, 4, 8, 16)
BUDGETED = 8
BUDGET = 1.0

KEY = "key"


def hit(calls: Calls, loops: int) -> None:
    """Get what is there."""
    time_get(calls.get, repeat(KEY, loops))


def miss(calls: Calls, loops: int) -> None:
    """Get what never is."""
    time_get(calls.get, repeat("another key", loops))


def put(calls: Calls, loops: int) -> None:
    """Put over what is there."""
    time_put(calls.put, repeat(KEY, loops), "value")


def on_threads(work: Callable[[Calls, int], None], threads: int, subject: Subject, loops: int) -> float:
    """Return the seconds of *loops* of *work* on each of *threads*, divided by their number."""
    with subject() as calls:
        ready = threading.Barrier(threads)
        times: list[tuple[float, float]] = []

        def run() -> None:
            # Here, since each thread has entries of its own in the original.
            calls.put(KEY, "value")
            ready.wait()
            start = perf_counter()
            work(calls, loops)
            times.append((start, perf_counter()))

        started = [threading.Thread(target=run) for _ in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
    first, last = min(start for start, _ in times), max(end for _, end in times)
    return (last - first) / threads


ROWS = [
    Row(
        f"{work.__name__}, {threads} thread{'s' * (threads > 1)}",
        {column: partial(on_threads, work, threads, subject) for column, subject in SUBJECTS.items()},
        # For longer than a thread keeps the GIL, so that they do get in each other's way.
        loops=30_000,
        rounds=3,
        budget=BUDGET if threads == BUDGETED else None,
    )
    for threads in THREADS
    for work in (hit, miss, put)
]

if __name__ == "__main__":
    measure.main(ROWS)

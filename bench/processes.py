"""What a get from a child process costs, beside a bare round trip of as many bytes over a socket.

A child does both in turns, some of one and some of the other, so that a machine that changes its pace changes
it for both. It runs beside its parent, so that it has another CPU, where there is one; on the same one, where
the system does no more than change from one to the other, what Python does is most of it.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

import measure
from measure import Row

from cachetest import MockBackend, PatchCaches
from cachetest._sharing.links import ANSWER, REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY, VALUE = "key", "value"
BUDGET = 2.0

# As many bytes as a get asks with, from the second on, and as many as it is answered with.
_ASKED = b"x" * (REQUEST.size + len(KEY))
_ANSWER = b"x" * (ANSWER.size + len(VALUE))
_WARM_UPS = 100
# So many calls are one turn.
_TURN = 50


class Pair:
    """Gets of a `MockBackend` and bare round trips, in turns, by one child: *part* of them take at most that.

    The child is *beside* its parent, on another CPU, or on the same.
    """

    def __init__(self, part: float, *, beside: bool) -> None:
        self._part = part
        self._beside = beside
        # What was measured for one column, and the other has yet to ask for, by the number of loops.
        self._left: dict[tuple[str, int], list[float]] = {}

    def ours(self, loops: int) -> float:
        """Return *loops* times what a get takes."""
        return self._of("ours", loops)

    def bare(self, loops: int) -> float:
        """Return *loops* times what a round trip takes to a thread of the parent that does nothing else."""
        return self._of("bare", loops)

    def _of(self, column: str, loops: int) -> float:
        left = self._left.setdefault((column, loops), [])
        if not left:
            for name, seconds in self._measured(loops).items():
                self._left.setdefault((name, loops), []).append(seconds)
        return left.pop(0) * loops

    def _measured(self, loops: int) -> dict[str, float]:
        with PatchCaches(), _echo() as path, socket.socket(socket.AF_UNIX) as connection:
            prices = MockBackend("prices")
            prices.put(KEY, VALUE)
            connection.connect(path)

            def bare() -> None:
                connection.sendall(_ASKED)
                connection.recv(8_192)

            calls = {"ours": lambda: prices.get(KEY), "bare": bare}
            times = in_child(calls, loops, beside=self._beside)
        return {name: each[int(self._part * (len(each) - 1))] for name, each in times.items()}


def in_child(calls: dict[str, Callable[[], object]], loops: int, *, beside: bool) -> dict[str, list[float]]:
    """Return the seconds of each of so many calls, done in turns in a forked child, in order of size."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if beside:
                _take_another_cpu()
            times = {name: _timed(call, _WARM_UPS)[:0] for name, call in calls.items()}
            while len(times["bare"]) < loops:
                for name, call in calls.items():
                    times[name] += _timed(call, min(_TURN, loops - len(times[name])))
            with open(writing, "w") as file:
                json.dump({name: sorted(each) for name, each in times.items()}, file)
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        found: dict[str, list[float]] = json.loads(file.read())
    os.waitpid(child, 0)
    return found


def _timed(call: Callable[[], object], count: int) -> list[float]:
    times = []
    for _ in range(count):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return times


def _take_another_cpu() -> None:
    if hasattr(os, "sched_setaffinity"):
        others = set(range(os.cpu_count() or 1)) - {max(os.sched_getaffinity(0))}
        os.sched_setaffinity(0, others or os.sched_getaffinity(0))


@contextmanager
def _echo() -> Iterator[str]:
    """Listen, with a thread that answers what comes; give the path."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        path = os.path.join(folder, "socket")
        listening.bind(path)
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                while connection.recv(8_192):
                    connection.sendall(_ANSWER)

        thread = threading.Thread(target=answer)
        thread.start()
        yield path
    thread.join()


def _row(where: str, what: str, pair: Pair, budget: float | None) -> Row:
    return Row(
        f"get from a child on {where} CPU, {what}",
        {"ours": pair.ours, "limit": pair.bare},
        loops=2_000,
        against="limit",
        budget=budget,
    )


ROWS = [
    _row(where, what, Pair(part, beside=beside), BUDGET if beside else None)
    for where, beside in (("another", True), ("the same", False))
    for what, part in (("median", 0.5), ("99th of 100", 0.99))
]

if __name__ == "__main__":
    measure.main(ROWS)

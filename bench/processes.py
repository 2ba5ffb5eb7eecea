"""What a get from a child process costs, beside a bare round trip of as many bytes over a socket.

A child runs beside its parent, so that it has another CPU, where there is one; on the same one, where the
system does no more than change from one to the other, what Python does is most of it.
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
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
_WARM_UPS = 50


def in_child(call: Callable[[], object], loops: int, part: float, *, beside: bool) -> float:
    """Return *loops* times the seconds that *part* of so many calls, done in a forked child, take at most.

    It is *beside* its parent, on another CPU, or on the same.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if beside:
                _take_another_cpu()
            for _ in range(_WARM_UPS):
                call()
            times = []
            for _ in range(loops):
                start = perf_counter()
                call()
                times.append(perf_counter() - start)
            times.sort()
            os.write(writing, repr(times[int(part * (loops - 1))]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as file:
        found = float(file.read())
    os.waitpid(child, 0)
    return found * loops


def _take_another_cpu() -> None:
    if hasattr(os, "sched_setaffinity"):
        others = set(range(os.cpu_count() or 1)) - {max(os.sched_getaffinity(0))}
        os.sched_setaffinity(0, others or os.sched_getaffinity(0))


def by_cachetest(part: float, beside: bool, loops: int) -> float:
    """Return what gets of a `MockBackend` take."""
    with PatchCaches():
        prices = MockBackend("prices")
        prices.put(KEY, VALUE)
        return in_child(partial(prices.get, KEY), loops, part, beside=beside)


def bare(part: float, beside: bool, loops: int) -> float:
    """Return what round trips to a thread of the parent take that does nothing else."""
    with _echo() as path, socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)

        def call() -> None:
            connection.sendall(_ASKED)
            connection.recv(8_192)

        return in_child(call, loops, part, beside=beside)


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


ROWS = [
    Row(
        f"get from a child on {where} CPU, {what}",
        {"ours": partial(by_cachetest, part, beside), "limit": partial(bare, part, beside)},
        loops=2_000,
        against="limit",
        budget=BUDGET if beside else None,
    )
    for where, beside in (("another", True), ("the same", False))
    for what, part in (("median", 0.5), ("99th of 100", 0.99))
]

if __name__ == "__main__":
    measure.main(ROWS)

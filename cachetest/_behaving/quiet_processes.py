"""Whether none of several child processes can go on by itself: each waits for another, or is held.

It is `quiet` for processes: of each thread of each of them Linux says in which call of the system it is. One
that waits for another process is in a futex, as for a lock of multiprocessing, or waits for a lock of a file.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from time import sleep
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["EVERY_ONE", "Looked", "QuietProcesses"]

EVERY_ONE = 0
"""In place of a process: all of them."""

# So long, in seconds, between two looks.
_PAUSE = 0.001
# Who was seen asleep so often, and awake in between, is polling.
_POLLS = 5


class Looked(NamedTuple):
    """A process that is looked at: whether it *is_held*, or *is_polling*, as far as that is known already."""

    process: int
    is_held: bool
    is_polling: bool


class _Calls(NamedTuple):
    """The calls of the system, by number, in which a thread waits, locks a file, sleeps or is held."""

    # futex, flock, semop, semtimedop, wait4, waitid.
    waits: frozenset[str]
    # fcntl, with the commands that wait for a lock.
    locks: str
    # select, clock_nanosleep, nanosleep, pselect6, poll without anything to look at.
    sleeps: frozenset[str]
    # recvfrom, by which a child waits for its answer.
    receives: str


_CALLS = {
    "x86_64": _Calls(
        frozenset({"202", "73", "65", "220", "61", "247"}), "72", frozenset({"23", "230", "35", "270"}), "45"
    ),
    "aarch64": _Calls(
        frozenset({"98", "32", "193", "192", "260", "95"}), "25", frozenset({"115", "101", "72"}), "207"
    ),
}
_LOCK_COMMANDS = frozenset({"0x7", "0x26"})

# What a thread does: its call of the system, with the arguments, and how long it has run.
_Sight = tuple[str, str]
_Sights = dict[tuple[int, int], _Sight]


class QuietProcesses:
    """Tells whether all processes that *looked* returns are quiescent.

    *progress* returns what changes when anything happens: two looks between which it did mean nothing.
    """

    def __init__(self, progress: Callable[[], object], looked: Callable[[], Sequence[Looked]]) -> None:
        self._progress = progress
        self._looked = looked
        machine = os.uname().machine if hasattr(os, "uname") else ""
        found = _CALLS.get(machine) if sys.platform == "linux" and sys.maxsize > 2**32 else None
        self._calls = found
        self._awake: Counter[tuple[int, int]] = Counter()
        self._last: _Sights = {}

    def forget(self, process: int) -> None:
        """Note that *process*, or `EVERY_ONE`, is not just polling: it asks, or may find something new."""
        if process == EVERY_ONE:
            self._awake.clear()
        for each in [each for each in self._awake if each[0] == process]:
            del self._awake[each]

    def look(self) -> bool:
        """Look twice, a moment apart, and return whether nothing can go on."""
        progress, looked = self._progress(), self._looked()
        if all(each.is_held for each in looked) and not any(_have_more(each.process) for each in looked):
            # Nothing has to be asked of the system, which may not tell.
            return self._progress() == progress
        try:
            is_quiet = self._calls is not None and self._look_by_kernel(self._calls, looked)
        except OSError:
            # It has ended meanwhile, or may not be looked at.
            sleep(_PAUSE)
            return False
        if self._calls is None:
            sleep(_PAUSE)
        return is_quiet and self._progress() == progress

    def _look_by_kernel(self, calls: _Calls, looked: Sequence[Looked]) -> bool:
        of_each = {each: _with_descendants(each.process) for each in looked}
        first = {each: _seen(processes) for each, processes in of_each.items()}
        sleep(_PAUSE)
        is_quiet = True
        latest: _Sights = {}
        for each, processes in of_each.items():
            second = _seen(processes)
            latest.update(second)
            if first[each].keys() != second.keys():
                # One that has ended, or begun, has just run.
                is_quiet = False
                continue
            for thread, sight in second.items():
                before = self._last.get(thread)
                if before is not None and sight[1] != before[1] and _is_asleep(calls, sight):
                    self._awake[thread] += 1
                if not self._is_still(calls, each, thread, first[each][thread], sight):
                    is_quiet = False
        self._last = latest
        return is_quiet

    def _is_still(
        self, calls: _Calls, each: Looked, thread: tuple[int, int], first: _Sight, second: _Sight
    ) -> bool:
        polls = each.is_polling or self._awake[thread] >= _POLLS
        if polls and _is_asleep(calls, second):
            return True
        call, _, arguments = second[0].partition(" ")
        waits = call in calls.waits or (each.is_held and call == calls.receives)
        waits |= call == calls.locks and arguments.split(" ")[1:2] in [[each] for each in _LOCK_COMMANDS]
        return waits and first == second


def _have_more(process: int) -> bool:
    """Return whether *process* has another thread, or a child, which may work for it."""
    try:
        return len(os.listdir(f"/proc/{process}/task")) > 1 or bool(_children(process))
    except OSError:
        # Where that is not told there is nothing to be looked at, either.
        return False


def _with_descendants(process: int) -> list[int]:
    found = [process]
    for each in found:
        found += _children(each)
    return found


def _children(process: int) -> list[int]:
    found: list[int] = []
    for thread in os.listdir(f"/proc/{process}/task"):
        try:
            found += map(int, _read(f"/proc/{process}/task/{thread}/children").split())
        except FileNotFoundError:
            # The thread has ended, or this kernel does not tell.
            continue
    return found


def _seen(processes: Sequence[int]) -> _Sights:
    found: _Sights = {}
    for process in processes:
        folder = f"/proc/{process}/task"
        for thread in os.listdir(folder):
            sights = [_read(f"{folder}/{thread}/{name}") for name in ("syscall", "schedstat")]
            found[process, int(thread)] = sights[0], sights[1]
    return found


def _read(path: str) -> str:
    # Not by `open`, which a test may have replaced for its program.
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 1_000).decode().strip()
    finally:
        os.close(file)


def _is_asleep(calls: _Calls, sight: _Sight) -> bool:
    call, _, arguments = sight[0].partition(" ")
    if call not in calls.sleeps:
        return False
    # `select` sleeps where it has nothing to look at.
    return call not in ("23", "270", "72") or arguments.startswith("0x0 ")

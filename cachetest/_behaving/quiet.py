"""Whether nothing in the process can go on by itself: each thread waits for another, or is held.

Linux tells of each thread in which call of the system it is, and how long it has run. A thread that waits for
another is in a futex; one that is about to run is "running", whether or not it has been given a processor.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from time import sleep
from typing import TYPE_CHECKING, NamedTuple

from .waiting_frames import waiting_places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Quiet", "are_told", "left_out"]

left_out: dict[int, int] = {}
"""The threads that never count, by their ids, with their native ids: that of the server for children."""

# So long, in seconds, between two looks: asleep, so that whoever waits for the interpreter gets it.
_PAUSE = 0.001
# Without the kernel's word, a longer one: a thread may not have been given a processor meanwhile.
_LONG_PAUSE = 0.005
# Who was seen asleep so often, and awake in between, is polling.
_POLLS = 5

_FOLDER = "/proc/self/task"
# By the machine: the futex, and the calls that sleep; `select` sleeps where it has nothing to look at.
_CALLS = {
    "x86_64": ("202", {"35", "230", "23", "270"}),
    "aarch64": ("98", {"101", "115", "72"}),
}


def _calls() -> tuple[str, set[str]] | None:
    machine = os.uname().machine if hasattr(os, "uname") else ""
    found = _CALLS.get(machine) if sys.platform == "linux" else None
    return None if found is None or sys.maxsize < 2**32 or not _can_be_read() else found


def _can_be_read() -> bool:
    try:
        syscall, schedstat = _seen(threading.get_native_id())
    except (OSError, IndexError):
        return False
    return bool(syscall and schedstat)


def are_told() -> bool:
    """Return whether the kernel tells what threads do."""
    return _calls() is not None


class _Sight(NamedTuple):
    syscall: str
    schedstat: str


def _seen(thread: int) -> _Sight:
    texts = []
    for name in ("syscall", "schedstat"):
        # Not by `open`, which a test may have replaced for its program.
        file = os.open(f"{_FOLDER}/{thread}/{name}", os.O_RDONLY)
        try:
            texts.append(os.read(file, 200).decode().strip())
        finally:
            os.close(file)
    return _Sight(*texts)


def _all_seen(but: int) -> dict[int, _Sight]:
    found = {}
    # Another thread may begin or end meanwhile.
    never = {but, *list(left_out.values())}
    for name in os.listdir(_FOLDER):
        thread = int(name)
        if thread not in never:
            try:
                found[thread] = _seen(thread)
            except OSError:
                # It has ended meanwhile.
                continue
    return found


class Quiet:
    """Tells whether the process is quiescent, but for the thread that asks and those that were busy before.

    *progress* returns what changes when anything happens: two looks between which it did mean nothing.
    """

    def __init__(self, progress: Callable[[], object], *, told: bool | None = None) -> None:
        """Leave out what runs, or sleeps, by now; *told* says whether to ask the kernel, if it tells."""
        self._progress = progress
        calls = _calls() if told is not False else None
        self._futex, self._sleeps = calls or ("", set())
        self._is_told = calls is not None
        self._awake: Counter[int] = Counter()
        self._last: Mapping[int, _Sight] = {}
        self._others: frozenset[int] = frozenset()
        # A thread from before that does not wait for others is not one of those that are looked at.
        if self._is_told:
            before = _all_seen(threading.get_native_id())
            self._others = frozenset(each for each, sight in before.items() if not self._waits(sight))
        else:
            here = {threading.get_ident(), *left_out}
            waiting = waiting_places(here)
            alive = set(sys._current_frames()) - here
            self._others = frozenset(each for each in alive if waiting.get(each) is None)

    def forget(self, thread: int) -> None:
        """Note that *thread*, by its native id, has asked a cache, so that it is not just polling."""
        self._awake.pop(thread, None)

    def look(self) -> bool:
        """Look twice, a moment apart, and return whether nothing can go on."""
        progress = self._progress()
        is_quiet = self._look_by_kernel() if self._is_told else self._look_at_frames()
        return is_quiet and self._progress() == progress

    def _look_by_kernel(self) -> bool:
        here = threading.get_native_id()
        first = _all_seen(here)
        sleep(_PAUSE)
        second = _all_seen(here)
        for thread, sight in second.items():
            before = self._last.get(thread)
            if before is not None and sight.schedstat != before.schedstat and self._is_asleep(sight):
                self._awake[thread] += 1
        self._last = second
        ours = [thread for thread in second if thread not in self._others]
        # One that has ended, or begun, has just run.
        if first.keys() - self._others != second.keys() - self._others:
            return False
        return all(self._is_still(thread, first[thread], second[thread]) for thread in ours)

    def _is_still(self, thread: int, first: _Sight, second: _Sight) -> bool:
        if self._awake[thread] >= _POLLS and self._is_asleep(second):
            return True
        return first == second and self._waits(second)

    def _waits(self, sight: _Sight) -> bool:
        # With a time limit too: who waits for the interpreter has one, and gets it while this sleeps.
        return sight.syscall.partition(" ")[0] == self._futex

    def _is_asleep(self, sight: _Sight) -> bool:
        call, _, arguments = sight.syscall.partition(" ")
        if call not in self._sleeps:
            return False
        return call not in ("23", "270", "72") or arguments.startswith("0x0 ")

    def _look_at_frames(self) -> bool:
        but = self._others | {threading.get_ident(), *left_out}
        first = waiting_places(but)
        for _ in range(2):
            sleep(_LONG_PAUSE)
            again = waiting_places(but)
            if again != first:
                return False
        return None not in first.values()

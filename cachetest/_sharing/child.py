"""A child process, or a job for one that was there before, as its parent knows it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .joined import REMEDY
from .processes import is_running, may_run, spawned_processes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    from .._caches.threads import ThreadOrTask
    from .joined import Parent

    # To import it would make the chain of files longer than anybody can follow.
    Scope = Any

__all__ = ["Child", "is_made_by_pool", "to_be_forgotten"]

# So many are kept, and so many of which no process is known, the newest: each keeps the caches of its test.
_KEPT, _KEPT_UNKNOWN = 1_000, 50
# A manager lives on as well, and is waited for by nobody.
_POOLS = frozenset({"concurrent.futures.process", "multiprocessing.pool", "multiprocessing.managers"})
_POOLS |= {"loky.process_executor", "joblib.externals.loky.process_executor"}
# Which makes the ranks of torch's MultiProcContinuousTest, for all tests of its class.
_RANKS = "torch.testing._internal.common_distributed", "_ensure_processes_spawned"


class Child:
    """A child process, or several of one fork: the *scopes* that it may be of, and what it is told.

    What it does belongs to its *scope*, as part of what *spawner* does; None where it can't be told.
    """

    # A worker of a pool lives on between its jobs; each job is a child by itself, with what tells of its end.
    is_worker = False
    was_waited_for = False
    # Which process it is nobody knows until it has joined.
    is_spawned = False
    is_job = False
    handle: Any = None

    def __init__(
        self,
        scopes: tuple[Scope, ...],
        parent: Parent,
        scope: Scope | None = None,
        spawner: ThreadOrTask | None = None,
    ) -> None:
        self.scopes = scopes
        self.parent = parent
        self.scope = scope
        self.spawner = spawner
        # What it was refused, and which processes have written of it, or asked.
        self.used: list[str] = []
        self.processes: set[int] = set()
        # The commands of processes that have become a Python by exec, until that says that it has joined.
        self.became: dict[int, str] = {}
        # Where it is Python and has to say that it has joined: its command. Its process, where it is known.
        self.awaited: str | None = None
        self.process: int | None = None

    def running(self, connected: set[int]) -> set[int]:
        """Return its processes that still run; those that are *connected* do, whoever has started them.

        That of a job which has asked for nothing yet is 0.
        """
        if self.is_worker or self.is_job:
            return (self.processes or {0}) if self.is_job and not _is_done(self.handle) else set()
        if self.is_awaited():
            return {self.process} if self.process is not None and is_running(self.process) else set()
        found = self._processes()
        # Of one that has ended what it had asked for last may be on its way, as long as it is connected.
        # Those of a server of forks are its children, which may have joined and asked for nothing yet.
        started = spawned_processes() if self.is_spawned and found else ()
        return {each for each in found if each in connected or is_running(each) or each in started}

    def is_awaited(self) -> bool:
        """Return whether it has yet to say that it has joined."""
        return self.awaited is not None and not self.processes

    def has_ended(self) -> bool:
        """Return whether it can do nothing any more, as far as that is known."""
        if self.is_job:
            return self.handle is not None and _is_done(self.handle)
        found = self._processes()
        # One that has written nothing yet may be about to.
        return bool(found) and not any(map(may_run, found))

    def is_unknown(self) -> bool:
        """Return whether it is not known which process it is, or was: it may have none."""
        return not self.is_job and not self._processes()

    def _processes(self) -> set[int]:
        is_forked = self.process is not None and self.awaited is None
        return {*self.processes, self.process} if is_forked and self.process else self.processes

    def lines_of_use(self) -> list[str]:
        """Return a line for each cache that it was refused."""
        return [f"child process {each}: nothing of it is counted. Instead, {REMEDY}" for each in self.used]

    def lines(self) -> list[str]:
        """Return a line for each thing that it did and that no test has counted, or that can't be told."""
        silent = [(str(process), command) for process, command in self.became.items()]
        if self.is_awaited():
            silent.append((str(self.process or "of a shell"), str(self.awaited)))
        return [
            *self.lines_of_use(),
            *(
                f"child process {process}, {self.parent.how}, is a Python that did not join this test "
                f"({command}): whether it has used a cache, or a real store, can't be told. Install "
                "cachetest where it runs, or call cachetest.join() in it before it uses a cache"
                for process, command in silent
            ),
        ]


def _is_done(handle: Any) -> bool:
    """Return whether the job is done that *handle* was returned for: a future, a result, or an iterator."""
    for name in ("done", "ready"):
        ask = getattr(handle, name, None)
        if ask is not None:
            return bool(ask())
    if hasattr(handle, "gi_frame"):
        return handle.gi_frame is None
    return handle is None or getattr(handle, "_index", 0) == getattr(handle, "_length", None)


def to_be_forgotten(children: Mapping[int, Child]) -> set[int]:
    """Return those of *children*, by serial number, that can do nothing any more, and those too many."""
    unknown = [serial for serial, child in children.items() if child.is_unknown()]
    found = {serial for serial, child in children.items() if child.has_ended()}
    found.update(unknown[:-_KEPT_UNKNOWN])
    left = [serial for serial in children if serial not in found]
    return found.union(left[:-_KEPT])


def is_made_by_pool() -> bool:
    """Return whether a pool or its like is calling, whose processes live on when a test has ended."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__")
        if name in _POOLS or (name, frame.f_code.co_name) == _RANKS:
            return True
        frame = frame.f_back
    return False

"""The line of the program that an operation came from, and the thread it ran on."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from .makers import SavedFrame, TestFrame, frames, task_names
from .operation import Location, location_of
from .packages import NEVER, NO_LIBRARIES, PROGRAM, known, module_of, packages_without

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from typing_extensions import Self

    from .makers import Made
    from .packages import Packages

__all__ = [
    "NO_LIBRARIES",
    "CallSite",
    "JobName",
    "Location",
    "ProcessThread",
    "TaskName",
    "calling_frame",
    "calling_location",
    "is_outside",
    "location_of",
    "made_here",
    "outside",
    "this_thread",
    "without_thread",
]

# Of so many packages of the program the line is kept: its library may be one of them, which is known later.
_KEPT = 2


def calling_frame(first: FrameType, libraries: frozenset[str] = NO_LIBRARIES) -> FrameType | SavedFrame:
    """Return the innermost frame of the program from *first* on, or one that stands for it.

    *libraries* are names of packages that are not the caller, as cachetest, the standard library and runners
    are not. A package that is installed is it only where nothing of the program is on the way: neither on
    the stack nor where the task, job or thread was made that runs. Where everything is inside it is the
    innermost frame outside cachetest.
    """
    packages = known.get(libraries) or packages_without(libraries)
    inside = packages.inside
    frame = first
    try:
        while inside[frame.f_code.co_filename]:
            frame = frame.f_back  # type: ignore[assignment]
        return frame
    except (AttributeError, KeyError):
        # The end of the stack, or a file that is not known yet or has to be looked at each time.
        return _search(first, packages)


def _search(first: FrameType, packages: Packages) -> FrameType | SavedFrame:
    """Return what `calling_frame` does, by the long way."""
    found = _choose(_callers(first, packages), packages)
    if found is not None:
        return found
    frame: FrameType | None = first
    while frame is not None:
        if module_of(frame).partition(".")[0] != "cachetest":
            return frame
        frame = frame.f_back
    return first


def made_here(first: FrameType, outside: frozenset[str]) -> Made:
    """Return the frames that make something, the innermost first, saved; packages *outside* left out."""
    found = _callers(first, packages_without(outside), _KEPT)
    return tuple(map(_saved, found))


def _saved(frame: FrameType | SavedFrame) -> SavedFrame:
    if isinstance(frame, SavedFrame):
        return frame
    return SavedFrame(frame.f_code, frame.f_lasti, module_of(frame))


def _callers(first: FrameType, packages: Packages, enough: int = 1) -> list[FrameType | SavedFrame]:
    """Return the frames that may be told as the caller of *first*, the innermost first.

    The innermost frame of each package that is installed, until there are *enough* of the program; the last
    may stand for the test, where there is none of the program.
    """
    found: list[FrameType | SavedFrame] = []
    names: set[tuple[int, str]] = set()
    for frame in frames(first):
        rank = packages.rank(frame)
        if rank == NEVER:
            continue
        package = rank, module_of(frame).partition(".")[0]
        if package in names:
            continue
        names.add(package)
        found.append(frame)
        if rank == PROGRAM:
            enough -= 1
            if not enough:
                break
    return found


def _choose(found: Iterable[FrameType | SavedFrame], packages: Packages) -> FrameType | SavedFrame | None:
    """Return the one of *found* to tell: of the program before one of a package, and that before the test."""
    best = None
    for frame in found:
        if isinstance(frame, TestFrame):
            return best or frame
        if packages.rank(frame) == PROGRAM:
            return frame
        best = best or frame
    return best


outside = packages_without(NO_LIBRARIES).inside
"""The files that are known, with False for those of the program."""


def is_outside(frame: FrameType | SavedFrame) -> bool:
    """Return whether *frame*, which `calling_frame` has found, is known to be of the program."""
    return outside.get(frame.f_code.co_filename) is False


def calling_location(libraries: frozenset[str] = NO_LIBRARIES) -> Location:
    """Return the line that `calling_frame` finds from where this is called."""
    found = calling_frame(sys._getframe(1), libraries)
    return location_of(found.f_code, found.f_lasti)


class CallSite:
    """The line of the program that *frame* is in, or was called from by *libraries*.

    It is worked out when it is written: a scope is opened for every test, and few have anything to say.
    """

    def __init__(self, frame: FrameType, libraries: frozenset[str] = NO_LIBRARIES) -> None:
        found = frame if not libraries and is_outside(frame) else calling_frame(frame, libraries)
        self._at = found.f_code, found.f_lasti

    def __str__(self) -> str:
        return str(location_of(*self._at))


without_thread: set[int] = set()
"""The threads of cachetest's own, by their ids, that `threading` is not to know."""


class JobName(str):
    """The name of a thread while it does one job of a pool: each job has an object of its own."""

    __slots__ = ()


class TaskName(JobName):
    """The same for one task of an event loop, by all that it does."""

    __slots__ = ()


class ProcessThread(str):
    """The name of a thread of another process, whose operations are done in this one.

    *process* is the id of that process, and *process_name* what `multiprocessing` calls it, or its rank. One
    that has no name of its own goes by its id: "process 4711".
    """

    process: int
    process_name: str

    def __new__(cls, name: str, process: int, process_name: str | None = None) -> Self:
        made = super().__new__(cls, name)
        made.process = process
        # `MainProcess` is every process that `multiprocessing` has not started: the test's own is another.
        named = process_name not in {None, "", "MainProcess"}
        made.process_name = str(process_name) if named else f"process {process}"
        return made

    def __getnewargs__(self) -> tuple[str, int, str]:  # type: ignore[override]
        return str(self), self.process, self.process_name


class _NameInTask:
    """Gives the name of a thread that has none in its ``__dict__``: that is of the task that runs there.

    A ``__getattr__`` would make it four times as slow to read the name of any thread.
    """

    def __get__(self, thread: _ThisThread, cls: type) -> str:
        try:
            task = sys.modules["asyncio"].current_task()
        except RuntimeError:
            # No loop runs there any more.
            thread.name = thread._own
            return thread._own
        known = task_names.get(id(task))
        return known[1] if known is not None else thread._made or thread._own


class _ThisThread(threading.local):
    """The name of the thread that reads it: twice as fast as asking `threading` each time."""

    if TYPE_CHECKING:
        name: str
    else:
        name = _NameInTask()

    def __init__(self) -> None:
        # To ask for one that `threading` does not know would make it known, for as long as the process lives.
        is_known = threading.get_ident() not in without_thread
        self.name = self._own = threading.current_thread().name if is_known else ""
        self._made: TaskName | None = None

    def put_on(self, name: str) -> tuple[str | None, str]:
        """Have the thread called *name*, until what is returned is given to `take_off`."""
        before = vars(self).get("name"), self._own
        self.name = name
        return before

    def take_off(self, before: tuple[str | None, str]) -> None:
        """Have the thread called what it was *before* it was given another name."""
        name, self._own = before
        vars(self).pop("name", None)
        if name is not None:
            self.name = name

    def tell_apart(self, made: TaskName | None) -> TaskName | None:
        """Tell the tasks of this thread apart from now on, and return what was given the last time.

        A task that begins before it has been given a name is *made*.
        """
        self._own = vars(self).pop("name", self._own)
        before, self._made = self._made, made
        return before


this_thread = _ThisThread()

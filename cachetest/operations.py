"""One logged operation of a cache, where it came from, and the bounded log of them."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Kind", "Location", "Operation", "OperationLog", "caller_outside"]

Kind = Literal["put", "hit", "miss", "delete", "eviction", "expiration", "bypass"]

KINDS: tuple[Kind, ...] = get_args(Kind)

# Enough to see what led to a failure; a log that grows for ever would be a leak in a load test.
LOG_LENGTH = 10_000

# Code that a library has generated, as torch does for a backward, may have no module name at all.
_NEVER_THE_CALLER = sys.stdlib_module_names | {__name__.partition(".")[0], ""}


class Location(NamedTuple):
    """A line of source: file name, line number (from 1), and the function it is in."""

    filename: str
    lineno: int
    function: str

    def __str__(self) -> str:
        path = self.filename
        try:
            relative = os.path.relpath(path)
        except (ValueError, OSError):  # another drive, or a working directory that is gone
            relative = path
        if not relative.startswith(os.pardir):
            path = relative
        return f"{path}:{self.lineno} in {self.function}"


class Operation(NamedTuple):
    """What one call did to a cache.

    ``kind`` is ``"put"``, ``"hit"``, ``"miss"``, ``"delete"`` (asked for, whether or not there was
    anything), ``"eviction"`` (for room), ``"expiration"`` (its time had passed) or ``"bypass"`` (the
    library did not take part); ``cache`` the name of the cache; ``thread`` the name of the thread that
    called; ``where`` the innermost line of the caller that is neither in the library under test, nor in
    cachetest, nor in the standard library.
    """

    kind: Kind
    cache: str
    key: object
    thread: str
    where: Location


def caller_outside(libraries: frozenset[str] = frozenset()) -> Location:
    """Return the innermost calling line outside cachetest, the standard library and *libraries*.

    *libraries* are top-level package names. Where everything is inside (a thread whose target is the
    library's own, say) it is the innermost line outside cachetest.
    """
    frame = sys._getframe(1)
    fallback = None
    while frame is not None:
        name = frame.f_globals.get("__name__")
        root = name.partition(".")[0] if isinstance(name, str) else ""
        if root not in _NEVER_THE_CALLER and root not in libraries:
            break
        if fallback is None and root != "cachetest":
            fallback = frame
        frame = frame.f_back  # type: ignore[assignment]
    found = frame or fallback or sys._getframe(1)
    return Location(found.f_code.co_filename, found.f_lineno, found.f_code.co_name)


class OperationLog(Sequence[Operation]):
    """The latest operations of one cache, oldest first, and how many there were of each kind.

    A sequence of :class:`Operation`: at most ``LOG_LENGTH`` of them; ``dropped`` says how many
    older ones are gone. ``count(kind)`` is exact all the same.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget every operation and count."""
        latest: deque[Operation] = deque(maxlen=LOG_LENGTH)
        # A count is the length of a list. `+= 1` is not atomic, and a lock could not be taken by a
        # signal handler or a `__del__` that interrupts its holder; `list.append` is atomic under any
        # switch interval, in either of those, and without the GIL.
        ticks: dict[Kind, list[None]] = {kind: [] for kind in KINDS}
        # One store, so that an operation of another thread is wholly before it or wholly after it.
        self._state = latest, ticks

    def record(self, kind: Kind, cache: str, key: object, libraries: frozenset[str]) -> Operation:
        """Log and count one operation of the calling line."""
        operation = Operation(kind, cache, key, threading.current_thread().name, caller_outside(libraries))
        latest, ticks = self._state
        ticks[kind].append(None)
        latest.append(operation)
        return operation

    def tally(self, kind: Kind) -> int:
        """Return how many operations of *kind* were recorded, the dropped ones included."""
        return len(self._state[1][kind])

    @property
    def total(self) -> int:
        """How many operations were recorded, of any kind, the dropped ones included."""
        return sum(map(len, self._state[1].values()))

    @property
    def generation(self) -> object:
        """What is another object after each `clear`."""
        return self._state

    @property
    def dropped(self) -> int:
        """How many of the oldest operations are no longer in the log."""
        latest, ticks = self._state
        return max(0, sum(map(len, ticks.values())) - len(latest))

    def __len__(self) -> int:
        return len(self._state[0])

    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Operation]: ...
    def __getitem__(self, index: int | slice) -> Operation | list[Operation]:
        return self.snapshot()[index] if isinstance(index, slice) else self._state[0][index]

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.snapshot())

    def snapshot(self) -> list[Operation]:
        """Return a list of the logged operations as they are now."""
        # deque.copy() runs no bytecode in between, so no append of another thread can break it.
        return list(self._state[0].copy())

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return self.snapshot() == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} operations, {self.dropped} older ones dropped>"

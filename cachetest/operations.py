"""One logged operation of a cache, and the bounded log of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, overload

from .callers import Location, frame_outside, is_outside, location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import CodeType, FrameType

__all__ = [
    "KINDS",
    "LOG_LENGTH",
    "Kind",
    "ObservedLog",
    "Operation",
    "OperationLog",
]

Kind = Literal["put", "hit", "miss", "delete", "eviction", "expiration", "bypass"]

KINDS: tuple[Kind, ...] = get_args(Kind)

# Enough to see what led to a failure; a log that grows for ever would be a leak in a load test.
LOG_LENGTH = 10_000


class Operation(NamedTuple):
    """What one call did to a cache.

    ``kind`` is ``"put"``, ``"hit"``, ``"miss"``, ``"delete"`` (asked for, whether or not there was
    anything), ``"eviction"`` (for room), ``"expiration"`` (its time had passed) or ``"bypass"`` (the
    library did not take part); ``cache`` the name of the cache; ``thread`` the name of the thread that
    called, as it was at its first operation; ``where`` the innermost line of the caller that is neither in
    the library under test, nor in cachetest, nor in the standard library.
    """

    kind: Kind
    cache: str
    key: object
    thread: str
    where: Location


class _Here(threading.local):
    """What the thread that reads it is called: twice as fast as asking `threading` each time."""

    def __init__(self) -> None:
        self.thread = threading.current_thread().name


here = _Here()

# Kind, key, name of the thread, code of the caller, and how far the caller had come in it.
Record = tuple[Kind, object, str, "CodeType", int]


class Snapshot(Sequence[Operation]):
    """The operations of a log as they were at one moment, each of them made when it is read."""

    def __init__(self, cache: str, records: list[Record | Operation]) -> None:
        self._cache = cache
        self._records = records
        # Many operations come from few lines, and it takes long to find one. By the id of its code, which the
        # records keep alive: to hash code takes as long.
        self._locations: dict[tuple[int, int], Location] = {}

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Operation]: ...
    def __getitem__(self, index: int | slice) -> Operation | list[Operation]:
        if isinstance(index, slice):
            return [self._read(record) for record in self._records[index]]
        return self._read(self._records[index])

    def __iter__(self) -> Iterator[Operation]:
        return map(self._read, self._records)

    def _read(self, record: Record | Operation) -> Operation:
        if isinstance(record, Operation):
            return record
        kind, key, thread, code, instruction = record
        at = id(code), instruction
        where = self._locations.get(at)
        if where is None:
            where = self._locations[at] = location(code, instruction)
        return Operation(kind, self._cache, key, thread, where)


class _Tally:
    """The latest records of a log, and for each kind a list that is as long as there were operations of it.

    `+= 1` is not atomic, and a lock could not be taken by a signal handler or a ``__del__`` that interrupts
    its holder; ``list.append`` is atomic under any switch interval, in either of those, and without the GIL.
    """

    __slots__ = ("hits", "latest", "misses", "puts", "ticks")

    def __init__(self, latest: deque[Record | Operation], counts: Mapping[Kind, int] | None = None) -> None:
        self.latest = latest
        self.ticks: dict[Kind, list[None]] = {
            kind: [None] * (counts.get(kind, 0) if counts else 0) for kind in KINDS
        }
        # Those of nearly every operation, by a shorter way.
        self.puts, self.hits, self.misses = self.ticks["put"], self.ticks["hit"], self.ticks["miss"]


class OperationLog(Sequence[Operation]):
    """The latest operations of one cache, oldest first, and how many there were of each kind.

    A sequence of :class:`Operation`: at most *length* of them; ``dropped`` says how many older ones are
    gone. ``tally(kind)`` is exact all the same.
    """

    __slots__ = ("_cache", "_caller", "_length", "_state")

    def __init__(self, cache: str, length: int | None = None) -> None:
        self._cache = cache
        self._length = LOG_LENGTH if length is None else length
        # Code that is known to be outside where there are no libraries: the next operation is most often of
        # the same.
        self._caller: CodeType | None = None
        self.clear()

    def clear(self) -> None:
        """Forget every operation and count."""
        # One store, so that an operation of another thread is wholly before it or wholly after it.
        self._state = _Tally(self._latest())

    def _latest(self, records: Iterable[Record | Operation] = ()) -> deque[Record | Operation]:
        return deque(records, self._length)

    def record(self, kind: Kind, key: object, libraries: frozenset[str], frame: FrameType) -> None:
        """Log and count an operation that *frame*, or a caller of it, asked for."""
        # What is here `MockCache` has written out twice: the call is a tenth of an operation.
        code = frame.f_code
        if libraries or code is not self._caller:
            frame, code = self.find_caller(frame, libraries)
        state = self._state
        state.ticks[kind].append(None)
        # The line is worked out when somebody reads it: that takes longer than all of this.
        state.latest.append((kind, key, here.thread, code, frame.f_lasti))

    def find_caller(self, frame: FrameType, libraries: frozenset[str]) -> tuple[FrameType, CodeType]:
        """Return the frame from *frame* on that an operation is logged with, and its code."""
        found = frame_outside(frame, libraries)
        # Where nothing is outside, what was found is not either.
        if is_outside(found):
            self._caller = found.f_code
        return found, found.f_code

    def __getstate__(self) -> tuple[str, int, list[Operation], dict[Kind, int]]:
        # Code can't be pickled.
        counts = {kind: len(ticks) for kind, ticks in self._state.ticks.items()}
        return self._cache, self._length, list(self), counts

    def __setstate__(self, state: tuple[str, int, list[Operation], dict[Kind, int]]) -> None:
        self._cache, self._length, operations, counts = state
        self._caller = None
        self._state = _Tally(self._latest(operations), counts)

    def tally(self, kind: Kind) -> int:
        """Return how many operations of *kind* were recorded, the dropped ones included."""
        return len(self._state.ticks[kind])

    @property
    def total(self) -> int:
        """How many operations were recorded, of any kind, the dropped ones included."""
        return sum(map(len, self._state.ticks.values()))

    def keys(self, kind: Kind) -> list[object]:
        """Return the keys of the logged operations of *kind*, the newest first."""
        return [
            record.key if isinstance(record, Operation) else record[1]
            for record in reversed(self._state.latest.copy())
            if record[0] == kind
        ]

    @property
    def generation(self) -> object:
        """What is another object after each `clear`."""
        return self._state

    @property
    def dropped(self) -> int:
        """How many of the oldest operations are no longer in the log."""
        state = self._state
        # An operation is counted before it is logged: one that is on its way was not dropped.
        length = len(state.latest)
        return sum(map(len, state.ticks.values())) - length if length == self._length else 0

    def __len__(self) -> int:
        return len(self._state.latest)

    @overload
    def __getitem__(self, index: int) -> Operation: ...
    @overload
    def __getitem__(self, index: slice) -> list[Operation]: ...
    def __getitem__(self, index: int | slice) -> Operation | list[Operation]:
        return self.snapshot()[index]

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.snapshot())

    def snapshot(self) -> Snapshot:
        """Return the logged operations as they are now."""
        # deque.copy() runs no bytecode in between, so no append of another thread can break it.
        return Snapshot(self._cache, list(self._state.latest.copy()))

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} operations, {self.dropped} older ones dropped>"


class _Told(deque["Record | Operation"]):
    """What tells of each record after it was appended."""

    tell: Callable[[Record | Operation], None]

    def append(self, record: Record | Operation) -> None:
        super().append(record)
        self.tell(record)


class ObservedLog(OperationLog):
    """A log whose *observer* is told of every operation after it was counted."""

    __slots__ = ("_observer",)

    def __init__(self, cache: str, length: int | None, observer: Callable[[Operation], None]) -> None:
        self._observer = observer
        super().__init__(cache, length)

    def _latest(self, records: Iterable[Record | Operation] = ()) -> deque[Record | Operation]:
        latest = _Told(records, self._length)
        latest.tell = lambda record: self._observer(Snapshot(self._cache, [record])[0])
        return latest

    def __reduce__(self) -> tuple[object, ...]:
        # A copy has nobody to tell.
        return OperationLog, (self._cache, self._length), self.__getstate__()

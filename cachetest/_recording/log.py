"""The log of one cache: its latest operations, and how many there were of each kind."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, overload

from .call_sites import calling_frame, is_outside, location_of, this_thread
from .operation import KINDS, Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import CodeType, FrameType

    from .call_sites import Location
    from .operation import Kind

__all__ = ["LOG_LENGTH", "ObservedLog", "OperationLog", "Snapshot"]

# Enough to see what led to a failure; a log that grows for ever would be a leak in a load test.
LOG_LENGTH = 10_000

# Number, kind, key, name of the thread, code of the caller, how far the caller had come in it; and, in some,
# what else is known, by the names that `Operation` has for it.
Record = tuple[Any, ...]


def _number_of(record: Record | Operation) -> int:
    number: int = record.number if isinstance(record, Operation) else record[0]
    return number


class Snapshot(Sequence[Operation]):
    """The operations of a log as they were at one moment, each of them made when it is read."""

    def __init__(self, cache: str, records: list[Record | Operation], process: int) -> None:
        self._cache = cache
        self._records = records
        self._process = process
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

    def kinds(self) -> list[Kind]:
        """Return the kind of each operation: far faster than to read them."""
        return [each.kind if isinstance(each, Operation) else each[1] for each in self._records]

    def keys(self) -> list[object]:
        """Return the key of each operation."""
        return [each.key if isinstance(each, Operation) else each[2] for each in self._records]

    def numbers(self) -> list[int]:
        """Return the number of each operation, which rise."""
        return list(map(_number_of, self._records))

    def _read(self, record: Record | Operation) -> Operation:
        if isinstance(record, Operation):
            return record
        number, kind, key, thread, code, instruction, *more = record
        at = id(code), instruction
        where = self._locations.get(at)
        if where is None:
            where = self._locations[at] = location_of(code, instruction)
        known = more[0] if more else {}
        return Operation(number, kind, self._cache, key, thread, where, process=self._process, **known)


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
        # The kinds of nearly every operation, for the fast path.
        self.puts, self.hits, self.misses = self.ticks["put"], self.ticks["hit"], self.ticks["miss"]


class OperationLog(Sequence[Operation]):
    """The latest operations of one cache, oldest first, and how many there were of each kind.

    A sequence of :class:`Operation`: at most *length* of them; ``dropped`` says how many older ones are
    gone. ``tally(kind)`` is exact all the same. ``numbers`` gives each operation its number, and is shared by
    the logs of a scope.
    """

    __slots__ = ("_cache", "_length", "_process", "caller", "numbers", "state")

    def __init__(self, cache: str, length: int | None = None, numbers: Iterator[int] | None = None) -> None:
        self._cache = cache
        self._length = LOG_LENGTH if length is None else length
        self._process = os.getpid()
        # `next` of it is atomic, as appending is.
        self.numbers = count(1) if numbers is None else numbers
        # Code that is known to be outside where there are no libraries: the next operation is most often of
        # the same.
        self.caller: CodeType | None = None
        self.clear()

    def clear(self) -> None:
        """Forget every operation and count."""
        # One store, so that an operation of another thread is wholly before it or wholly after it.
        self.state = _Tally(self._latest())

    def _latest(self, records: Iterable[Record | Operation] = ()) -> deque[Record | Operation]:
        return deque(records, self._length)

    def record(
        self,
        kind: Kind,
        key: object,
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None = None,
    ) -> None:
        """Log and count an operation that *frame*, or a caller of it, asked for.

        *known* is what else is known of it, by the names that `Operation` has.
        """
        # `_caches.backend` has this written out: the call is a tenth of an operation.
        code = frame.f_code
        if libraries or code is not self.caller:
            frame, code = self.find_caller(frame, libraries)
        state = self.state
        state.ticks[kind].append(None)
        # The line is worked out when somebody reads it: that takes longer than all of this.
        record = (next(self.numbers), kind, key, this_thread.name, code, frame.f_lasti)
        state.latest.append(record if known is None else (*record, known))

    def find_caller(self, frame: FrameType, libraries: frozenset[str]) -> tuple[FrameType, CodeType]:
        """Return the frame from *frame* on that an operation is logged with, and its code."""
        found = calling_frame(frame, libraries)
        # Where nothing is outside, what was found is not either.
        if is_outside(found):
            self.caller = found.f_code
        return found, found.f_code

    def __getstate__(self) -> tuple[str, int, list[Operation], dict[Kind, int]]:
        # Code can't be pickled.
        counts = {kind: len(ticks) for kind, ticks in self.state.ticks.items()}
        return self._cache, self._length, list(self), counts

    def __setstate__(self, state: tuple[str, int, list[Operation], dict[Kind, int]]) -> None:
        self._cache, self._length, operations, counts = state
        self._process = os.getpid()
        self.numbers = count(operations[-1].number + 1 if operations else 1)
        self.caller = None
        self.state = _Tally(self._latest(operations), counts)

    def tally(self, kind: Kind) -> int:
        """Return how many operations of *kind* were recorded, the dropped ones included."""
        return len(self.state.ticks[kind])

    @property
    def total(self) -> int:
        """How many operations were recorded, of any kind, the dropped ones included."""
        return sum(map(len, self.state.ticks.values()))

    def keys(self, kind: Kind) -> list[object]:
        """Return the keys of the logged operations of *kind*, the newest first."""
        snapshot = self.snapshot()
        found = [key for key, each in zip(snapshot.keys(), snapshot.kinds(), strict=True) if each == kind]
        return found[::-1]

    @property
    def generation(self) -> object:
        """A token that is another object after each `clear`."""
        return self.state

    @property
    def dropped(self) -> int:
        """How many of the oldest operations are no longer in the log."""
        state = self.state
        # An operation is counted before it is logged: one that is on its way was not dropped.
        length = len(state.latest)
        return sum(map(len, state.ticks.values())) - length if length == self._length else 0

    def __len__(self) -> int:
        return len(self.state.latest)

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
        records = list(self.state.latest.copy())
        # Of two threads at once, one may get its number first and be logged second.
        numbers = list(map(_number_of, records))
        if numbers != sorted(numbers):
            records.sort(key=_number_of)
        return Snapshot(self._cache, records, self._process)

    def __eq__(self, other: Any) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} operations, {self.dropped} older ones dropped>"


class _Told(deque["Record | Operation"]):
    """A deque that tells of each record after it was appended."""

    tell: Callable[[Record | Operation], None]

    def append(self, record: Record | Operation) -> None:
        super().append(record)
        self.tell(record)


class ObservedLog(OperationLog):
    """A log whose *observer* is told of every operation after it was counted."""

    __slots__ = ("_observer",)

    def __init__(
        self,
        cache: str,
        length: int | None,
        numbers: Iterator[int],
        observer: Callable[[Operation], None],
    ) -> None:
        self._observer = observer
        super().__init__(cache, length, numbers)

    def _latest(self, records: Iterable[Record | Operation] = ()) -> deque[Record | Operation]:
        latest = _Told(records, self._length)
        latest.tell = lambda record: self._observer(Snapshot(self._cache, [record], self._process)[0])
        return latest

    def __reduce__(self) -> tuple[object, ...]:
        # A copy has nobody to tell.
        return OperationLog, (self._cache, self._length), self.__getstate__()

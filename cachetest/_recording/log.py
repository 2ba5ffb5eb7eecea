"""The log of one cache: its latest operations, and how many there were of each kind."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import count
from os import getpid
from typing import TYPE_CHECKING, Any, overload

from .call_sites import calling_frame, is_outside, this_thread
from .foreign_adapters import past_adapter
from .operation import KINDS, Operation
from .packages import NO_LIBRARIES
from .snapshot import Snapshot, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import CodeType, FrameType

    from .makers import SavedFrame
    from .operation import Kind, OriginTeller
    from .snapshot import Record

__all__ = ["LOG_LENGTH", "ObservedLog", "OperationLog"]

# Enough to see what led to a failure; a log that grows for ever would be a leak in a load test.
LOG_LENGTH = 10_000


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


def _nobody() -> None:
    """Stand for a reference to what is not there."""


class OperationLog(Sequence[Operation]):
    """The latest operations of one cache, oldest first, and how many there were of each kind.

    A sequence of :class:`Operation`: at most *length* of them; ``dropped`` says how many older ones are
    gone. ``tally(kind)`` is exact all the same. ``numbers`` gives each operation its number, and is shared by
    the logs of a scope, as ``outside`` is: the packages that are not the caller for the test.
    """

    __slots__ = ("_cache", "_length", "_process", "caller", "numbers", "outside", "owner", "state")

    def __init__(
        self,
        cache: str,
        length: int | None = None,
        numbers: Iterator[int] | None = None,
        outside: frozenset[str] = NO_LIBRARIES,
    ) -> None:
        self._cache = cache
        self._length = LOG_LENGTH if length is None else length
        self._process = getpid()
        # `next` of it is atomic, as appending is.
        self.numbers = count(1) if numbers is None else numbers
        self.outside = outside
        # Code that is known to be outside where there are no libraries: the next operation is most often of
        # the same.
        self.caller: CodeType | None = None
        # A reference to the cache.
        self.owner: Callable[[], OriginTeller | None] = _nobody
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
        found: FrameType | SavedFrame = frame
        code = frame.f_code
        if libraries or code is not self.caller:
            found, code = self.find_caller(frame, libraries)
        state = self.state
        state.ticks[kind].append(None)
        # The line is worked out when somebody reads it: that takes longer than all of this.
        record = (next(self.numbers), kind, key, this_thread.name, code, found.f_lasti)
        state.latest.append(record if known is None else (*record, known))

    def record_numbered(
        self,
        kind: Kind,
        key: object,
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object],
    ) -> int:
        """Do what `record` does, and return the number of the operation."""
        found, code = self.find_caller(frame, libraries)
        state = self.state
        state.ticks[kind].append(None)
        number = next(self.numbers)
        state.latest.append((number, kind, key, this_thread.name, code, found.f_lasti, known))
        return number

    def record_all(
        self,
        effects: Iterable[tuple[Kind, object]],
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None = None,
    ) -> None:
        """Do what `record` does for each of *effects*, of one call: the kind of an operation, and its key."""
        found, code, name = None, None, ""
        for kind, key in effects:
            if found is None or code is None:
                found, code = self.find_caller(frame, libraries)
                at, name = found.f_lasti, this_thread.name
            state = self.state
            state.ticks[kind].append(None)
            record = (next(self.numbers), kind, key, name, code, at)
            state.latest.append(record if known is None else (*record, known))

    def find_caller(
        self, frame: FrameType, libraries: frozenset[str]
    ) -> tuple[FrameType | SavedFrame, CodeType]:
        """Return the frame from *frame* on that an operation is logged with, and its code."""
        outside = libraries | self.outside if self.outside else libraries
        found = calling_frame(frame, outside)
        if found is frame and libraries:
            # The libraries are an adapter's, and so is the line that names them: that of a test's own file.
            found = calling_frame(past_adapter(frame, libraries), outside)
        # Where nothing is outside, what was found is not either.
        elif not outside and is_outside(found):
            self.caller = found.f_code
        return found, found.f_code

    def __getstate__(self) -> tuple[str, int, list[Operation], dict[Kind, int]]:
        # Code can't be pickled.
        counts = {kind: len(ticks) for kind, ticks in self.state.ticks.items()}
        return self._cache, self._length, list(self), counts

    def __setstate__(self, state: tuple[str, int, list[Operation], dict[Kind, int]]) -> None:
        self._cache, self._length, operations, counts = state
        self._process = getpid()
        self.outside = NO_LIBRARIES
        self.numbers = count(operations[-1].number + 1 if operations else 1)
        self.caller = None
        self.owner = _nobody
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
    def newest(self) -> int:
        """The number of the newest operation that is logged; 0 where none is."""
        latest = self.state.latest
        return number_of(latest[-1]) if latest else 0

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
        numbers = list(map(number_of, records))
        if numbers != sorted(numbers):
            records.sort(key=number_of)
        return Snapshot(self._cache, records, self._process, self.owner())

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

    def extend(self, records: Iterable[Record | Operation]) -> None:
        for record in records:
            self.append(record)


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

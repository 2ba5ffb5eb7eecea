"""What callers of one function do to a cache at once: who looked up, loaded and put, in order."""

from __future__ import annotations

import threading
from collections import Counter
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from .._recording.call_sites import calling_frame
from .._recording.operation import Location, location_of
from .._recording.sameness import identity
from .load_calls import arguments_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from .call import Call

__all__ = ["Event", "Flight", "Who", "flying", "location_of_call"]

Who = int | str
# Who has looked up a key more often than that is polling.
_POLLS = 4

flying: ContextVar[tuple[Any, int] | None] = ContextVar("cachetest.flying", default=None)
"""The flight that a context is part of, and the number of its caller."""


class Event(NamedTuple):
    """One thing that a caller did: ``kind`` is that of an operation, or ``"load"``.

    ``who`` is the number of the caller, or the name of a thread that works for one.
    """

    kind: str
    key: object
    who: Who
    where: Location | None
    number: int | None = None


class _Noted:
    """What stands among the strikes of a call, so that it is told of the operations that came of it."""

    fault = None
    is_spent = False

    def __init__(self, flight: Flight, who: Who, call: Call) -> None:
        self._flight = flight
        self._who = who
        self._call = call

    @property
    def injection(self) -> _Noted:
        return self

    def has(self, key: object) -> bool:
        return True

    def note(self, gate: Any, number: int) -> None:
        self._flight.note(self._who, self._call, number)


class Flight:
    """The Behaviour that keeps what *callers* do to *cache*; it lets every call go on.

    A load is an attempt to write a key that its caller had missed; with *by_calls*, a call of a function that
    `load` is told of; with *by_arguments* the arguments of that call are the key.
    """

    are_processes = False

    def __init__(
        self, cache: str, callers: int, *, by_calls: bool = False, by_arguments: bool = False
    ) -> None:
        self.cache = cache
        self.callers = callers
        self.by_calls = by_calls
        self.by_arguments = by_arguments
        # Appending is atomic, and what is counted is counted from here.
        self.events: list[Event] = []
        self.loads: list[Event] = []
        self.done: set[int] = set()
        self.is_over = False
        # Those that have looked one key up again and again.
        self.polling: set[Who] = set()
        self._times: Counter[tuple[Who, object]] = Counter()
        self._looked: dict[Who, set[object]] = {}
        self._missed: dict[Who, dict[object, object]] = {}
        self._last_missed: dict[Who, object] = {}

    def who(self) -> Who:
        """Return who calls here."""
        found = flying.get()
        if found is not None and found[0] is self:
            return found[1]
        return threading.current_thread().name

    def __call__(self, call: Call, proceed: Callable[[], Any]) -> Any:
        if call.cache != self.cache or self.is_over:
            return proceed()
        who = self.who()
        call.strikes = (*call.strikes, _Noted(self, who, call))
        if call.kind == "put":
            missed = [key for key in call.keys if self._take_missed(who, key)]
            where = location_of_call(call)
            if not self.by_calls:
                self.loads += [Event("load", key, who, where) for key in missed]
            self.before_put(who, tuple(call.keys), where)
        return proceed()

    def end(self) -> None:
        """Keep nothing any more, and hold nobody; it may be repeated."""
        self.is_over = True

    def before_put(self, who: Who, keys: tuple[object, ...], where: Location | None) -> None:
        """Do what is to be done before *who* puts *keys*."""

    def note(self, who: Who, call: Call, number: int) -> None:
        """Note the operation of *number*, which has been recorded, of a call of *who*."""
        kind, key = _kind_and_key(call, number)
        self.events.append(Event(kind, key, who, location_of_call(call), number))
        if kind in ("hit", "miss", "failure"):
            at = identity(key)
            if kind == "miss":
                self._missed.setdefault(who, {})[at] = key
                self._last_missed[who] = key
            self._looked.setdefault(who, set()).add(at)
            self._times[who, at] += 1
            if self._times[who, at] > _POLLS:
                self.polling.add(who)

    def load(self, frame: FrameType) -> None:
        """Note that a load begins."""
        if self.is_over:
            return
        who = self.who()
        outer = frame.f_back or frame
        found = calling_frame(outer)
        where = location_of(found.f_code, found.f_lasti)
        key = self._key_of_load(who, frame)
        loaded = Event("load", key, who, where)
        self.events.append(loaded)
        self.loads.append(loaded)
        if self.by_arguments:
            self._looked.setdefault(who, set()).add(identity(key))
            self.before_put(who, (key,), where)

    def _key_of_load(self, who: Who, frame: FrameType) -> object:
        if self.by_arguments:
            return arguments_of(frame)
        if who in self._last_missed or isinstance(who, int):
            return self._last_missed.get(who)
        # A thread that loads for one of the callers.
        return next(iter(self._last_missed.values()), None)

    def has_missed(self, who: Who) -> bool:
        """Return whether *who* has missed a key and not put it."""
        return bool(self._missed.get(who))

    def last_missed(self, who: Who) -> object:
        """Return the key that *who* has missed last."""
        return self._last_missed.get(who)

    def all_have_looked_up(self, key: object) -> bool:
        """Return whether each caller has looked *key* up, or is done."""
        at = identity(key)
        return all(
            each in self.done or at in self._looked.get(each, ()) for each in range(1, self.callers + 1)
        )

    def news(self) -> object:
        """Return what changes when something happens that has not before: to look up again is none."""
        return sum(map(len, list(self._looked.values()))), len(self.loads), len(self.done)

    def _take_missed(self, who: Who, key: object) -> bool:
        """Return whether *who*, or the caller that it works for, had missed *key*; once for each miss."""
        at = identity(key)
        if self._missed.get(who, {}).pop(at, self) is not self:
            return True
        if isinstance(who, int):
            return False
        # A thread of a pool that puts what a caller has missed.
        return any(missed.pop(at, self) is not self for missed in list(self._missed.values()))


def _kind_and_key(call: Call, number: int) -> tuple[str, object]:
    for record in reversed(call.gate.operations.state.latest.copy()):
        if isinstance(record, tuple) and record[0] == number:
            return record[1], record[2]
    return "failure", None


def location_of_call(call: Call) -> Location | None:
    """Return the line of the program that *call* comes from."""
    if call.frame is None:
        return None
    found, code = call.gate.operations.find_caller(call.frame, call.libraries)
    return location_of(code, found.f_lasti)

"""Callers in processes of their own: nobody's first put is done before all have looked up, wait, or are done.

The process of the test does what its children ask a cache for. So it is here that one is held: it gets no
answer until it is let go.
"""

from __future__ import annotations

import os
from collections import Counter
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any

from .._recording.call_sites import ProcessThread, this_thread
from .._recording.sameness import identity
from .callers import Held, is_asked_outside
from .flight_of_threads import HOLDS, Control, ThreadFlight
from .load_calls import Profile, releases_for_others
from .process_callers import PATIENCE, ProcessCaller, sent
from .quiet_processes import EVERY_ONE, Looked, QuietProcesses

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from .._recording.operation import Location
    from .flight import Who
    from .load_calls import Watched

__all__ = ["ProcessFlight", "flights"]

# Who has done the same thing, and nothing else, more often than that is polling.
_POLLS = 4

flights: dict[int, ProcessFlight] = {}
"""Those that are under way in this process, by number."""
_numbers = count(1)


class ProcessFlight(ThreadFlight):
    """A flight of processes, which *hand_over* and *ask* connect with what serves children.

    The first has another thread serve the other children, where the calling one does that. By the second a
    child tells the flight of its parent of something, at the line of a frame.
    """

    are_processes = True

    def __init__(
        self,
        cache: str,
        callers: int,
        patience: float,
        watched: Watched | None = None,
        *,
        hand_over: Callable[[], None],
        ask: Callable[[FrameType, int, str], Any],
        **more: Any,
    ) -> None:
        """Have so many *callers*; see `Flight` for the rest."""
        super().__init__(cache, callers, patience, watched, **more)
        self.number = next(_numbers)
        self._owner = os.getpid()
        self._hand_over = hand_over
        self._ask = ask
        self._callers: list[ProcessCaller] = []
        self._of_process: dict[int, int] = {}
        # What each has missed, and not put since.
        self._to_be_put: set[tuple[Who, object]] = set()
        self._same: dict[Who, tuple[object, int]] = {}
        self._held_after_miss: Counter[object] = Counter()

    def who(self) -> Who:
        process = getattr(this_thread.name, "process", 0)
        return self._of_process.get(process) or str(this_thread.name)

    def __call__(self, call: Any, proceed: Callable[[], Any]) -> Any:
        if call.cache == self.cache and not self.is_over:
            # Its lock may be in the cache: others could not look up before it puts.
            self._hold_after_miss(self.who(), put=tuple(call.keys) if call.kind == "put" else ())
        return super().__call__(call, proceed)

    def _hold_after_miss(self, who: Who, put: tuple[object, ...] = ()) -> None:
        if not isinstance(who, int) or not self.has_missed(who):
            return
        key = self.last_missed(who)
        # What puts the key is held in any case, for as long.
        if any(identity(each) == identity(key) for each in put) or self.all_have_looked_up(key):
            return
        at = who, identity(key)
        if self._held_after_miss[at] < HOLDS:
            self._held_after_miss[at] += 1
            self._hold(Held(who, key, at_put=False))

    def note(self, who: Who, call: Any, number: int) -> None:
        super().note(who, call, number)
        done = self.events[-1]
        if done.kind == "miss":
            self._to_be_put.add((who, identity(done.key)))
        same = done.kind, identity(done.key), done.where
        before, times = self._same.get(who, (None, 0))
        if before != same:
            # The others may find something else now.
            self._same.clear()
        self.awake.append(getattr(this_thread.name, "process", 0) if before == same else EVERY_ONE)
        self._same[who] = same, times + 1 if before == same else 1

    def before_put(self, who: Who, keys: tuple[object, ...], where: Location | None) -> None:
        for key in keys:
            at = who, identity(key)
            # Once; and nothing else: a lock that is kept in the cache is put by all of them.
            if at in self._to_be_put:
                self._to_be_put.discard(at)
                if self.held or not self.all_have_looked_up(key):
                    self._hold(Held(who, key, at_put=True))

    def _hold(self, held: Held) -> None:
        if isinstance(this_thread.name, ProcessThread):
            self._hand_over()
        super()._hold(held)

    def let_go(self, held: Held) -> None:
        # What it is about to do may be what those that poll wait for.
        self._same.clear()
        self.awake.append(EVERY_ONE)
        super().let_go(held)

    def told_by_child(self, frame: Any, what: str) -> bool:
        """Do what a child is told of: that it loads, or has released a lock; return whether to go on."""
        if self.is_over:
            return False
        if what == "load":
            super().load(frame)
        else:
            self._hold_after_miss(self.who())
        return True

    def load(self, frame: FrameType) -> None:
        if os.getpid() == self._owner:
            super().load(frame)
        else:
            self._ask(frame.f_back or frame, self.number, "load")

    def released(self, frame: FrameType) -> bool:
        if not is_asked_outside(frame):
            return True
        return bool(self._ask(frame, self.number, "released"))

    def call(self, caller: ProcessCaller, function: Callable[[], Any]) -> None:
        """Call *function* in the process of *caller*, and send what comes of it."""
        for each in self._callers:
            # Else nobody would see that the test's process is gone.
            each.begin.close()
            each.results.close()
        try:
            caller.begun.recv_bytes()
        except EOFError:
            return
        value: Any = None
        error: BaseException | None = None
        profile = Profile(self.watched, self.released, releases_for_others)
        profile.start()
        try:
            value = function()
        except BaseException as found:
            error = found
        finally:
            profile.stop()
        caller.result.send_bytes(sent(caller.number, value, error))

    def fly(self, function: Callable[[], Any]) -> bool:
        control = Control(self, QuietProcesses(self.progress, self._to_look_at))
        flights[self.number] = self
        try:
            # All are made before one begins: from then on other threads serve them.
            for number in range(1, self.callers + 1):
                caller = ProcessCaller(self.call, number, function)
                self._callers.append(caller)
                caller.start()
                self._of_process[caller.process.pid or 0] = number
            for caller in self._callers:
                self.threads.append(caller)
                caller.begin.send_bytes(b"begin")
                control.begin_caller()
                while not control.has_come_far(caller.number) and not control.is_stuck:
                    control.step()
            while len(self.done) < self.callers and not control.is_stuck:
                control.step()
            return not control.is_stuck
        finally:
            self.end()
            flights.pop(self.number, None)
            self._end_all(0.0 if len(self.done) < self.callers else PATIENCE)

    def _end_all(self, patience: float) -> None:
        until = monotonic() + patience
        for each in self._callers:
            each.end(max(0.0, until - monotonic()))

    def progress(self) -> object:
        for each in self._callers:
            if each.number not in self.done and each.take_result():
                self.done.add(each.number)
        return super().progress()

    def _to_look_at(self) -> list[Looked]:
        held = {each.who for each in list(self.held)}
        return [
            Looked(each.process.pid, each.number in held, self._same.get(each.number, (None, 0))[1] > _POLLS)
            for each in list(self.threads)
            if each.number not in self.done
        ]

    def stuck(self) -> list[tuple[int, Any]]:
        """Return the callers that are not done, each with the last thing that it did."""
        found = []
        for number in range(1, self.callers + 1):
            if number not in self.done:
                last = [each for each in list(self.events) if each.who == number][-1:]
                found.append((number, last[0] if last else None))
        return found

"""Callers that take turns at calls to caches, and nowhere else: one goes on, and the others wait."""

from __future__ import annotations

import threading
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .._recording.packages import PROGRAM
from .._recording.sameness import identity
from .callers import LONGEST, Caller, Held, is_asked_outside, is_to_be_awaited
from .flight import Flight, location_of_call
from .load_calls import Profile
from .quiet import Quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from .call import Call
    from .load_calls import Watched

__all__ = ["MOST_STEPS", "Steps", "ThreadTurns", "is_step"]

# What says nothing about entries, and begins or ends what is one step with what comes after.
_NO_STEP = frozenset({"HELLO", "CLIENT", "SELECT", "AUTH", "PING", "MULTI", "READONLY", "COMMAND", "INFO"})
MOST_STEPS = 5_000
"""More steps than that are no program that comes to an end."""
_NAPS, _NAP = 20, 0.00005
# So often may callers do what they have just done, with nothing done by others in between, before that is
# waiting for what will never come.
_SPINS = 200
# So long, in seconds, is waited for those that go on to their end by themselves.
_PATIENCE = 2.0
# For so many seconds may callers work without asking a cache for anything.
_LONGEST_STEP = 60.0


def is_step(call: Call) -> bool:
    """Return whether *call* may read or change entries by itself."""
    return call.asked not in _NO_STEP and bool(call.keys or call.kind)


class Steps(Flight):
    """A flight whose events are in steps: ``step_of`` has the number of the step that each event is of."""

    def __init__(self, cache: str, callers: int, *, by_calls: bool = False) -> None:
        super().__init__(cache, callers, by_calls=by_calls)
        self.is_deadlock = False
        self.step_of: list[int] = []
        self.step = 0
        self.why_stuck = ""
        # The caches that were used, whichever they are.
        self.used_elsewhere: set[str] = set()

    def note(self, who: Any, call: Call, number: int) -> None:
        super().note(who, call, number)
        self.step_of.append(self.step)

    def load(self, frame: FrameType) -> None:
        super().load(frame)
        while len(self.step_of) < len(self.events):
            self.step_of.append(self.step)


class ThreadTurns(Steps):
    """Turns of threads; `run` gives them, to whom *choose* says."""

    def __init__(self, cache: str, callers: int, watched: Watched | None = None, **more: Any) -> None:
        """Have so many *callers*; see `Flight` for the rest."""
        super().__init__(cache, callers, **more)
        self.watched = watched
        self.threads: list[Caller] = []
        self._waiting: dict[int, tuple[Held, object]] = {}
        self._all_held: list[Held] = []
        self._inside = threading.local()
        # What each has done last, and how much news there had been then: what is no repetition is news.
        self._last: dict[int, tuple[object, int]] = {}
        self._news = 0
        self._spins = 0

    def __call__(self, call: Call, proceed: Callable[[], Any]) -> Any:
        who = self.who()
        if self.is_over or not isinstance(who, int):
            return proceed()
        inside = self._inside
        # The first call inside another is the same step: a framework's call, and that of the client below.
        is_first = getattr(inside, "is_begun", False)
        takes_turn = is_step(call)
        if takes_turn and not is_first:
            self.point(who, (call.cache, call.asked, tuple(map(identity, call.keys)), location_of_call(call)))
        inside.is_begun = is_first or takes_turn
        try:
            return super().__call__(call, proceed)
        finally:
            inside.is_begun = False

    def note(self, who: Any, call: Call, number: int) -> None:
        if isinstance(who, int):
            super().note(who, call, number)

    def begin_load(self, frame: FrameType) -> None:
        """Have the caller that begins to load wait for its turn."""
        who = self.who()
        if isinstance(who, int) and not self.is_over:
            self.point(who, ("load", id(frame)))
            self.load(frame)

    def end_load(self, frame: FrameType) -> None:
        """Have the caller that has loaded wait for its turn."""
        who = self.who()
        if isinstance(who, int) and not self.is_over:
            self.point(who, ("end of load", id(frame)))

    def released(self, frame: FrameType) -> bool:
        """Have the caller that has released a lock of the program wait: else nobody else would get it."""
        who = self.who()
        if self.is_over or not isinstance(who, int):
            return False
        if not getattr(self._inside, "is_begun", False) and is_asked_outside(frame, PROGRAM):
            self.point(who, ("released", frame.f_code, frame.f_lasti))
        return True

    def point(self, who: int, what: object) -> None:
        """Wait for the turn of *who*, which is about to do *what*."""
        held = Held(who, what, at_put=False)
        # Kept: who lets one go may be interrupted when it has taken it out.
        self._all_held.append(held)
        self._waiting[who] = held, what
        if self.is_over:
            return
        held.lock.acquire(timeout=LONGEST)

    def begin_caller(self, number: int) -> None:
        """Note that a caller begins, on its thread."""
        if self.by_calls:
            # It may write, before it asks any cache, what another loads.
            self.point(number, "begin")

    def end_caller(self, number: int) -> None:
        """Note that a caller is done, on its thread."""
        self.done.add(number)

    def run(
        self,
        function: Callable[[], Any],
        choose: Callable[[Sequence[int]], int],
        order: Sequence[int] = (),
    ) -> bool:
        """Have *function* called by all, one after the other in *order*, if given; return whether all ended.

        Where the first returns what is to be awaited, no other is made.
        """
        quiet = Quiet(self._progress)
        try:
            for count, number in enumerate(order or range(1, self.callers + 1), 1):
                thread = Caller(self, number, function, Profile(self.watched, self.released))
                self.threads.append(thread)
                thread.start()
                if not self._settle(quiet):
                    return False
                if count == 1 and self.done and not self._waiting and is_to_be_awaited(thread.value):
                    return True
                # One after the other, the next begins when this one is done.
                if order and not self._take_turns(quiet, choose, count):
                    return False
            return self._take_turns(quiet, choose, self.callers)
        finally:
            self.threads.sort(key=lambda each: each.number)
            self.end()
            # Who waits for another for ever stays.
            patience = 0.05 if self.is_deadlock else _PATIENCE
            for each in self.threads:
                each.end(patience)

    def _take_turns(self, quiet: Quiet, choose: Callable[[Sequence[int]], int], until: int) -> bool:
        """Give turns until so many are done; return whether they are."""
        while len(self.done) < until:
            able = self._able()
            if self.step >= MOST_STEPS:
                self.why_stuck = f"they have made {MOST_STEPS:,} steps"
                return False
            if not able:
                self.is_deadlock = not self.why_stuck
                return False
            self._go_on(choose(able))
            if not self._settle(quiet):
                return False
        return True

    def end(self) -> None:
        """Let everybody go, and have nobody wait any more; it may be repeated."""
        self.is_over = True
        self._waiting.clear()
        for held in self._all_held:
            held.let_go()

    def _progress(self) -> object:
        return len(self.events), len(self.done), tuple(self._waiting)

    def _settle(self, quiet: Quiet) -> bool:
        """Wait until each caller waits, for its turn or for another, or is done; False after too long."""
        since, seen = monotonic(), self._progress()
        while True:
            for _ in range(_NAPS):
                if len(self._waiting) + len(self.done) >= len(self.threads):
                    return True
                sleep(_NAP)
            if quiet.look():
                return True
            if self._progress() != seen:
                since, seen = monotonic(), self._progress()
            if monotonic() - since > _LONGEST_STEP:
                self.why_stuck = f"one has not asked any cache for anything for {_LONGEST_STEP:g} s"
                return False

    def _able(self) -> list[int]:
        """Return who can go on: not who repeats what it has just done, which waits for another."""
        able = sorted(self._waiting)
        moving = [who for who in able if self._last.get(who) != (self._waiting[who][1], self._news)]
        if moving or not able:
            return moving
        self._spins += 1
        if self._spins > _SPINS:
            self.why_stuck = "all that could go on repeat what they do"
            return []
        return able

    def _go_on(self, who: int) -> None:
        held, what = self._waiting.pop(who)
        if self._last.get(who, (None, 0))[0] != what:
            # What others have just done again and again, they may do again to see this.
            self._news += 1
            self._spins = 0
        self._last[who] = what, self._news
        self.step += 1
        held.let_go()

"""Callers on threads: nobody's first put goes through before everybody has looked up, waits, or is done.

A caller that has missed is held as well, right after it has released a lock: those that wait for the lock
could not look up before its put otherwise. To be held is what may come to any thread at any time.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from .._recording.sameness import identity
from .callers import LONGEST, Caller, Held, frames_of, is_asked_outside, is_to_be_awaited
from .flight import Flight
from .load_calls import Profile
from .quiet import Quiet

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from .._recording.operation import Location
    from .load_calls import Watched
    from .quiet_processes import QuietProcesses

__all__ = ["HOLDS", "Control", "ThreadFlight"]

# After a miss a caller is held at so many releases: libraries release locks of their own, before its own.
HOLDS = 8
# So many looks a second of patience: a machine that gives the process no time lets none pass.
_LOOKS = 20
# So many looks has one caller to come to where it is held, before the next begins all the same.
_LOOKS_AT_ONE = 100
# Who goes on by itself is most often seen within a few naps.
_NAPS, _NAP = 5, 0.0001
# So many times the patience, and seconds at the least, may callers work on when nobody is held any more.
_MORE, _LEAST = 12, 60.0


class ThreadFlight(Flight):
    """A flight of threads; `fly` has them call, and lets go of those that are held."""

    def __init__(
        self, cache: str, callers: int, patience: float, watched: Watched | None = None, **more: Any
    ) -> None:
        """Have so many *callers*; see `Flight` for the rest."""
        super().__init__(cache, callers, **more)
        self.patience = patience
        self.watched = watched
        self.waited_out = False
        self.held: list[Held] = []
        self._all_held: list[Held] = []
        self._put: set[tuple[int, object]] = set()
        self._holds: dict[object, int] = {}
        self._inside = threading.local()
        self.awake: list[int] = []
        self.threads: list[Any] = []

    def __call__(self, call: Any, proceed: Callable[[], Any]) -> Any:
        inside = self._inside
        inside.depth = getattr(inside, "depth", 0) + 1
        try:
            return super().__call__(call, proceed)
        finally:
            inside.depth -= 1

    def begin_caller(self, number: int) -> None:
        """Note that a caller begins, on its thread."""

    def end_caller(self, number: int) -> None:
        """Note that a caller is done, on its thread."""
        self.done.add(number)

    def note(self, who: Any, call: Any, number: int) -> None:
        super().note(who, call, number)
        self.awake.append(threading.get_native_id())

    def before_put(self, who: Any, keys: tuple[object, ...], where: Location | None) -> None:
        for key in keys:
            at = threading.get_ident(), identity(key)
            if at not in self._put:
                self._put.add(at)
                if self.held or not self.all_have_looked_up(key):
                    self._hold(Held(who, key, at_put=True))

    def released(self, frame: FrameType) -> bool:
        """Hold the thread that has released a lock, if it is to be; return whether to see others."""
        who = self.who()
        if self.is_over or not isinstance(who, int):
            return False
        if getattr(self._inside, "depth", 0) or not self.has_missed(who) or not is_asked_outside(frame):
            return True
        key = self.last_missed(who)
        at = who, id(key)
        if not self.all_have_looked_up(key) and self._holds.get(at, 0) < HOLDS:
            self._holds[at] = self._holds.get(at, 0) + 1
            self._hold(Held(who, key, at_put=False))
        return True

    def _hold(self, held: Held) -> None:
        # Kept: who lets one go may be interrupted when it has taken it out.
        self._all_held.append(held)
        self.held.append(held)
        # Whoever ends the flight has either found it in the list, or set this before it was there.
        if self.is_over:
            return
        # It was let go where this returns True: the controller has taken it out of the list before.
        held.lock.acquire(timeout=LONGEST)

    def let_go(self, held: Held) -> None:
        with suppress(ValueError):
            self.held.remove(held)
        held.let_go()

    def end(self) -> None:
        """Let everybody go, and hold nobody any more; it may be repeated."""
        self.is_over = True
        for held in self._all_held:
            held.let_go()

    def fly(self, function: Callable[[], Any]) -> bool:
        """Have *function* called; return whether all calls have come to their end.

        Where the first returns what is to be awaited, no other is made.
        """
        quiet = Quiet(self.progress)
        control = Control(self, quiet)
        try:
            for number in range(1, self.callers + 1):
                self._start(number, function)
                control.begin_caller()
                # One after the other, so that the order is the same each time.
                while not control.has_come_far(number) and not control.is_stuck:
                    control.step()
                if number == 1 and 1 in self.done and is_to_be_awaited(self.threads[0].value):
                    return True
            while len(self.done) < self.callers and not control.is_stuck:
                control.step()
            return not control.is_stuck
        finally:
            self.end()
            for each in self.threads:
                each.end(0.0 if control.is_stuck else self.patience)

    def progress(self) -> object:
        """Return what changes when anything happens."""
        return len(self.events), len(self.held), len(self.done)

    def _start(self, number: int, function: Callable[[], Any]) -> None:
        thread = Caller(self, number, function, Profile(self.watched, self.released))
        self.threads.append(thread)
        thread.start()

    def stuck(self) -> list[tuple[int, list[FrameType]]]:
        """Return the callers that are not done, each with its frames, the innermost first."""
        return frames_of(self.threads, self.done)


class Control:
    """What decides whom to let go, and when."""

    def __init__(self, flight: ThreadFlight, quiet: Quiet | QuietProcesses) -> None:
        self._flight = flight
        self._quiet = quiet
        self.is_stuck = False
        self._seen: object = None
        self._news: object = None
        # Those since somebody was let go or has begun, whatever has happened since.
        self._patient_looks = 0
        self._goes_on = False
        self._begin()

    def _begin(self) -> None:
        self._since = monotonic()
        self._looks = 0
        self._is_quiet = False

    def begin_caller(self) -> None:
        """Note that another caller begins."""
        self._patient_looks = 0
        # The others were, without it.
        self._is_quiet = False

    def has_come_far(self, number: int) -> bool:
        """Return whether the caller of *number*, the last to begin, is as far as it comes by itself."""
        flight = self._flight
        if number in flight.done or any(each.who == number for each in list(flight.held)):
            return True
        return self._is_quiet or self._patient_looks >= _LOOKS_AT_ONE

    def step(self) -> None:
        """Wait a moment, or let go of one of those that are held."""
        flight = self._flight
        while flight.awake:
            self._quiet.forget(flight.awake.pop())
        if not self._has_changed() and self._looks < _LOOKS:
            # Nearly always something comes sooner than a look is over.
            for _ in range(_NAPS):
                sleep(_NAP)
                if self._has_changed():
                    break
        ready = [each for each in list(flight.held) if flight.all_have_looked_up(each.key)]
        # In their order, each when the others have done what they do by then, unless one goes on and on.
        self._goes_on |= self._patient_looks >= _LOOKS_AT_ONE
        if ready and (self._is_quiet or self._goes_on or not self._runs()):
            self._let_go(ready[0])
            return
        self._is_quiet = self._quiet.look()
        self._looks += 1
        self._patient_looks += 1
        if not ready:
            self._decide()

    def _decide(self) -> None:
        flight, passed = self._flight, monotonic() - self._since
        is_over = passed > flight.patience and self._looks > flight.patience * _LOOKS
        if not self._is_quiet and not is_over:
            return
        held = list(flight.held)
        if held and len(flight.threads) < flight.callers:
            # The others have not begun: it is they who are waited for.
            return
        if held:
            flight.waited_out |= not self._is_quiet
            # First who has released a lock, the newest first; the puts last, the oldest first.
            early = [each for each in held if not each.at_put]
            self._let_go(early[-1] if early else held[0])
        elif is_over and (self._is_quiet or passed > max(_MORE * flight.patience, _LEAST)):
            self.is_stuck = True

    def _runs(self) -> bool:
        """Return whether a caller may run and come to something: not one that is held, or polls."""
        flight = self._flight
        still = {each.who for each in list(flight.held)} | flight.done | flight.polling
        return any(each.number not in still for each in flight.threads)

    def _has_changed(self) -> bool:
        seen, news = self._flight.progress(), self._flight.news()
        has_changed = seen != self._seen
        self._seen = seen
        if news != self._news:
            self._news = news
            self._begin()
        elif has_changed:
            self._is_quiet = False
        return has_changed

    def _let_go(self, held: Held) -> None:
        self._flight.let_go(held)
        self._seen = self._flight.progress()
        self._begin()
        self._patient_looks = 0

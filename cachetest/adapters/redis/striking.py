"""What strikes the commands that one packet has: decided for all of them before any is executed.

A link asks only where something is in force. Each command is told to the injections once, whatever redis-py
tries; then the packet as a whole fails, is late, or has its reply lost, and what is about one key, such as an
eviction, is done around the command that the key is in.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..._behaving.injection import ANY, Injection, Strike
from ...faults import Fails, LosesReply, Slow
from ..struck_below import strikes_around
from .tries import is_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..._behaving.call import Call
    from ..._behaving.gate import Effect
    from ..._caches.cache import MockCache
    from .keys import Subject

__all__ = ["PASSING", "Packet", "PlannedCall", "strikes_all"]

PASSING = frozenset(b"AUTH CLIENT DISCARD HELLO MULTI PING QUIT RESET SELECT UNWATCH".split())
"""What is no call of the program's, as it goes: only what strikes everything strikes these."""

_CONNECTING = frozenset({"on_connect", "on_connect_check_health", "connect_check_health"})
Whole = Fails, LosesReply, Slow


def strikes_all(behaviour: object) -> bool:
    """Return whether *behaviour* has all fail that would reach a server, connecting too."""
    if not isinstance(behaviour, Injection):
        return False
    wanted = behaviour.matching
    return (
        wanted.key is ANY
        and wanted.keys is None
        and wanted.on is None
        and wanted.nth is None
        and wanted.times is None
        and any(isinstance(each, Fails) and each.error is None for each in behaviour.faults)
    )


class PlannedCall:
    """A command whose faults are decided, in place of the cache that it is counted in.

    What else is in force acts now. ``counts`` is False where it was counted by an earlier try.
    """

    in_force = ()

    def __init__(self, call: Call, passes: bool) -> None:
        self.call = call
        self.passes = passes
        self.counts = True
        # What the program meets in the end, though the server has done it.
        self.met: Exception | None = None

    def perform(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], Any],
        effects: Callable[[Any], Iterable[Effect]],
        libraries: frozenset[str],
        known: Mapping[str, object] | None = None,
    ) -> Any:
        """Do what `Gate.perform` does."""
        call = self.call
        for behaviour in call.gate.in_force:
            if not isinstance(behaviour, Injection):
                do = _bound(behaviour, call, do)
        call.frame, call.known = sys._getframe(1), known
        try:
            result = do()
        except Exception as error:
            self.fail(keys, error, libraries, sys._getframe(1), known, kind)
            raise
        if self.met is not None:
            self.fail(keys, self.met, libraries, sys._getframe(1), known, kind)
            # What it came to is not what the program meets.
            self.counts, self.met = False, None
        elif self.counts:
            for done, key in effects(result):
                call.record_effect(done, key)
        return result

    def fail(
        self,
        keys: Sequence[object],
        error: Exception,
        libraries: frozenset[str],
        frame: Any,
        known: Mapping[str, object] | None = None,
        kind: str | None = None,
    ) -> None:
        """Log that it failed, as `Gate.fail` does."""
        if self.counts:
            self.call.frame = frame
            self.call.gate._fail(self.call, keys, error, libraries, frame, known, kind)

    def record(
        self,
        kind: Any,
        key: object,
        libraries: frozenset[str],
        known: Mapping[str, object] | None = None,
    ) -> None:
        """Log what it did, as `Gate.record` does."""
        if self.counts:
            self.call.frame, self.call.known = sys._getframe(1), known
            self.call.record_effect(kind, key)

    def remark(self, *args: Any) -> None:
        """Tell the cache what `MockCache.remark` is told."""
        self.call.gate.remark(*args)


def _bound(behaviour: Any, call: Call, proceed: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: behaviour(call, proceed)


class Packet:
    """The commands that were sent at once, with what strikes each of them.

    ``whole`` is what strikes all of it: the first of what fails, is lost or is late.
    """

    def __init__(self) -> None:
        self.planned: list[PlannedCall | None] = []
        self.partial: list[Sequence[Strike]] = []
        self.whole: list[Strike] = []

    def add_passed(self) -> None:
        """Add a command that is none of the program's calls."""
        self.planned.append(None)
        self.partial.append(())

    def add_below(self, name: bytes) -> None:
        """Add one that is done for a call of a framework's cache, which may be struck."""
        self.planned.append(None)
        passes = name in PASSING
        self.partial.append(() if passes else [each for each in strikes_around() if not each.is_whole])
        for each in () if passes else strikes_around():
            # A call of a framework that comes to several packets is struck once: in the first of them.
            if each.is_whole and each.begins():
                self.whole.append(each.strike)

    def add(self, cache: MockCache, name: bytes, subject: Subject, libraries: frozenset[str], known: Any) -> None:
        """Add a command that is counted in *cache*, having told all injections of it."""
        kind, keys = subject
        only_all = name in PASSING and not keys
        if only_all and is_inside(_CONNECTING):
            # Connecting has come so far, and so has this.
            self.add_passed()
            return
        call = cache._call(kind, keys, libraries, sys._getframe(1), known)
        call.is_planned = True
        for behaviour in cache.in_force:
            if isinstance(behaviour, Injection) and (not only_all or strikes_all(behaviour)):
                behaviour(call, _nothing)
        strikes: Sequence[Any] = call.strikes
        self.planned.append(PlannedCall(call, only_all))
        self.partial.append([each for each in strikes if not isinstance(each.fault, Whole)])
        # The innermost was in force last, and acts first.
        self.whole += [each for each in strikes if isinstance(each.fault, Whole)]

    def spread(self) -> None:
        """Have what strikes the packet be what has struck each of its commands."""
        for strike in self.whole:
            for planned in self.planned:
                if planned is not None and all(each is not strike for each in planned.call.strikes):
                    call = planned.call
                    other = Strike(strike.fault, call, strike.injection, tuple(call.keys))
                    call.strikes = (*call.strikes, other)

    def fail(self, error: Exception) -> None:
        """Log that each of its calls has failed, with none executed."""
        for planned in self._calls():
            call = planned.call
            planned.fail(call.keys, error, call.libraries, call.frame, call.known, call.kind)
            planned.counts = False
        for strikes in self.partial:
            for strike in strikes:
                strike.only(())

    def meet(self, error: Exception) -> None:
        """Have *error* be what the program meets, though its calls are executed."""
        for planned in self._calls():
            planned.met = error

    def forget(self, kind: type) -> None:
        """Have what is of *kind* strike no more: it is over with the first try."""
        self.whole = [each for each in self.whole if not isinstance(each.fault, kind)]
        if not self.whole:
            # They are done anew, and as if nothing had been.
            for planned in self._calls():
                planned.call.strikes, planned.counts = (), True
        self.partial = [() for _ in self.partial]

    def _calls(self) -> list[PlannedCall]:
        """Return its calls, as far as they are the program's."""
        return [each for each in self.planned if each is not None and not each.passes]

    def find(self, *kinds: type) -> Any:
        """Return the first strike of the packet that is of one of *kinds*, or None."""
        return next((each for each in self.whole if isinstance(each.fault, kinds)), None)

    @property
    def is_struck(self) -> bool:
        """Whether anything strikes any of it."""
        return bool(self.whole) or any(self.partial)


def _nothing() -> None: ...

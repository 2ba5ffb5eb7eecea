"""What strikes the commands that a client sends at once: decided for all of them before any is executed.

It is asked for where something is in force, and there alone. Each command is told to the injections once,
however often the client tries. Then the packet as a whole fails, is late, or loses its reply; what is about
one key, such as an eviction, is done around the command that the key is in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._behaving.injection import Injection, Strike
from ..faults import ANY, Fails
from .planned import PartOfCall, Passing, PlannedCall
from .struck_below import strikes_around

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._behaving.call import Call

__all__ = ["Packet", "planned", "strikes_all"]


def strikes_all(behaviour: object) -> bool:
    """Return whether *behaviour* has all fail that would reach a server, connecting too."""
    if not isinstance(behaviour, Injection):
        return False
    wanted = behaviour.matching
    return (
        wanted.key is ANY
        and (wanted.keys, wanted.on, wanted.nth, wanted.times) == (None, None, None, None)
        and any(isinstance(each, Fails) and each.error is None for each in behaviour.faults)
    )


def planned(call: Call, behaviours: Iterable[Any]) -> Sequence[Any]:
    """Return what strikes *call*, which is told to those of *behaviours* that inject faults."""
    call.is_planned = True  # type: ignore[attr-defined]
    for behaviour in behaviours:
        if isinstance(behaviour, Injection):
            behaviour(call, _nothing)
    return call.strikes


def _nothing() -> None: ...


class Packet:
    """The commands that were sent at once, with what each of them is counted in.

    ``whole`` is what strikes all of it: each fails, is late, or loses its reply. *carrier* carries out what
    strikes single keys.
    """

    def __init__(self, carrier: Any) -> None:
        self.counted: list[Any] = []
        self.whole: list[Strike] = []
        self._carrier = carrier

    def add_nothing(self) -> None:
        """Add a command that is counted as it is, such as one that is a part of another's call."""
        self.counted.append(None)

    def add_passing(self) -> None:
        """Add a command that a client sends for itself, as it connects: nothing in force is told of it."""
        self.counted.append(Passing())

    def add_below(self, around: Any, *, looks: bool = False) -> None:
        """Add one that is done for a call of a framework's cache, *around* it, which may be struck.

        It *looks* where it only asks whether there is an entry.
        """
        strikes = strikes_around()
        self.whole += [each.strike for each in strikes if each.is_whole and each.strikes_now(looks=looks)]
        partial_ = [each for each in strikes if not each.is_whole]
        self.counted.append(PartOfCall(around, partial_, self._carrier) if partial_ else None)

    def add(self, call: Call) -> None:
        """Add a *call*, having told it to what is in force and injects faults."""
        strikes = planned(call, call.gate.in_force)
        single = [each for each in strikes if not each.fault.is_of_whole_call]
        self.counted.append(PlannedCall(call, single, self._carrier))
        self.whole += [each for each in strikes if each.fault.is_of_whole_call]

    def spread(self) -> None:
        """Have what strikes the packet be what has struck each of its calls."""
        if self.find(Fails) is not None:
            for strike in self.whole:
                if not isinstance(strike.fault, Fails):
                    strike.only(())
            self.whole = [each for each in self.whole if isinstance(each.fault, Fails)]
        for strike in self.whole:
            for call in [each.call for each in self._calls()]:
                if all(each is not strike for each in call.strikes):
                    other = Strike(strike.fault, call, strike.injection, tuple(call.keys))
                    call.strikes = (*call.strikes, other)

    def fail(self, error: Exception) -> None:
        """Log that its calls have failed, with none executed: those about keys, if there are any."""
        calls = self._calls()
        about_keys = [each for each in calls if each.call.keys]
        for each in calls:
            for strike in each.strikes:
                strike.only(())
        for each in about_keys or calls[:1]:
            call = each.call
            each.fail(call.keys, error, call.libraries, call.frame, call.known, call.kind)
            each.counts = False

    def meet(self, error: Exception) -> None:
        """Have *error* be what the program meets, though its calls are executed."""
        for each in self._calls():
            if each.counts:
                each.met = error

    def forget(self, kind: type) -> None:
        """Have what is of *kind* strike no more, nor what is about single keys: the first try is over."""
        for each in self.counted:
            if each is not None:
                each.strikes = ()
        self.whole = [each for each in self.whole if not isinstance(each.fault, kind)]
        if not self.whole:
            for each in self._calls():
                each.forget()

    def let_go(self) -> None:
        """Forget where its calls were made: what is kept for the next try would keep all of the stack."""
        for each in self.counted:
            if isinstance(each, PlannedCall):
                each.call.frame = None

    def _calls(self) -> list[PlannedCall]:
        """Return its calls, as far as they are the program's own."""
        return [each for each in self.counted if isinstance(each, PlannedCall)]

    def find(self, kind: type) -> Any:
        """Return the first strike of the packet whose fault is of *kind*, or None."""
        return next((each for each in self.whole if isinstance(each.fault, kind)), None)

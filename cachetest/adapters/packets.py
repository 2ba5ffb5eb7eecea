"""What strikes the commands that a client sends at once: decided for all of them before any is executed.

It is asked for where something is in force, and there alone. Each command is told to the injections once,
however often the client tries. Then the packet as a whole fails, is late, or loses its reply; what is about
one key, such as an eviction, is done around the command that the key is in.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from .._behaving.call import MISSING
from .._behaving.carrying import carry_out
from .._behaving.injection import Injection, Strike
from ..faults import ANY, Fails
from .struck_below import Below, strikes_around

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .._behaving.call import Call
    from .._behaving.gate import Effect

__all__ = ["Packet", "PartOfCall", "Passing", "PlannedCall", "planned", "strikes_all"]


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


class _Counts:
    """What a command is counted in, in place of a cache: *strikes* are about single keys of it."""

    def __init__(self, strikes: Sequence[Any], carrier: Any) -> None:
        self.strikes = strikes
        self._carrier = carrier

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
        raise NotImplementedError

    def lookup(
        self,
        key: object,
        find: Callable[[], Any],
        libraries: frozenset[str],
        frame: object = None,
        known: Mapping[str, object] | None = None,
    ) -> Any:
        """Do what `Gate.lookup` does."""

        def effects(found: object) -> Iterable[Effect]:
            return (("miss" if found is MISSING else "hit", key),)

        return self.perform("get", (key,), find, effects, libraries, known)

    def struck(self, kind: str | None, keys: Sequence[object], do: Callable[[], Any]) -> Callable[[], Any]:
        """Return *do*, of a command about *keys*, with what strikes single keys of it around that."""
        for each in reversed(self.strikes):
            strike = each.part(kind, keys) if isinstance(each, Below) else each
            if strike is not None:
                do = partial(self._carried, each, strike, do)
        return do

    def _carried(self, each: Any, strike: Strike, do: Callable[[], Any]) -> Any:
        try:
            return carry_out(self._carrier, strike, do)
        finally:
            if isinstance(each, Below):
                each.note(strike)


class Passing(_Counts):
    """A command that nothing in force is told of, and that counts as nothing."""

    def __init__(self) -> None:
        super().__init__((), None)

    def perform(self, kind: str | None, keys: Sequence[object], do: Any, *_: Any) -> Any:
        return do()

    def fail(self, *_: object) -> None:
        """Log nothing."""


class PartOfCall(_Counts):
    """A command that is done for the call of a framework's cache, which was struck."""

    def __init__(self, around: Any, strikes: Sequence[Any], carrier: Any) -> None:
        super().__init__(strikes, carrier)
        self._around = around

    def perform(self, kind: str | None, keys: Sequence[object], do: Any, *rest: Any) -> Any:
        return self._around.perform(kind, keys, self.struck(kind, keys, do), *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._around, name)


class PlannedCall(_Counts):
    """A command whose faults are decided, in place of the cache that it is counted in.

    What else is in force acts now. ``counts`` is False where it was counted by an earlier try; ``met`` is
    what the program meets in the end, though the server has done it.
    """

    def __init__(self, call: Call, strikes: Sequence[Any], carrier: Any) -> None:
        super().__init__(strikes, carrier)
        self.call = call
        self.counts = True
        self.met: Exception | None = None

    @property
    def in_force(self) -> Sequence[Any]:
        """What is in force over the cache."""
        return self.call.gate.in_force  # type: ignore[no-any-return]

    def forget(self) -> None:
        """Have nothing strike it any more."""
        self.strikes, self.call.strikes, self.counts = (), (), True

    def perform(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], Any],
        effects: Callable[[Any], Iterable[Effect]],
        libraries: frozenset[str],
        known: Mapping[str, object] | None = None,
    ) -> Any:
        call = self.call
        call.frame, call.known = sys._getframe(1), known
        do = self.struck(kind, keys, do)
        for behaviour in self.in_force:
            if not isinstance(behaviour, Injection):
                do = _bound(behaviour, call, do)
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

    def record_all(
        self, effects: Iterable[Effect], libraries: frozenset[str], frame: Any, known: Mapping[str, object]
    ) -> None:
        """Log what it did, as `OperationLog.record_all` does."""
        for done, key in effects:
            self.record(done, key, libraries, known)

    def remark(self, *args: Any) -> None:
        """Tell the cache what `MockCache.remark` is told."""
        self.call.gate.remark(*args)


def _bound(behaviour: Any, call: Call, proceed: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: behaviour(call, proceed)


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

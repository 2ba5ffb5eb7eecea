"""What one ``inject(...)`` puts in force: which calls its faults strike, and what has come of that."""

from __future__ import annotations

from collections import deque
from fnmatch import fnmatchcase
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..faults import ANY, Stale
from .gate import text_of
from .storage import kept_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from .._recording.operation import Kind, Operation
    from ..faults import Fault
    from .call import Call
    from .clock import Clock
    from .storage import Storage

__all__ = ["Carrier", "Injection", "Matching", "Strike", "keys_as_given"]

# So many calls that were let go on are remembered, to say why nothing was struck.
_REMEMBERED = 8


class Carrier(Protocol):
    """What carries faults out for the entries of a cache: its adapter, or that of the entries of our own."""

    def carry_out(self, strike: Strike, proceed: Callable[[], Any]) -> Any: ...
    def why_impossible(self, cache: Any, fault: Fault) -> str: ...
    def storage(self, cache: Any) -> Storage: ...
    def entry_key(self, cache: str, key: object) -> object: ...
    def program_key(self, cache: str, key: object) -> object: ...


class Strike:
    """One fault that strikes one call.

    ``fault`` is what strikes; ``call`` is the `Call`, whose ``gate`` is the cache; ``keys`` are those of the
    call that are struck, as the cache keeps them: all of them where the fault is of the whole call, and none
    where the call has none. Whoever carries it out calls `only` where less has come of it.
    """

    __slots__ = ("call", "fault", "injection", "is_spent", "keys")

    def __init__(self, fault: Fault, call: Call, injection: Injection, keys: Sequence[object]) -> None:
        self.fault = fault
        self.call = call
        self.injection = injection
        self.keys = keys
        # Whether nothing has come of it.
        self.is_spent = False

    def only(self, keys: Sequence[object]) -> None:
        """Have *keys* be all that it has struck; with none, nothing has come of it."""
        self.keys = keys
        if not keys and not self.is_spent:
            self.is_spent = True
            self.injection.give_back(self)

    def refuse(self, why: str) -> None:
        """Have the injection end with a TypeError that says *why* the fault could not be carried out."""
        self.injection.problems.append(
            f"{self.fault!r} could not strike the cache {self.call.cache!r}: {why}"
        )

    def record(self, kind: Kind, key: object) -> None:
        """Log what the fault has done by itself, such as an eviction, with the line of the call."""
        self.call.record(kind, key, {"fault": self.fault})

    def has(self, key: object) -> bool:
        """Return whether *key* is one of those that are struck."""
        return not self.call.keys or any(key is each or key == each for each in self.keys)

    @property
    def clock(self) -> Clock:
        """The clock of the scope."""
        return self.injection.clock()

    def __repr__(self) -> str:
        return f"<{self.fault!r} strikes {self.call.asked} of {self.call.cache!r}>"


class Matching(NamedTuple):
    """Which calls an injection strikes, as `inject` was told."""

    on: str | None = None
    key: object = ANY
    keys: str | Callable[[Any], object] | None = None
    nth: Collection[int] | None = None
    times: int | None = None

    def of(self, call: Call, carrier: Carrier) -> Sequence[object] | None:
        """Return the keys of *call* that are meant, or None where the call is not."""
        if self.on is not None and call.kind != self.on:
            return None
        if self.key is ANY and self.keys is None:
            return tuple(call.keys)
        made = tuple(call.keys)
        pairs = zip(made, keys_as_given(call, made), strict=True)
        found = tuple(key for key, own in pairs if self._is_meant(call.cache, key, own, carrier))
        return found or None

    def _is_meant(self, cache: str, made: object, key: object, carrier: Carrier) -> bool:
        if self.keys is None:
            return _are_equal(key, self.key) or _are_equal(made, carrier.entry_key(cache, self.key))
        if callable(self.keys):
            return bool(self.keys(key))
        return fnmatchcase(_text_of(key), self.keys)


def keys_as_given(call: Call, made: Sequence[object]) -> Sequence[object]:
    """Return the keys of *call* as the program gives them; *made* are those that are logged."""
    # A framework's call may know them; otherwise its adapter makes them of those that are logged.
    given: Sequence[object] | None = getattr(call.keys, "as_given", None)
    if given is not None and len(given) == len(made):
        return list(given)
    return [call.gate.carrier.program_key(call.cache, key) for key in made]


def _are_equal(one: object, other: object) -> bool:
    try:
        return one is other or bool(one == other)
    except Exception:
        # Arrays, for instance.
        return False


def _text_of(key: object) -> str:
    if isinstance(key, bytes):
        return key.decode("utf-8", "backslashreplace")
    return key if isinstance(key, str) else repr(key)


class Injection:
    """The Behaviour of one ``inject(...)``: it strikes the calls that match, and lets all others go on.

    ``cache`` is the name of the one whose calls are meant, None for all of the scope. Counting is atomic,
    whichever threads the calls come from; it takes no lock, which a signal handler could not.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        matching: Matching,
        clock: Callable[[], Clock],
        cache: str | None = None,
    ) -> None:
        self.faults = faults
        self.matching = matching
        self.clock = clock
        self.cache = cache
        # What carriers keep for as long as it is in force: the entries as they were, for `Stale`.
        self.kept: dict[object, Any] = {}
        self._keeps = any(isinstance(fault, Stale) for fault in faults)
        # What it could not do, though it was to: each is an error at its end.
        self.problems: list[str] = []
        self.passed: deque[Call] = deque(maxlen=_REMEMBERED)
        self.left_out: dict[str, str] = {}
        self._matched = count(1)
        self._left = None if matching.times is None else [None] * matching.times
        # One for each strike; appending is atomic.
        self._landed: list[None] = []
        self._strikes: list[tuple[Any, int]] = []
        # Whether there was a call that it was to strike, whatever came of it.
        self.has_reached = False

    def __call__(self, call: Call, proceed: Callable[[], Any]) -> Any:
        for strike in self.strikes_of(call)[::-1]:
            proceed = _bound(call.gate.carrier, strike, proceed)
        return proceed()

    def strikes_of(self, call: Call) -> Sequence[Strike]:
        """Return what is to strike *call*, which counts as one that came."""
        if self.cache is not None and call.cache != self.cache:
            return ()
        carrier: Carrier = call.gate.carrier
        if self._keeps:
            # Before anything is changed in a cache that is new.
            self.keep_entries(call.gate)
        faults = [fault for fault in self.faults if self._can_strike(fault, call, carrier)]
        keys = self._meant(call, carrier) if faults else None
        if keys is None or not self._is_its_turn():
            self.passed.append(call)
            return ()
        self.has_reached = True
        whole = tuple(call.keys)
        return [Strike(each, call, self, whole if each.is_of_whole_call else keys) for each in faults]

    def is_about(self, call: Call) -> bool:
        """Return whether it strikes calls such as *call*, when it is their turn; nothing is counted."""
        if self.cache is not None and call.cache != self.cache:
            return False
        carrier: Carrier = call.gate.carrier
        return any(self._can_strike(fault, call, carrier) for fault in self.faults) and (
            self.matching.of(call, carrier) is not None
        )

    def _meant(self, call: Call, carrier: Carrier) -> Sequence[object] | None:
        try:
            return self.matching.of(call, carrier)
        except Exception as error:
            # A predicate's. The program would meet it, and may swallow it.
            self.problems.append(
                f"keys= raised {text_of(error)}, of the keys of {call.asked} on {call.cache!r}"
            )
            return None

    def _can_strike(self, fault: Fault, call: Call, carrier: Carrier) -> bool:
        kinds = fault.strikes if self.matching.on is None else fault.can_strike
        if call.kind not in kinds:
            return False
        why = carrier.why_impossible(call.gate, fault)
        if why:
            # Named alone, that is an error before: here it is one of several caches.
            self.left_out[call.cache] = why
        return not why

    def _is_its_turn(self) -> bool:
        nth = self.matching.nth
        if nth is not None and next(self._matched) not in nth:
            return False
        if self._left is None:
            return True
        try:
            self._left.pop()
        except IndexError:
            return False
        return True

    def begin(self) -> None:
        """Note that a fault is about to strike."""
        self._landed.append(None)

    def give_back(self, strike: Strike | None = None) -> None:
        """Note that nothing has come of a *strike*, so that there may be another in its place."""
        self._landed.pop()
        if self._left is not None and len(self.faults) == 1:
            self._left.append(None)

    @property
    def has_struck(self) -> bool:
        """Whether it has struck any call, one that is not counted included."""
        return bool(self._landed)

    def keep_entries(self, gate: Any) -> None:
        """Keep the entries of the cache *gate* as they are, if any fault asks for that."""
        if not self._keeps or self.cache not in (None, gate.name) or gate.name in self.kept:
            return
        if not gate.carrier.why_impossible(gate, Stale()):
            kept_entries(self.kept, gate.name, gate.carrier.storage(gate))

    def note(self, gate: Any, number: int) -> None:
        """Note that the operation of *number* was struck."""
        self._strikes.append((gate, number))

    @property
    def struck(self) -> list[Operation]:
        """The operations that were struck, in their order, as far as the logs still have them."""
        found: dict[int, Operation] = {}
        gates = {id(gate): gate for gate, _ in tuple(self._strikes)}
        for at, gate in gates.items():
            numbers = {number for each, number in tuple(self._strikes) if id(each) == at}
            found.update((each.number, each) for each in gate.operations if each.number in numbers)
        return [found[number] for number in sorted(found)]


def _bound(carrier: Carrier, strike: Strike, proceed: Callable[[], Any]) -> Callable[[], Any]:
    def do() -> Any:
        # Before it: a fault that raises has struck, and the latest is what the program met.
        strike.call.strikes = (*strike.call.strikes, strike)
        strike.injection.begin()
        return carrier.carry_out(strike, proceed)

    return do

"""The places at which a fault can strike a function: the calls that it makes to caches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .._behaving.clock import Clock
from .._behaving.injection import Injection, Matching, keys_as_given
from .._recording.operation import location_of
from ..faults import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from .._behaving.call import Call
    from .._recording.operation import Location
    from ..faults import Fault

__all__ = ["Place", "Seen", "Watch", "places_of"]

# As good as for ever: no program asks a cache so often in a test.
_FOR_GOOD = 10_000


class Seen(NamedTuple):
    """One call that was made: the ``keys`` are as the program gives them."""

    cache: str
    kind: str | None
    asked: str
    keys: Sequence[object]
    where: Location | None = None

    def is_like(self, other: Seen) -> bool:
        """Return whether *other* asks the same, wherever it comes from."""
        return self[:4] == other[:4]


class Watch(Injection):
    """An injection that strikes nothing, and keeps what the program has asked the caches *names*.

    It is one, since an adapter decides for its library what is one call to those.

    Without names it is all caches. ``impossible`` says, for each cache, by which of *faults* it can't be
    struck, and why.
    """

    def __init__(self, names: Collection[str], faults: Iterable[Fault]) -> None:
        # Not of all calls: what strikes all of them strikes connecting too.
        super().__init__(tuple(faults), Matching(nth=()), Clock)
        self._names = names
        self.calls: list[Seen] = []
        self.impossible: dict[str, dict[Fault, str]] = {}

    def __call__(self, call: Call, proceed: Callable[[], Any]) -> Any:
        if not self._names or call.cache in self._names:
            if call.cache not in self.impossible:
                carrier = call.gate.carrier
                found = {fault: carrier.why_impossible(call.gate, fault) for fault in self.faults}
                self.impossible[call.cache] = {fault: why for fault, why in found.items() if why}
            keys = tuple(keys_as_given(call, tuple(call.keys)))
            self.calls.append(Seen(call.cache, call.kind, call.asked, keys, _location_of(call)))
        return proceed()


def _location_of(call: Call) -> Location | None:
    if call.frame is None:
        return None
    found, code = call.gate.operations.find_caller(call.frame, call.libraries)
    return location_of(code, found.f_lasti)


class Place(NamedTuple):
    """Where one fault strikes: the call, what of it, and the arguments of ``inject`` that say so.

    ``is_warm`` says that the function is called twice, and struck the second time.
    """

    fault: Fault
    seen: Seen
    key: object
    given: dict[str, Any]
    is_warm: bool
    goes_on: bool


def places_of(
    cold: Sequence[Seen], warm: Sequence[Seen], faults: Sequence[Fault], watch: Watch
) -> list[Place]:
    """Return where each of *faults* can strike: once at a place, in all of them, and then from it on.

    *cold* are the calls of the function with empty caches, and *warm* those of another call after that.
    """
    calls = [*cold, *warm]
    found: list[Place] = []
    for goes_on in (False, True):
        for at, seen in enumerate(calls):
            possible = [each for each in faults if each not in watch.impossible.get(seen.cache, {})]
            for fault in possible:
                if seen.kind in fault.strikes:
                    is_warm = at >= len(cold)
                    found += _places_at(calls, at, fault, is_warm=is_warm, goes_on=goes_on)
    return found


def _places_at(
    calls: Sequence[Seen], at: int, fault: Fault, *, is_warm: bool, goes_on: bool
) -> Iterable[Place]:
    seen = calls[at]
    before = [each for each in calls[:at] if each.cache == seen.cache and each.kind in fault.strikes]
    if goes_on:
        nth = {"nth": range(len(before) + 1, _FOR_GOOD)}
        return [Place(fault, seen, seen.keys[0] if seen.keys else ANY, nth, is_warm, goes_on)]
    keys = dict.fromkeys(seen.keys) if _can_be_hashed(seen.keys) else seen.keys
    meant: list[object] = list(keys) or [ANY]
    if seen.kind is not None:
        before = [each for each in before if each.kind == seen.kind]
    places = []
    for key in meant[:1] if fault.is_of_whole_call else meant:
        given: dict[str, Any] = {} if seen.kind is None else {"on": seen.kind}
        earlier = before
        if key is not ANY:
            given["key"] = key
            earlier = [each for each in before if key in each.keys]
        places.append(Place(fault, seen, key, {**given, "nth": len(earlier) + 1}, is_warm, goes_on))
    return places


def _can_be_hashed(keys: Sequence[object]) -> bool:
    try:
        hash(keys)
    except TypeError:
        return False
    return True

"""What the parent's test has in force, on calls that a child does on entries of its own.

Whether a fault strikes, and which, is decided in the parent: it counts the calls of all processes. It is
carried out in the child, which has the entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._behaving.carrying import OWN
from .._behaving.injection import Strike, keys_as_given
from .._behaving.states import Off
from ..faults import Stale
from .client import ask
from .joined import current_parent, refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._behaving.call import Behaviour
    from .._behaving.clock import Clock
    from .._behaving.gate import Call

__all__ = ["behaviours_for"]

# Those that are off, by what they are there: one call at a time is done of each.
_off: dict[Any, Off] = {}


def behaviours_for(cache: str, clock: Callable[[], Clock]) -> tuple[Behaviour, ...]:
    """Return what acts here on calls of *cache*, in the order in which it does in the parent."""
    made: list[Behaviour] = []
    for kind, number, more in ask("acting", cache):
        if kind == "injection":
            made.append(_Injection(cache, number, clock))
        elif kind == "off":
            made.append(_off.setdefault((number, *more), Off(*more)))
        else:
            made.append(_refuse)
    return tuple(made)


def _refuse(call: Call, proceed: Callable[[], Any], why: str = "something acts on the cache there") -> Any:
    parent = current_parent()
    if parent is None:
        raise AssertionError(f"the cache {call.cache!r} asks in a process that is no child of a test")
    refuse(parent, call.cache, f"a {call.kind or call.asked}, while {why},")


class _Injection:
    """Stands for an injection of the parent, of which it is told what strikes, and what has come of that."""

    def __init__(self, cache: str, number: int, clock: Callable[[], Clock]) -> None:
        self._cache = cache
        self._number = number
        self.clock = clock

    def __call__(self, call: Call, proceed: Callable[[], Any]) -> Any:
        carrier: Any = getattr(call.gate, "explainer", None) or OWN
        keys = tuple(call.keys)
        # They may be of a framework's, which knows what the program has given.
        given = tuple(keys_as_given(call, keys)) if keys else ()
        struck = self._ask("strikes", call.kind, call.asked, keys, given, call.is_lookup)
        for fault, of_fault in struck[::-1]:
            if isinstance(fault, Stale):
                # The entries of this process, as they were when it began, nobody knows.
                _refuse(
                    call, proceed, f"{fault!r} is to strike it, which holds the entries as they were there"
                )
            proceed = self._bound(carrier, Strike(fault, call, self, of_fault), proceed)  # type: ignore[arg-type]
        return proceed()

    def _bound(self, carrier: Any, strike: Strike, proceed: Callable[[], Any]) -> Callable[[], Any]:
        def do() -> Any:
            strike.call.strikes = (*strike.call.strikes, strike)
            self.begin()
            return carrier.carry_out(strike, proceed)

        return do

    def _ask(self, request: str, *args: Any) -> Any:
        return ask(request, self._cache, self._number, *args)

    def begin(self) -> None:
        self._ask("struck", "begin", ())

    def give_back(self, strike: Strike) -> None:
        self._ask("struck", "give_back", ())

    def note(self, gate: Any, number: int) -> None:
        self._ask("struck", "note", (number,))

    @property
    def problems(self) -> _Problems:
        return _Problems(self._ask)


class _Problems:
    """The problems of an injection, which the parent has."""

    def __init__(self, ask_for: Callable[..., Any]) -> None:
        self._ask = ask_for

    def append(self, problem: str) -> None:
        self._ask("struck", "problem", (problem,))

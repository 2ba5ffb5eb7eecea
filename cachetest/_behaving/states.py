"""The states that caches can be in, and the behaviour of one that is off."""

from __future__ import annotations

import sys
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Protocol, cast
from weakref import WeakKeyDictionary

from .._recording.locks import make_lock
from ..errors import closest_first

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Lock
    from collections.abc import Awaitable, Callable, Collection, Sequence
    from contextlib import AbstractContextManager

    from .gate import Call

__all__ = ["STATES", "Off", "StatefulGate", "states_of", "validate_state"]

STATES = ("cold", "warm", "off", "failing")
"""The names of the states."""


def validate_state(state: object) -> str:
    """Return *state*; raises ``TypeError``, or ``ValueError`` with the closest first, for what is none."""
    if not isinstance(state, str):
        raise TypeError(f"a state is one of {', '.join(map(repr, STATES))}, not {state!r}")
    if state not in STATES:
        known = ", ".join(map(repr, closest_first(state, STATES)))
        raise ValueError(f"there is no state {state!r}; the closest first: {known}")
    return state


def states_of(given: Sequence[object]) -> tuple[str, ...]:
    """Return the states that are *given*; raises as `validate_state` does, and for none, or one twice."""
    if isinstance(given, str):
        raise TypeError(f"states must be names of states, such as ({given!r},), not {given!r}")
    states = tuple(validate_state(each) for each in given)
    if not states:
        raise ValueError(f"give at least one state: {', '.join(map(repr, STATES))}")
    twice = [each for each in states if states.count(each) > 1]
    if twice:
        raise ValueError(f"the state {twice[0]!r} was given twice")
    return states


class StatefulGate(Protocol):
    """A gate whose entries can be dropped."""

    def drop_entries(self, keys: Sequence[object] = ()) -> None:
        """Drop the entries of *keys*, and others if that is easier; all without keys. Nothing is logged."""

    def why_never_off(self) -> str:
        """Return why it can't be off, or nothing where it can."""
        ...


class Off:
    """The behaviour of caches that are off: there is no entry before a call, and none after it.

    What a call does is done, so that its answer is the library's own. The caches called *names* are off; all
    of the scope without names, but for those called *without*. ``left_out`` are those that can't be, each
    with the reason.
    """

    def __init__(self, names: Collection[str] = (), without: Collection[str] = ()) -> None:
        self.names = frozenset(names)
        self.without = frozenset(without)
        self.left_out: dict[str, str] = {}
        # One call of a cache at a time: to another, its entry would be there until it is dropped.
        self._turns: dict[str, AbstractContextManager[object]] = {}
        self._turns_of_tasks: WeakKeyDictionary[AbstractEventLoop, dict[str, Lock]] = WeakKeyDictionary()

    def is_for(self, cache: str) -> bool:
        """Return whether *cache* is to be off."""
        return cache not in self.without and (not self.names or cache in self.names)

    def __call__(self, call: Call, proceed: Callable[[], Any]) -> Any:
        gate = cast("StatefulGate", call.gate)
        why = gate.why_never_off() if self.is_for(call.cache) else ""
        if why:
            self.left_out[call.cache] = why
        if why or not self.is_for(call.cache):
            return proceed()
        with self._turns.get(call.cache) or self._turns.setdefault(call.cache, make_lock()):
            found = self._done(gate, call, proceed)
        # What is to be awaited has not begun.
        return self._awaited(call, found) if iscoroutine(found) else found

    def _done(self, gate: StatefulGate, call: Call, proceed: Callable[[], Any]) -> Any:
        gate.drop_entries(call.keys)
        try:
            found = proceed()
            if not iscoroutine(found):
                self._look_at(call)
            return found
        finally:
            gate.drop_entries(call.keys)

    async def _awaited(self, call: Call, found: Awaitable[Any]) -> Any:
        gate = cast("StatefulGate", call.gate)
        # It is loaded: somebody awaits this.
        asyncio: Any = sys.modules["asyncio"]
        turns = self._turns_of_tasks.setdefault(asyncio.get_running_loop(), {})
        async with turns.setdefault(call.cache, asyncio.Lock()):
            gate.drop_entries(call.keys)
            try:
                result = await found
                self._look_at(call)
                return result
            finally:
                gate.drop_entries(call.keys)

    def _look_at(self, call: Call) -> None:
        """Look at what *call* has left, before it is dropped."""

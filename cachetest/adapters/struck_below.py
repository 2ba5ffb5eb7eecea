"""The faults that have struck a call of a framework's cache, which the client below it is to meet."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .._behaving.injection import Strike
from ..faults import Damaged, Fails, Gone, LosesReply, Stale

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

__all__ = ["Below", "leave_below", "strikes_around"]


class Below:
    """A strike of a call of a framework's cache, as the commands that the call comes to meet it."""

    def __init__(self, strike: Strike) -> None:
        self.strike = strike
        self.is_whole = strike.fault.is_of_whole_call
        self._has_begun = False
        self._asked: list[object] = []
        self._landed: list[object] = []

    def _begins(self) -> bool:
        """Return whether this is the first packet that the strike can be carried out on."""
        began, self._has_begun = self._has_begun, True
        return not began

    def strikes_now(self, *, looks: bool = False) -> bool:
        """Return whether a packet is struck: each fails, but only the first is late, or loses its reply.

        One that only *looks* whether there is an entry to count on is not what the reply is lost of.
        """
        fault = self.strike.fault
        if looks and isinstance(fault, LosesReply) and self.strike.call.asked.endswith(("incr", "decr")):
            return False
        return self._begins() or isinstance(fault, Fails)

    def part(self, kind: str | None, keys: Sequence[object]) -> Strike | None:
        """Return what is to be carried out around a command of *kind* about *keys*; None for nothing."""
        strike, fault = self.strike, self.strike.fault
        # A script tells no keys: it may be about any of them.
        wanted = [key for key in strike.keys if not keys or any(_is_in(key, each) for each in keys)]
        if isinstance(fault, Gone) or (isinstance(fault, Damaged) and strike.call.kind != "put"):
            # Before the first that the call does to each: it may look before it counts.
            wanted = [key for key in wanted if key not in self._asked]
            self._asked += wanted
        elif not keys or (kind == "get") is not isinstance(fault, Stale):
            return None
        quiet: Any = _Quiet(strike.injection)
        return Strike(fault, strike.call, quiet, wanted) if wanted else None

    def note(self, part: Strike) -> None:
        """Note what has come of a *part*."""
        if not part.is_spent:
            self._landed += part.keys

    def end(self) -> None:
        """Tell the strike what has come of all its parts."""
        if not self.is_whole:
            self.strike.only([key for key in self.strike.keys if key in self._landed])


class _Quiet:
    """The injection of a part of a strike, which is not told where nothing has come of that alone."""

    def __init__(self, injection: Any) -> None:
        self._injection = injection

    def give_back(self, strike: object) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return getattr(self._injection, name)


def _is_in(key: object, each: object) -> bool:
    return key == each or (isinstance(each, tuple) and bool(each) and each[0] == key)


# Set to what it was before, and not reset: see `outer_call`.
_strikes: ContextVar[tuple[Below, ...]] = ContextVar("cachetest.strikes_below", default=())
strikes_around = _strikes.get


def leave_below(strike: Strike, proceed: Callable[[], Any]) -> Any:
    """Do a call by *proceed*, and leave it to the client below to carry *strike* out."""
    below, around = Below(strike), _strikes.get()
    _strikes.set((*around, below))
    try:
        result = proceed()
    finally:
        _strikes.set(around)
    if hasattr(result, "__await__"):
        return _awaited(below, result)
    below.end()
    return result


async def _awaited(below: Below, result: Awaitable[Any]) -> Any:
    around = _strikes.get()
    _strikes.set((*around, below))
    try:
        return await result
    finally:
        # Where it is closed in another context, as garbage, that has nothing of it.
        if below in _strikes.get():
            _strikes.set(around)
        below.end()

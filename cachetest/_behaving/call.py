"""A call to a cache that something in force may act on, and how what came of it is logged."""

from __future__ import annotations

from contextvars import ContextVar
from sys import _getframe
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .._recording.packages import NO_LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

__all__ = ["MISSING", "Behaviour", "Call", "Notes", "Struck", "calls_uncounted", "known_of_struck"]


class _Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        # There is one in each process.
        return "MISSING"


MISSING = _Missing()
"""Returned by a lookup that finds nothing: None may be a cached value."""


class _Fields(NamedTuple):
    cache: str
    kind: str | None
    asked: str
    keys: Sequence[object]
    gate: Any


class Call(_Fields):
    """A call that is about to be done: the name of its ``cache``, what was ``asked``, and its ``keys``.

    ``kind`` is ``"get"``, ``"put"`` or ``"delete"``, and None where it can't be told before. ``gate`` is the
    gate of the cache. ``strikes`` are the faults that have struck it so far, the latest last. ``is_lookup``
    says that what it comes to is the value of one key, or `MISSING`.
    """

    strikes: tuple[Struck, ...] = ()
    is_lookup = False
    libraries: frozenset[str] = NO_LIBRARIES
    frame: FrameType | None = None
    known: Mapping[str, object] | None = None

    def record(self, kind: str, key: object, more: Mapping[str, object]) -> int:
        """Log an operation of it, of which *more* is known, and return its number."""
        known = {**(self.known or {}), **more}
        frame = self.frame or _getframe(1)
        number: int = self.gate.operations.record_numbered(kind, key, self.libraries, frame, known)
        return number

    def record_effect(self, kind: str, key: object, more: Mapping[str, object] | None = None) -> None:
        """Log what it came to for *key*, with what struck it there, if anything did."""
        known, found = known_of_struck((self,), key)
        number = self.record(kind, key, {**(more or {}), **known})
        for each in found:
            each.injection.note(self.gate, number)


# Those that were struck, and counted nothing by themselves: whoever counts them later has a list here.
calls_uncounted: ContextVar[list[Call] | None] = ContextVar("cachetest.calls_uncounted", default=None)


def known_of_struck(calls: Sequence[Call], key: object) -> tuple[Mapping[str, object], Sequence[Struck]]:
    """Return what is known of an operation on *key* by what has struck one of *calls*, and what that was."""
    found = [each for call in calls for each in call.strikes if not each.is_spent and each.has(key)]
    return ({"fault": found[-1].fault} if found else {}), found


class Notes(Protocol):
    """What is told of each operation that it has struck."""

    def note(self, gate: Any, number: int) -> None: ...


class Struck(Protocol):
    """A fault that has struck a call, as far as the gate knows it."""

    fault: Any
    is_spent: bool

    @property
    def injection(self) -> Notes: ...
    def has(self, key: object) -> bool: ...


class Behaviour(Protocol):
    """A thing that may be in force: it acts in place of a call, and goes on with it by calling *proceed*."""

    def __call__(self, call: Call, proceed: Callable[[], Any]) -> Any: ...

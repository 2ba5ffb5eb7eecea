"""The one gate: every operation of every cache comes through here, and here alone a hit is decided.

A call takes three steps. What is in force acts: it may refuse the call, change what it finds, or let it go
on. Then the call is done, on entries that are ours or the library's. Then what came of it is recorded. With
nothing in force the first step is one look at an empty tuple, and `_caches.backend` leaves out even that.
"""

from __future__ import annotations

from collections.abc import Awaitable
from sys import _getframe
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from .._recording.packages import NO_LIBRARIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import FrameType

    from .._recording.operation import Kind

__all__ = ["MISSING", "Behaviour", "Call", "Effect", "Gate", "Record", "text_of"]

T = TypeVar("T")


class _Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
"""Returned by a lookup that finds nothing: None may be a cached value."""

Effect = tuple["Kind", object]
"""The kind and the key of one operation that a call came to."""


class Call(NamedTuple):
    """A call that is about to be done: the name of its ``cache``, what was ``asked``, and its ``keys``.

    ``kind`` is ``"get"``, ``"put"`` or ``"delete"``, and None where it can't be told before. ``gate`` is the
    gate of the cache.
    """

    cache: str
    kind: str | None
    asked: str
    keys: Sequence[object]
    gate: Gate


class Behaviour(Protocol):
    """A thing that may be in force: it acts in place of a call, and goes on with it by calling *proceed*."""

    def __call__(self, call: Call, proceed: Callable[[], Any]) -> Any: ...


class Record(Protocol):
    """The log of a cache, as far as the gate knows it."""

    def record(
        self,
        kind: Kind,
        key: object,
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None = None,
    ) -> None: ...

    def record_all(
        self,
        effects: Iterable[tuple[Kind, object]],
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None = None,
    ) -> None: ...


class Gate:
    """The gate of one cache; `MockCache` is one."""

    name: str
    operations: Record
    in_force: tuple[Behaviour, ...] = ()
    """The behaviours that act before each call, the innermost last: that one acts first."""

    def lookup(
        self,
        key: object,
        find: Callable[[], Any],
        libraries: frozenset[str] = NO_LIBRARIES,
        frame: FrameType | None = None,
        known: Mapping[str, object] | None = None,
    ) -> Any:
        """Look *key* up: count what *find* comes to, a hit or a miss, and return it.

        *find* returns the value, or `MISSING`; where it raises, that is a failure. *libraries* are the
        top-level packages whose lines are not the caller's, *frame* is where to begin to look for that, and
        *known* is what else is known of the operation, by the names of `Operation`.
        """
        # No lock: the key's own __hash__ and __eq__ run in here, and may use a cache themselves.
        try:
            value = self._act("get", (key,), find, known) if self.in_force else find()
        except Exception as error:
            self.fail((key,), error, libraries, frame or _getframe(1), known, "get")
            raise
        kind: Kind = "miss" if value is MISSING else "hit"
        self.operations.record(kind, key, libraries, frame or _getframe(1), known)
        return value

    def write(
        self,
        key: object,
        do: Callable[[], T],
        libraries: frozenset[str] = NO_LIBRARIES,
        frame: FrameType | None = None,
        known: Mapping[str, object] | None = None,
    ) -> T:
        """Write an entry for *key* by calling *do*, count a put, and return what *do* returned."""
        try:
            result: T = self._act("put", (key,), do, known) if self.in_force else do()
        except Exception as error:
            self.fail((key,), error, libraries, frame or _getframe(1), known, "put")
            raise
        self.operations.record("put", key, libraries, frame or _getframe(1), known)
        return result

    def perform(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], T],
        effects: Callable[[T], Iterable[Effect]],
        libraries: frozenset[str] = NO_LIBRARIES,
        known: Mapping[str, object] | None = None,
    ) -> T:
        """Do a call that is about *keys*, record what *effects* make of what *do* returned, and return that.

        *kind* is ``"get"``, ``"put"`` or ``"delete"``, or None. Where *do* raises, each key has a failure.
        """
        try:
            result: T = self._act(kind, keys, do, known) if self.in_force else do()
        except Exception as error:
            self.fail(keys, error, libraries, _getframe(1), known, kind)
            raise
        self.operations.record_all(effects(result), libraries, _getframe(1), known)
        return result

    async def perform_async(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], Awaitable[T]],
        effects: Callable[[T], Iterable[Effect]],
        libraries: frozenset[str] = NO_LIBRARIES,
        known: Mapping[str, object] | None = None,
    ) -> T:
        """Do as `perform` does, where *do* is to be awaited; recorded here, where the caller awaits it.

        A behaviour that does not go on may return the result as it is.
        """
        try:
            found = self._act(kind, keys, do, known) if self.in_force else do()
            result: T = await found if isinstance(found, Awaitable) else found
        except Exception as error:
            self.fail(keys, error, libraries, _getframe(0), known, kind)
            raise
        self.operations.record_all(effects(result), libraries, _getframe(0), known)
        return result

    def record(
        self,
        kind: Kind,
        key: object,
        libraries: frozenset[str] = NO_LIBRARIES,
        known: Mapping[str, object] | None = None,
    ) -> None:
        """Record what a library did without being asked: an eviction, an expiration, a bypass."""
        self.operations.record(kind, key, libraries, _getframe(1), known)

    def _act(
        self,
        kind: str | None,
        keys: Sequence[object],
        do: Callable[[], Any],
        known: Mapping[str, object] | None,
    ) -> Any:
        asked = str((known or {}).get("asked") or kind)
        call = Call(self.name, kind, asked, keys, self)
        for behaviour in self.in_force:
            do = _bound(behaviour, call, do)
        return do()

    def fail(
        self,
        keys: Sequence[object],
        error: Exception,
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None = None,
        kind: str | None = None,
    ) -> None:
        """Record that a call of *kind* about *keys* raised *error*: one failure a key."""
        # Its text, not the exception: that would keep every frame that it went through.
        more = {"asked": kind, **(known or {}), "error": text_of(error)}
        for key in keys or (None,):
            self.operations.record("failure", key, libraries, frame, more)


def _bound(behaviour: Behaviour, call: Call, proceed: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: behaviour(call, proceed)


def text_of(error: Exception) -> str:
    """Return the class of *error* and its text, if it has any."""
    try:
        text = str(error)
    except Exception:
        # An exception of anybody's, whose text can't be had.
        text = ""
    name = type(error).__qualname__
    return f"{name}: {text}" if text else name

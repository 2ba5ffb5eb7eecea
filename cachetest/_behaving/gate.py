"""The one gate: every operation of every cache comes through here, and here alone a hit is decided.

A call takes three steps. What is in force acts: it may refuse the call, change what it finds, or let it go
on. Then the call is done, on entries that are ours or the library's. Then what came of it is recorded. With
nothing in force the first step is one look at an empty tuple, and `_caches.backend` leaves out even that.
"""

from __future__ import annotations

from collections.abc import Awaitable
from sys import _getframe
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .._recording.packages import NO_LIBRARIES
from .call import MISSING, Behaviour, Call, calls_uncounted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import FrameType

    from .._recording.operation import Kind

__all__ = ["MISSING", "Behaviour", "Call", "Effect", "Gate", "Record", "text_of"]

T = TypeVar("T")

Effect = tuple["Kind", object]
"""The kind and the key of one operation that a call came to."""


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

    def record_numbered(
        self,
        kind: Kind,
        key: object,
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object],
    ) -> int: ...

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
        if self.in_force:
            call = self.make_call("get", (key,), libraries, frame or _getframe(1), known)
            call.is_lookup = True
            return self._act(call, find, _found(key))
        # No lock: the key's own __hash__ and __eq__ run in here, and may use a cache themselves.
        try:
            value = find()
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
        if self.in_force:
            call = self.make_call("put", (key,), libraries, frame or _getframe(1), known)
            written: T = self._act(call, do, _put(key))
            return written
        try:
            result: T = do()
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
        if self.in_force:
            call = self.make_call(kind, keys, libraries, _getframe(1), known)
            acted: T = self._act(call, do, effects)
            return acted
        try:
            result: T = do()
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
        call = self.make_call(kind, keys, libraries, _getframe(0), known) if self.in_force else None
        try:
            found = do() if call is None else self._bind(call, do)()
            result: T = await found if isinstance(found, Awaitable) else found
        except Exception as error:
            self.fail_call(call, keys, error, libraries, _getframe(0), known, kind)
            raise
        if call is None or not call.strikes:
            self.operations.record_all(effects(result), libraries, _getframe(0), known)
        else:
            _record(call, effects(result))
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

    def _act(self, call: Call, do: Callable[[], Any], effects: Callable[[Any], Iterable[Effect]]) -> Any:
        """Do what the three calls above do, where something is in force."""
        frame = call.frame or _getframe(2)
        try:
            result = self._bind(call, do)()
        except Exception as error:
            self.fail_call(call, call.keys, error, call.libraries, frame, call.known, call.kind)
            raise
        if call.strikes:
            _record(call, effects(result))
        else:
            self.operations.record_all(effects(result), call.libraries, frame, call.known)
        return result

    def make_call(
        self,
        kind: str | None,
        keys: Sequence[object],
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None,
    ) -> Call:
        """Return the call of *kind* about *keys* that what is in force may act on; nothing is done yet."""
        asked = str((known or {}).get("asked") or kind)
        call = Call(self.name, kind, asked, keys, self)
        call.libraries, call.frame, call.known = libraries, frame, known
        return call

    def _bind(self, call: Call, do: Callable[[], Any]) -> Callable[[], Any]:
        for behaviour in self.in_force:
            do = _bound(behaviour, call, do)
        return do

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
        self.fail_call(None, keys, error, libraries, frame, known, kind)

    def fail_call(
        self,
        call: Call | None,
        keys: Sequence[object],
        error: Exception,
        libraries: frozenset[str],
        frame: FrameType,
        known: Mapping[str, object] | None,
        kind: str | None,
    ) -> None:
        """Record what `fail` does, with what has struck *call*, where there is one."""
        # Its text, not the exception: that would keep every frame that it went through.
        more = {"asked": kind, **(known or {}), "error": text_of(error)}
        for key in keys or (None,):
            if call is None or not call.strikes:
                self.operations.record("failure", key, libraries, frame, more)
            else:
                call.record_effect("failure", key, more)


def _found(key: object) -> Callable[[Any], Iterable[Effect]]:
    return lambda value: (("miss" if value is MISSING else "hit", key),)


def _put(key: object) -> Callable[[Any], Iterable[Effect]]:
    return lambda _: (("put", key),)


def _record(call: Call, effects: Iterable[Effect]) -> None:
    counted = False
    for kind, key in effects:
        call.record_effect(kind, key)
        counted = True
    later = calls_uncounted.get()
    if later is not None and not counted:
        later.append(call)


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

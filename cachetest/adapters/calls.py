"""Whose a call is that does not come in by what was patched: one that was running as it was, for instance.

Another thread may be anywhere in the library's code while a scope opens or closes. What it has begun on an
object as it is ends on that, and what it has begun on that of a scope ends there.
"""

from __future__ import annotations

import sys
from collections.abc import ItemsView, MappingView, ValuesView
from contextvars import ContextVar
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR, CO_VARARGS
from threading import get_ident
from time import sleep
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from .._recording.patience import Patience
from .._recording.thread_frames import without_collection
from .._sharing.joined import is_in_parents_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

__all__ = ["SUSPENDED", "Calls", "calls_of_caller", "in_call_of", "is_in_call_of"]

# The objects that the calling context is in a call of, where it has been decided whose the call is: patched
# ones, in a call on the object as it is, and faces. Not swaps: an object may be patched anew in between.
_in_calls_of: ContextVar[tuple[object, ...]] = ContextVar("cachetest.calls", default=())
calls_of_caller = _in_calls_of.get

# What iterates over the entries of a mapping that has no way of its own to.
_VIEWS = frozenset({ItemsView.__iter__.__code__, ValuesView.__iter__.__code__})
_UNKNOWN, _UNDECIDED = object(), object()
SUSPENDED = CO_ASYNC_GENERATOR | CO_COROUTINE | CO_GENERATOR
_TRIES = 100
# In seconds; a call of a cache takes microseconds.
_PATIENCE = 1.0


class Calls:
    """The calls of objects of the class *cls*, for as long as they are patched."""

    is_patched = False

    def __init__(self, cls: type, tell_passed_by: Callable[[Any, FrameType], object] | None = None) -> None:
        # Called with what such a call is for, and its frame, where a scope is open.
        self._tell_passed_by = tell_passed_by
        self._codes = _VIEWS.union(_codes_of(cls))
        self._inner = frozenset(inner for code in self._codes for inner in _inner_codes(code))
        # Where each other thread was when it was patched. None until that is known.
        self._tops: dict[int, FrameType] | None = None
        # The calls that have passed the patch by, with what they are for: those that were running before, and
        # those of a method that the program had taken off the object before.
        self._pinned: dict[FrameType, Any] = {}

    def begin(self) -> None:
        """Take every call for one of the object as it is; to be called before it is patched."""
        self._tops = None
        self._pinned.clear()
        self.is_patched = True

    def look(self) -> None:
        """Look which calls are running; to be called once it is patched."""
        if self._tops is None:
            # In a child process those that are running came to the patch being made.
            self._tops = {} if is_in_parents_test() else without_collection(_tops_of_others)

    def end(self) -> None:
        """Take no new call for one of a scope, and wait for those that would go on on the object as it is."""
        self.is_patched = False
        patience = Patience(_PATIENCE)
        while not patience.is_over():
            _forget_ended(self._pinned)
            if not any(found is not None for found in list(self._pinned.values())):
                break
            sleep(0)
        self._tops = None

    def find(self, called: object, caller: FrameType, in_scope: Callable[[], Any]) -> Any:
        """Return what a call of *called*, made by *caller*, is for: what *in_scope* returns, or None.

        None stands for the object as it is: in a call that began on it, or that such a one makes.
        """
        if is_in_call_of(called):
            return None
        caller = self._method_of(called, caller)
        return self._pin(called, caller, in_scope) if self._is_in(called, caller) else self._decide(in_scope)

    def find_around(self, called: object, in_scope: Callable[[], Any]) -> Any:
        """Return what `find` does, for the call of *called* that the calling thread is in, if any."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and not self._is_in(called, frame):
            frame = frame.f_back
        return self._decide(in_scope) if frame is None else self._pin(called, frame, in_scope)

    def _decide(self, in_scope: Callable[[], Any]) -> Any:
        """Return what a call is for that begins now."""
        return in_scope() if self.is_patched and self._tops is not None else None

    def is_call_of(self, called: object, frame: FrameType) -> bool:
        """Return whether *frame* is in a method of *called*, or of a view of it."""
        return self._is_in(called, self._method_of(called, frame))

    def _method_of(self, called: object, frame: FrameType) -> FrameType:
        """Return the frame of the method that has made *frame*, a function or comprehension in it, if any."""
        if frame.f_code not in self._inner:
            return frame
        outer = frame.f_back
        while outer is not None and not self._is_in(called, outer):
            outer = outer.f_back
        return outer or frame

    def _is_in(self, called: object, frame: FrameType) -> bool:
        if frame.f_code not in self._codes:
            return False
        found: Any = _first_argument(frame)
        return (getattr(found, "_mapping", None) if isinstance(found, MappingView) else found) is called

    def _pin(self, called: object, frame: FrameType, in_scope: Callable[[], Any]) -> Any:
        """Return what *frame*, a call of *called*, is for; it stays so until it ends."""
        found = self._pinned.get(frame, _UNKNOWN)
        if found is not _UNKNOWN:
            return found
        if frame.f_code.co_flags & CO_GENERATOR:
            # The object has given it before it was patched: what is patched gives none of the object's own.
            return None
        if frame.f_code.co_flags & SUSPENDED:
            # It calls others over time, each for the scope that is open then.
            return self._decide(in_scope)
        _forget_ended(self._pinned)
        outer = frame.f_back
        while outer is not None and not self._is_in(called, outer):
            outer = outer.f_back
        if outer is not None:
            found = self._pinned[frame] = self._pin(called, outer, in_scope)
            return found
        # That it is being decided has to be known before it is: `end` waits for it.
        self._pinned[frame] = _UNDECIDED
        tops = self._tops
        before = tops is None or _is_below(frame, tops)
        try:
            found = self._pinned[frame] = None if before else self._decide(in_scope)
            if found is not None and self._tell_passed_by is not None:
                self._tell_passed_by(found, frame)
        except BaseException:
            del self._pinned[frame]
            raise
        return found


def in_call_of(called: object, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Return what *function* returns, as a part of a call of *called*."""
    around = _in_calls_of.get()
    _in_calls_of.set((*around, called))
    try:
        return function(*args, **kwargs)
    finally:
        # Not reset: see `outer_call`.
        _in_calls_of.set(around)


def is_in_call_of(called: object) -> bool:
    """Return whether the calling context is in one."""
    for each in _in_calls_of.get():  # noqa: SIM110 (a generator's frame forgets what it was called by)
        if each is called:
            return True
    return False


def _forget_ended(frames: dict[FrameType, Any]) -> None:
    """Take those that have ended out of *frames*, and let go of what they were given."""
    for frame in list(frames):
        try:
            frame.clear()
        except RuntimeError:
            # It is running, on whichever thread.
            continue
        frames.pop(frame, None)


def _codes_of(cls: type) -> Iterator[CodeType]:
    """Give the code of each method of *cls*, and of those that a decorator has wrapped."""
    for base in cls.__mro__:
        for value in vars(base).values():
            for function in (value.fget, value.fset) if isinstance(value, property) else (value,):
                while function is not None:
                    if isinstance(function, FunctionType):
                        yield function.__code__
                    function = getattr(function, "__wrapped__", None)


def _inner_codes(code: CodeType) -> Iterator[CodeType]:
    """Give the code of each function that *code* makes."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _inner_codes(inner)


def _tops_of_others() -> dict[int, FrameType]:
    """Return the frame that each other thread is in, or where that is a generator's, what it is called by."""
    found = sys._current_frames()
    found.pop(get_ident(), None)
    # A generator forgets, once it has given something, who had called it.
    for thread, top in found.items():
        frame: FrameType | None = top
        for _ in range(_TRIES):
            if frame is None or not frame.f_code.co_flags & SUSPENDED:
                break
            frame = frame.f_back or sys._current_frames().get(thread)
        found[thread] = frame or top
    return found


def _is_below(frame: FrameType, tops: dict[int, FrameType]) -> bool:
    """Return whether *frame*, of the calling thread, was running when that was in its frame of *tops*."""
    # By the thread itself: there its frames stay as they are while they are looked at.
    before = tops.get(get_ident())
    while before is not None and before is not frame:
        before = before.f_back
    return before is not None


def _first_argument(frame: FrameType) -> object:
    code = frame.f_code
    if code.co_argcount:
        return frame.f_locals.get(code.co_varnames[0])
    given = frame.f_locals.get(code.co_varnames[code.co_kwonlyargcount]) if code.co_flags & CO_VARARGS else ()
    return given[0] if isinstance(given, tuple) and given else None

"""Patching an object by giving it another class, which reaches everybody who holds it.

The object keeps its own ``__dict__``: a call that a scope has no part in is the library's own, on the object
as it is. Which of the two a call is, is decided once, as it begins, and holds for all that it calls.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from .._caches.attribution import is_late
from .calls import Calls, in_call_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import TypeVar

    from .._caches.cache import MockCache
    from .._patching.undo import Undo

    S = TypeVar("S", bound="ClassSwap")

# The attribute of the class that a patched object has, with its swap.
SWAP_MARK = "_cachetest_swap"

__all__ = ["ClassSwap", "named_after", "patch_object", "swap_of"]


class ClassSwap(ABC):
    """One patched object, ``target``, with the name of its cache and its own class, ``original``."""

    front: Any
    """The class that the object has while it is patched; a subclass sets it."""

    libraries: frozenset[str] = frozenset()
    """The packages that are not the caller."""

    counted: frozenset[str] = frozenset()
    """The methods that a subclass counts by putting others in their place."""

    _at_rest = False

    def __init__(self, name: str, target: Any) -> None:
        self.name = name
        self.target = target
        self.original: Any = type(target)
        self._holders: set[object] = set()
        self._calls = Calls(self.original, self._tell_passed_by)

    @abstractmethod
    def in_scope(self) -> Any:
        """Return what the running scope has in place of the object; None outside any."""

    def hold(self, undo: Undo) -> None:
        """Patch it until *undo* runs, or until the last of several has run."""
        holder = object()

        def let_go() -> None:
            self._holders.discard(holder)
            if not self._holders and type(self.target) is self.front:
                self.put_back()

        undo.add(let_go)
        undo.at_rest(self.rest)
        self._holders.add(holder)
        setattr(self.front, SWAP_MARK, self)
        self.put_in()

    def rest(self, at_rest: bool) -> None:
        """Have the object as it is for all who are not late, or end that."""
        self._at_rest = at_rest

    def put_in(self) -> None:
        """Patch the object; harmless where it is patched already."""
        if type(self.target) is not self.front:
            self._calls.begin()
            object.__setattr__(self.target, "__class__", self.front)
        self._calls.look()

    def put_back(self) -> None:
        """Undo it, the class last: the object is found to be patched by that, if this is interrupted."""
        self._calls.end()
        self._at_rest = False
        object.__setattr__(self.target, "__class__", self.original)

    def in_place_of(self, called: Any) -> Any:
        """Return what a call of *called* is for: what the scope has in place of the object, or None.

        None stands for the object as it is: where no scope is open, and in a call that began on it, or that
        such a one makes. To be asked once a call, by the method of the front that was called.
        """
        swap: ClassSwap | None = self if self._calls.is_patched else swap_of(called)
        # Whatever else is of the front's class, a program has made of it.
        if called is not self.target or swap is None:
            return None
        method = sys._getframe(1)
        return swap._calls.find(called, method.f_back or method, swap._in_scope_or_late)

    def in_place_of_caller(self) -> Any:
        """Return what `in_place_of` does, for the call of the object that the caller is in, if any."""
        return self._calls.find_around(self.target, self._in_scope_or_late)

    def _in_scope_or_late(self) -> Any:
        """Return what `in_scope` does; while the patch is for late callers alone, None for all others."""
        return None if self._at_rest and not is_late() else self.in_scope()

    def _tell_passed_by(self, found: Any, frame: FrameType) -> None:
        """Have it known that *frame*, a call for *found*, is by a method from before: it may be uncounted."""
        method = frame.f_code.co_name
        if method not in self.counted:
            return
        from .._recording.call_sites import CallSite

        # Once for each line, however often it is called.
        line = (
            f"cache {self.name!r}: {method}() was called as a method that had been taken off the cache "
            f"before it was patched, at {CallSite(frame, self.libraries)}: that can't be counted rightly. "
            "Call it on the cache, or take it off in the test"
        )
        counts: MockCache = found.counts
        if line not in counts.problems:
            counts.problems += (line,)

    def own_call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Return what *function* of the library returns, on the object as it is, whatever opens meanwhile."""
        return in_call_of(self.target, function, *args, **kwargs)


def swap_of(target: object) -> Any:
    """Return the `ClassSwap` that *target* is patched by, or None."""
    return vars(type(target)).get(SWAP_MARK)


def patch_object(undo: Undo, adapter: str, name: str, target: object, make: Callable[[str, Any], S]) -> S:
    """Patch *target* as the cache *name*; *make* makes its swap, unless it is patched already.

    Raises ``ValueError`` where it is patched under another name.
    """
    swap: S = swap_of(target) or make(name, target)
    if swap.name != name:
        raise ValueError(
            f"{adapter}({name}=...): this object is patched already, as {swap.name!r}; use one name for it: "
            f"{target!r}"
        )
    swap.hold(undo)
    return swap


def named_after(original: Any, cls: Any) -> Any:
    """Return *cls* under the name of *original*, which the library shows in errors and reprs."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(cls, name, getattr(original, name))
    return cls

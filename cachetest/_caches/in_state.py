"""The block in which the caches of a scope are in a state."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from .._behaving.states import Off, validate_state
from .._recording.call_sites import CallSite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._behaving.gate import Behaviour
    from .stateful import Stateful

__all__ = ["InState", "begin_state"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class Caches(Protocol):
    """The caches of a scope, as far as a state asks them."""

    def __getitem__(self, name: str) -> Any: ...
    def values(self) -> Any: ...
    def _begin_at_entries(self, behaviour: Behaviour) -> None: ...
    def _end(self, behaviour: Behaviour) -> None: ...
    def await_end(self, begun: Any, line: Callable[[], str | None]) -> None: ...
    def forget_end(self, begun: Any) -> None: ...


def begin_state(
    caches: Caches, state: str, names: Sequence[str] = (), where: object = None, *, asked: bool = True
) -> Begun:
    """Put *caches* in a *state* at *where*, or those alone that are called *names*; return what ends it.

    Raises ``TypeError`` for a cache of these names that can't be in it, and where none can, if *asked* for.
    """
    chosen: list[Stateful] = [caches[name] for name in names] or list(caches.values())
    begun = Begun(state)
    if state == "failing":
        _begin_failing(caches, names, begun, asked=asked)
    elif state != "warm":
        begun.left_out = _impossible(chosen, state, by_name=bool(names), asked=asked)
        possible = [cache for cache in chosen if cache.name not in begun.left_out]
        if state == "off" and (possible or not chosen):
            begun.off = off = Off(names)
            begun.ends.callback(caches._end, off)
            caches._begin_at_entries(off)
        begun.is_in_force = bool(possible or not chosen)
        for cache in possible:
            if where is not None:
                begun.ends.callback(cache.note_state(state, where))
            cache.drop_entries()
    return begun


class Begun:
    """A state that has begun: ``ends`` ends it, and ``left_out`` are the caches that can't be in it."""

    def __init__(self, state: str) -> None:
        self.state = state
        self.ends = ExitStack()
        self.off: Off | None = None
        self.left_out: Mapping[str, str] = {}
        # Whether there is a cache that is in it.
        self.is_in_force = True


def _begin_failing(caches: Any, names: Sequence[str], begun: Begun, *, asked: bool) -> None:
    from ..faults import Fails

    for of in [caches[name] for name in names] or [caches]:
        try:
            begun.ends.enter_context(of.inject(Fails(), must_strike=False))
        except TypeError as error:
            # It is impossible for all of them.
            if names or asked:
                raise
            begun.left_out, begun.is_in_force = {"failing": str(error)}, False


def _impossible(chosen: Sequence[Stateful], state: str, *, by_name: bool, asked: bool) -> dict[str, str]:
    """Return which of the *chosen* caches can't be in a *state*, with the reasons."""
    why: Callable[[Stateful], str] = lambda cache: cache.why_never_off() if state == "off" else ""  # noqa: E731
    found = {cache.name: why(cache) for cache in chosen if why(cache)}
    if found and (by_name or (asked and len(found) == len(chosen))):
        name, reason = next(iter(found.items()))
        raise TypeError(f"the cache {name!r} can't be {state}: {reason}")
    return found


class InState:
    """The context manager that ``caches.in_state(...)`` returns; it can be entered once."""

    def __init__(self, caches: Caches, state: str, names: Sequence[str]) -> None:
        """Check the arguments; nothing is in a state yet."""
        self._state = validate_state(state)
        if isinstance(names, str):
            raise TypeError(f"caches must be names of caches, such as ({names!r},), not {names!r}")
        # An unknown name is an error here, where it was given.
        self._names = tuple(caches[name].name for name in names)
        self._caches = caches
        self._begun: Begun | None = None
        self._at = CallSite(sys._getframe(2))
        caches.await_end(self, self._was_not_entered)

    def _was_not_entered(self) -> str:
        return (
            f"in_state({self._state!r}), at {self._at}, was not entered, so it tested nothing: use it in a "
            "with statement"
        )

    def close(self) -> None:
        """Do nothing: it was not entered."""

    def __enter__(self) -> None:
        self._caches.forget_end(self)
        if self._begun is not None:
            raise RuntimeError(f"in_state({self._state!r}) was entered before: make another one")
        if self._state == "warm":
            self._begin_warm()
        self._before = self._total()
        self._begun = begin_state(self._caches, self._state, self._names, self._at)

    def _total(self) -> int:
        """Return how many operations there were so far on the caches that are meant."""
        chosen: list[Any] = [self._caches[name] for name in self._names] or list(self._caches.values())
        return sum(cache.operations.total for cache in chosen)

    def _begin_warm(self) -> None:
        chosen: list[Any] = [self._caches[name] for name in self._names] or list(self._caches.values())
        if not any(len(cache.cache) for cache in chosen if "entries" not in cache.unavailable):
            names = ", ".join(repr(cache.name) for cache in chosen) or "any cache"
            raise AssertionError(
                f"nothing is warm: there is no entry in {names}; have the program put some before the block"
            )
        for cache in chosen:
            cache.forget_counts()

    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None:
        begun = self._begun
        if begun is None:
            return
        begun.ends.close()
        if exc_type is None and begun.off is not None and self._total() == self._before:
            raise AssertionError(
                f"no cache was used in the block of in_state('off'), at {self._at}, so nothing was tested"
            )

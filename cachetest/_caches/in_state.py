"""The block in which the caches of a scope are in a state."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

from .._behaving.states import Off, validate_state
from .._recording.call_sites import CallSite
from .backend_names import backend_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from .._behaving.gate import Behaviour

__all__ = ["InState", "begin_state"]

# unittest leaves out of a failure's traceback the frames of modules that have this.
__unittest = True


class Caches(Protocol):
    """The caches of a scope, as far as a state asks them."""

    @property
    def clock(self) -> Any: ...
    def __getitem__(self, name: str) -> Any: ...
    def values(self) -> Any: ...

    def _begin(self, behaviour: Behaviour) -> None: ...
    def _begin_at_entries(self, behaviour: Behaviour) -> None: ...
    def _end(self, behaviour: Behaviour) -> None: ...
    def await_end(self, begun: Any, line: Callable[[], str | None]) -> None: ...
    def forget_end(self, begun: Any) -> None: ...


def begin_state(
    caches: Caches,
    state: str,
    names: Sequence[str] = (),
    where: object = None,
    *,
    asked: bool = True,
    without: Collection[str] = (),
) -> Begun:
    """Put *caches* in a *state* at *where*, or those alone that are called *names*; return what ends it.

    Those called *without* are never off. Raises ``TypeError`` for a cache of these names that can't be in it,
    and where none can, if *asked* for.
    """
    chosen: list[Any] = [caches[name] for name in names] or list(caches.values())
    if state == "off":
        chosen = [cache for cache in chosen if cache.name not in without]
    begun = Begun(state)
    begun.left_out = _impossible(chosen, state, by_name=bool(names), asked=asked)
    possible = [cache for cache in chosen if cache.name not in begun.left_out]
    # A MockBackend has its cache when it is used.
    begun.is_in_force = bool(possible or not chosen or (not names and backend_names()))
    if state == "failing" and begun.is_in_force:
        _begin_failing(caches, names, begun)
    if state == "off" and begun.is_in_force:
        begun.off = off = Off(names, without)
        begun.ends.callback(caches._end, off)
        caches._begin_at_entries(off)
    for cache in possible if state in ("cold", "off") else ():
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
        self.failing: list[Any] = []

    def told_left_out(self) -> dict[str, str]:
        """Return the caches that were not in it, those too that only their calls have shown."""
        return {
            **self.left_out,
            **{k: v for each in self.failing for k, v in each.left_out.items()},
        }

    def has_failed(self) -> bool:
        """Return whether any call has failed as it was to."""
        return any(each.has_struck for each in self.failing)


def _begin_failing(caches: Caches, names: Sequence[str], begun: Begun) -> None:
    # Not by inject(): it may be that none of the caches has been used yet, and it would see none to fail.
    from .._behaving.injection import Injection, Matching
    from ..faults import Fails

    for name in names or (None,):
        injection = Injection((Fails(),), Matching(), lambda: caches.clock, name)
        begun.failing.append(injection)
        begun.ends.callback(caches._end, injection)
        caches._begin(injection)


def _impossible(chosen: Sequence[Any], state: str, *, by_name: bool, asked: bool) -> dict[str, str]:
    """Return which of the *chosen* caches can't be in a *state*, with the reasons."""
    found = {cache.name: _why_never(cache, state) for cache in chosen}
    found = {name: why for name, why in found.items() if why}
    if found and (by_name or (asked and len(found) == len(chosen) and not backend_names())):
        name, reason = next(iter(found.items()))
        raise TypeError(f"the cache {name!r} can't be {state}: {reason}")
    return found


def _why_never(cache: Any, state: str) -> str:
    """Return why *cache* can't be in a *state*, or nothing where it can."""
    if state == "failing":
        from ..faults import Fails

        return str(cache.carrier.why_impossible(cache, Fails()))
    return str(cache.why_never_off()) if state == "off" else ""


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
        unused = begun.off is not None and self._total() == self._before
        if exc_type is None and (unused or (begun.failing and not begun.has_failed())):
            left_out = "".join(f"; {cache!r} can't be: {why}" for cache, why in begun.told_left_out().items())
            raise AssertionError(
                f"no cache was used in the block of in_state({self._state!r}), at {self._at}, so nothing was "
                f"tested{left_out}"
            )

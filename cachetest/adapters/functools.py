"""functools: the counts of memoised functions, read from the functions themselves.

No call goes through the gate: a memoised function looks its entries up itself, in C, and is only watched. So
nothing can be put in force for it.
"""

from __future__ import annotations

import threading
from collections.abc import MutableMapping
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from .._caches.attribution import scope_of_caller
from .._patching.undo import ABSENT, Undo
from .._recording.stats import Stats
from ..errors import CacheTestError
from .targets import Targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .._caches.caches import MockCaches

__all__ = ["Functools"]

UNKNOWN = {
    "puts": "a memoised function doesn't count them, and not every miss is one: nothing is stored when the "
    "function raises, or with maxsize=0",
    "operations": "a memoised function counts its lookups, but tells nobody of them",
    "entries": "a memoised function shows neither its keys nor its values",
}


class Functools(Targets):
    """Memoised functions: ``Functools(prices="shop.catalog:price_of")``.

    A target is what ``functools.cache`` or ``lru_cache`` has made, a method (``"shop.catalog:Shop.price"``)
    too, or anything else with ``cache_info()`` and ``cache_clear()``. Hits and misses are known; puts, keys
    and calling lines are not. A scope begins cold: the entries of before, those of an outer scope too, are
    cleared when it is entered and can't be put back, and its own when it is left. The function's counts are
    one for the whole process, so two tests at once can't both watch it: the second gets a `CacheTestError`.
    """

    name = "functools"
    example = "prices='shop.catalog:price_of'"

    def install(self) -> AbstractContextManager[object]:
        return nullcontext()

    def scope_context(self, caches: MockCaches) -> AbstractContextManager[object]:
        return Undo(partial(self._watch, caches))

    def _watch(self, caches: MockCaches, undo: Undo) -> None:
        scope = scope_of_caller()
        around = [] if scope is None else [each.caches for each in scope.lineage()]
        for name, function in self.resolve().items():
            reading = _Reading(name, caches, function)
            undo.add(reading.end)
            reading.begin(around)
            cache = caches[name]
            cache.library_counts, cache.cache, cache.unavailable = reading.counts, _Entries(reading), UNKNOWN

    def resolve(self) -> dict[str, Any]:
        """Return the memoised function that each name stands for.

        Raises ``ImportError`` as `Targets.resolve` does, and ``TypeError`` for what is not memoised.
        """
        functions = {name: _unbound(found) for name, found in super().resolve().items()}
        for name, function in functions.items():
            if not _is_memoised(function):
                inside = _is_memoised(getattr(function, "__wrapped__", None))
                raise TypeError(
                    f"Functools({name}={self.targets[name]!r}): expected a function with cache_info() and "
                    f"cache_clear(), as functools.cache makes, not {function!r}"
                    + (": give its __wrapped__, which has them" if inside else "")
                )
        return functions

    def patched_attributes(self) -> Mapping[str, object]:
        return {
            target: self._found_at(name, target)
            for name, target in self.targets.items()
            if isinstance(target, str)
        }

    def _found_at(self, name: str, target: str) -> object:
        try:
            return _unbound(self._object(name, target))
        except ImportError:
            return ABSENT


def _unbound(found: Any) -> Any:
    # A class makes a new method object of a memoised class method each time it is asked for it.
    return getattr(found, "__func__", found)


def _is_memoised(function: object) -> bool:
    return all(callable(getattr(function, name, None)) for name in ("cache_info", "cache_clear"))


# Held while counts are read or taken over: else some could be forgotten in between.
_lock = threading.RLock()
_memos: dict[int, _Memo] = {}


class _Memo:
    """One memoised function, for as long as a scope watches it."""

    def __init__(self, function: Any) -> None:
        self.function = function
        self.clear = function.cache_clear
        # One for each scope, the innermost last: that one counts.
        self.readings: list[_Reading] = []
        self.undo = Undo()

    @classmethod
    def of(cls, function: Any) -> _Memo:
        """Return the one of *function*: by it, a scope finds the others that watch the function."""
        with _lock:
            return _memos.get(id(function)) or cls(function)

    def watch_clear(self) -> None:
        """Have the program call our `cache_clear` in place of the function's own."""
        _memos[id(self.function)] = self
        self.undo.add(lambda: _memos.pop(id(self.function), None))
        self.undo.set_attribute(self.function, "cache_clear", self.cache_clear)

    def cache_clear(self) -> None:
        """Clear the entries, and keep the counts, which the function forgets with them."""
        with _lock:
            # The program may have kept this from an earlier scope.
            memo = _memos.get(id(self.function), self)
            if memo.readings:
                memo.readings[-1].empty()
            else:
                self.clear()


class _Reading:
    """The counts of one function in one scope, under the *name* of a cache in *caches*."""

    def __init__(self, name: str, caches: MockCaches, function: Any) -> None:
        self._name = name
        self._caches = caches
        self._memo = _Memo.of(function)
        # The counts that the function has forgotten since, and those that it was last seen to have.
        self._kept = Stats()
        self._seen = Stats()
        self._lost = False

    def begin(self, around: Sequence[MockCaches]) -> None:
        """Begin to count, from nothing; *around* are the caches of this scope and of those around it."""
        with _lock:
            self._memo = memo = _Memo.of(self._memo.function)
            for other in memo.readings:
                self._check(other, around)
            if memo.readings:
                memo.readings[-1].empty()
            memo.readings.append(self)
            if len(memo.readings) == 1:
                memo.watch_clear()
            memo.clear()

    def _check(self, other: _Reading, around: Sequence[MockCaches]) -> None:
        what = f"{self._memo.function!r} can't be watched as {self._name!r}"
        if other._caches is self._caches:
            raise ValueError(f"{what}: it is watched as {other._name!r} already")
        if not any(other._caches is each for each in around):
            raise CacheTestError(
                f"{what}: another test, which is running, watches it, and its counts are one for the whole "
                "process: run these tests one after the other"
            )

    def end(self) -> None:
        """Count no more, and leave the function empty; an error if not all was counted."""
        with _lock:
            memo = self._memo
            if self not in memo.readings:
                return
            if self.is_current():
                self.empty()
            if memo.readings == [self]:
                memo.undo.run()
            # Last, since this is done again, from the start, where it was interrupted.
            memo.readings.remove(self)
            if self._lost:
                self._complain()

    def is_current(self) -> bool:
        """Return whether what the function counts is counted here."""
        return self._memo.readings[-1:] == [self]

    def counts(self) -> Stats:
        """Return all that was counted; an error if that can't be known."""
        with _lock:
            self._look()
            if self._lost:
                self._complain()
            return self._kept + self._seen

    def entries(self) -> int:
        """Return how many entries the function holds of this scope."""
        with _lock:
            return self._memo.function.cache_info().currsize if self.is_current() else 0

    def empty(self) -> None:
        """Clear the function, and keep what it has counted, if it counts for this scope."""
        with _lock:
            if not self.is_current():
                return
            self._look()
            self._memo.clear()
            self._kept += self._seen
            self._seen = Stats()

    def _look(self) -> None:
        if self.is_current():
            info = self._memo.function.cache_info()
            seen = Stats(0, info.hits, info.misses)
            self._lost |= seen.num_get_hit < self._seen.num_get_hit
            self._lost |= seen.num_get_miss < self._seen.num_get_miss
            self._seen = seen

    def _complain(self) -> NoReturn:
        raise CacheTestError(
            f"the hits and misses of cache {self._name!r} can't be known: {self._memo.function!r} was "
            "cleared by a cache_clear that the program had kept from before the test; call it as an "
            "attribute of the function"
        )


class _Entries(MutableMapping[Any, Any]):
    """The entries of a memoised function: their number is known, and nothing else."""

    def __init__(self, reading: _Reading) -> None:
        self._reading = reading

    def __len__(self) -> int:
        return self._reading.entries()

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __getitem__(self, key: object) -> NoReturn:
        raise CacheTestError(f"the entries can't be known: {UNKNOWN['entries']}")

    def __setitem__(self, key: object, value: object) -> None:
        self[key]

    def __delitem__(self, key: object) -> None:
        self[key]

    def clear(self) -> None:
        self._reading.empty()

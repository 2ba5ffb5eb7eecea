"""functools: the counts of memoised functions, read from the functions themselves.

No call goes through the gate: a memoised function looks its entries up itself, in C, and is only watched. So
nothing can be put in force for it.
"""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from .._caches.attribution import scope_of_caller
from .._patching.undo import ABSENT, Undo
from .._recording.call_sites import calling_location
from .._sharing.stand_in import put_in_place
from ..errors import CacheTestWarning
from .memo_entries import UNKNOWN, Entries
from .memo_followers import Follower
from .memo_readings import Reading, memos
from .memo_telling import refusing, telling
from .targets import Targets

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from .._caches.cache import MockCache
    from .._caches.caches import MockCaches
    from ..faults import Fault

__all__ = ["Functools"]


class Functools(Targets):
    """Memoised functions: ``Functools(prices="shop.catalog:price_of")``.

    A target is what ``functools.cache`` or ``lru_cache`` has made, a method (``"shop.catalog:Shop.price"``)
    too, or anything else with ``cache_info()`` and ``cache_clear()``. Hits and misses are known; puts, keys
    and calling lines are not. A scope begins cold: the entries of before, those of an outer scope too, are
    cleared when it is entered and can't be put back, and its own when it is left. The function's counts are
    one for the whole process, so two tests at once can't both watch it: the second gets a `CacheTestError`.
    With *follow* the program may replace the function by another memoised one, whose counts are added.
    """

    name = "functools"
    example = "prices='shop.catalog:price_of'"

    def __init__(self, *, follow: bool = False, **targets: object) -> None:
        """Check the targets, as `Targets` does; to *follow* one it has to be a string."""
        if not isinstance(follow, bool):
            raise TypeError(f"Functools(follow={follow!r}): expected True or False; no cache has this name")
        super().__init__(**targets)
        for name, target in targets.items():
            if follow and not isinstance(target, str):
                raise TypeError(
                    f"Functools({name}={target!r}, follow=True): expected a string, such as "
                    f"{self.example.partition('=')[2]}: who replaces the object itself can't be followed"
                )
        self._follow = follow
        if follow:
            # A child can't tell what it is replaced by.
            self.child_support = "refuse"

    def identity(self) -> Hashable:
        return self._follow, super().identity()

    def given(self) -> tuple[Sequence[object], Mapping[str, object]]:
        return (), {"follow": self._follow}

    def install(self) -> AbstractContextManager[object]:
        return nullcontext()

    def scope_context(self, caches: MockCaches) -> AbstractContextManager[object]:
        return Undo(partial(self._watch, caches))

    def _watch(self, caches: MockCaches, undo: Undo) -> None:
        scope = scope_of_caller()
        lineage = [] if scope is None else scope.lineage()
        around = [each.caches for outer in lineage for each in outer.origins()]
        for name, function in self.resolve().items():
            if caches[name].is_remote:
                _tell_of(name, function, undo, follows=self._follow)
                continue
            # Made now, since by it the cache of the class is known.
            cache = caches[name]
            follower = Follower(str(self.targets[name]), function) if self._follow else None
            reading = Reading(name, caches, function, follower)
            undo.add(reading.end)
            left = reading.begin(around)
            if left:
                _tell_cold(name, function, left)
            cache.library_counts, cache.cache, cache.unavailable = reading.counts, Entries(reading), UNKNOWN

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

    def why_timeless(self, cache: MockCache) -> str:
        return "a memoised function keeps its values until it is cleared, so nothing in it expires"

    def guard_points(self) -> NoReturn:
        raise TypeError(
            "the adapter 'functools' can't be guarded: a memoised function looks its entries up itself, and "
            "nothing can stand in its way"
        )

    def why_impossible(self, cache: MockCache, fault: Fault) -> str:
        return _WATCHED

    def storage(self, cache: MockCache) -> NoReturn:
        raise TypeError(_WATCHED)

    def loader(self, cache: MockCache) -> object:
        return getattr(self.resolve()[cache.name], "__wrapped__", None)

    def is_patched(self, target: object) -> bool:
        return id(target) in memos

    def patched_attributes(self) -> Mapping[str, object]:
        return {
            target: self._found_at(name, target)
            for name, target in self.targets.items()
            if isinstance(target, str) and not self._follow
        }

    @property
    def if_displaced(self) -> str:
        given = ", ".join(f"{name}={target!r}" for name, target in self.targets.items())
        return f"; where the program does that itself, follow it: Functools({given}, follow=True)"

    def _found_at(self, name: str, target: str) -> object:
        try:
            return _unbound(self._object(name, target))
        except ImportError:
            return ABSENT


_WATCHED = (
    "it is a memoised function, which looks its entries up itself, in C, and is only watched: nothing can "
    "stand in its way"
)


def _tell_of(name: str, function: Any, undo: Undo, *, follows: bool) -> None:
    """Have the parent told of what *function* counts in this child process, from nothing.

    Where the program may replace it, it is refused.
    """
    function.cache_clear()
    stand_in = refusing(name, function) if follows else telling(name, function)
    undo.add(partial(put_in_place, stand_in, function))
    put_in_place(function, stand_in)


def _unbound(found: Any) -> Any:
    # A class makes a new method object of a memoised class method each time it is asked for it.
    return getattr(found, "__func__", found)


def _tell_cold(name: str, function: object, left: int) -> None:
    where = calling_location()
    entries = "1 entry" if left == 1 else f"{left:,} entries"
    warnings.warn_explicit(
        f"cache {name!r} has {entries} from what was set up for the class, which no test finds: the entries "
        f"of {function!r} can't be copied, so each test begins with none. Call it in setUp",
        CacheTestWarning,
        where.filename,
        where.lineno,
    )


def _is_memoised(function: object) -> bool:
    return all(callable(getattr(function, name, None)) for name in ("cache_info", "cache_clear"))

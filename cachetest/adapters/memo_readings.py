"""The counts of memoised functions, which are read from the functions: one reading for each scope."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

from .._patching.undo import Undo
from .._recording.locks import make_lock
from .._recording.stats import Stats
from .._sharing.stand_in import put_in_place
from ..errors import CacheTestError
from .memo_telling import refusing, telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._caches.caches import MockCaches
    from .memo_followers import Follower

__all__ = ["Reading", "memos"]

# Held while counts are read or taken over: else some could be forgotten in between.
_lock = make_lock(3)
memos: dict[int, Memo] = {}


class Memo:
    """One memoised function, for as long as a scope watches it."""

    def __init__(self, function: Any) -> None:
        self.function = function
        # Its own, and not what looks at it before.
        self.clear = getattr(function.cache_clear, "own", function.cache_clear)
        # One for each scope, the innermost last: that one counts.
        self.readings: list[Reading] = []
        self.undo = Undo()

    @classmethod
    def of(cls, function: Any) -> Memo:
        """Return the one of *function*: by it, a scope finds the others that watch the function."""
        with _lock:
            return memos.get(id(function)) or cls(function)

    def watch_clear(self) -> None:
        """Have the program call our `cache_clear` in place of the function's own."""
        memos[id(self.function)] = self
        self.undo.add(lambda: memos.pop(id(self.function), None))
        self.undo.set_attribute(self.function, "cache_clear", self.cache_clear)

    def cache_clear(self) -> None:
        """Clear the entries, and keep the counts, which the function forgets with them."""
        with _lock:
            # The program may have kept this from an earlier scope.
            memo = memos.get(id(self.function), self)
            if memo.readings:
                memo.readings[-1].empty()
            else:
                self.clear()


def _after_fork_in_child() -> None:
    """Have the parent told of what each function counts that is watched there, where it can be replaced."""
    for memo in list(memos.values()):
        reading = memo.readings[-1] if memo.readings else None
        memo.readings.clear()
        memo.undo.run()
        name = "" if reading is None else reading.name
        make = refusing if reading is None or reading.follows else telling
        put_in_place(memo.function, make(name, memo.function))


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


class Reading:
    """The counts of one function in one scope, under the *name* of a cache in *caches*."""

    def __init__(
        self, name: str, caches: MockCaches, function: Any, follower: Follower | None = None
    ) -> None:
        self.name = name
        self._follower = follower
        self._caches = caches
        self._memo = Memo.of(function)
        # The counts that the function has forgotten since, and those that it was last seen to have.
        self._kept = Stats()
        self._seen = Stats()
        self._lost = False
        self._is_told = False

    @property
    def follows(self) -> bool:
        """Whether the program may replace the function."""
        return self._follower is not None

    def begin(self, around: Sequence[MockCaches]) -> int:
        """Begin to count, from nothing; *around* are the caches of this scope and of those around it.

        Returns how many entries of the scope of the class are lost by that, where it is the first time.
        """
        left = 0
        with _lock:
            self._memo = memo = Memo.of(self._memo.function)
            for other in memo.readings:
                self._check(other, around)
            if memo.readings:
                left = memo.readings[-1].lose_to(self._caches)
                memo.readings[-1].empty()
            memo.readings.append(self)
            if len(memo.readings) == 1:
                memo.watch_clear()
            memo.clear()
            if self._follower is not None:
                self._follower.begin(self._look_locked)
        return left

    def lose_to(self, caches: MockCaches) -> int:
        """Return how many entries are lost as a test of its class, with *caches*, begins; once."""
        cache = caches.by_name().get(self.name)
        if self._is_told or cache is None or cache.origin is not self._caches.by_name().get(self.name):
            return 0
        left = self.entries()
        self._is_told = left > 0
        return left

    def _check(self, other: Reading, around: Sequence[MockCaches]) -> None:
        what = f"{self._memo.function!r} can't be watched as {self.name!r}"
        if other._caches is self._caches:
            raise ValueError(f"{what}: it is watched as {other.name!r} already")
        if not any(other._caches is each for each in around):
            raise CacheTestError(
                f"{what}: another test, which is running, watches it, and its counts are one for the whole "
                "process: run these tests one after the other"
            )

    def end(self) -> None:
        """Count no more, and leave the function empty; an error if not all was counted."""
        with _lock:
            is_watched = self in self._memo.readings
            if is_watched:
                if self.is_current():
                    self.empty()
                self._leave_memo()
            if self._follower is not None:
                self._follower.end()
            if is_watched and self._lost:
                self._complain()

    def _leave_memo(self) -> None:
        memo = self._memo
        if memo.readings == [self]:
            memo.undo.run()
        # Last, since this is done again, from the start, where it was interrupted.
        memo.readings.remove(self)

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
            self._look()
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

    def _look_locked(self) -> None:
        with _lock:
            self._look()

    def _look(self) -> None:
        self._look_at_function()
        found = None if self._follower is None or not self.is_current() else self._follower.look()
        if found is not None:
            self._memo.clear()
            self._leave_memo()
            self._kept += self._seen
            self._seen = Stats()
            self._memo = memo = Memo.of(found)
            memo.readings.append(self)
            if len(memo.readings) == 1:
                memo.watch_clear()
            self._look_at_function()
        self._lost |= self._follower is not None and self._follower.why_lost != ""

    def _look_at_function(self) -> None:
        if self.is_current():
            info = self._memo.function.cache_info()
            seen = Stats(0, info.hits, info.misses)
            self._lost |= seen.num_get_hit < self._seen.num_get_hit
            self._lost |= seen.num_get_miss < self._seen.num_get_miss
            self._seen = seen

    def _complain(self) -> NoReturn:
        why = "" if self._follower is None else self._follower.why_lost
        raise CacheTestError(
            f"the hits and misses of cache {self.name!r} can't be known: "
            + (
                why
                or f"{self._memo.function!r} was cleared by a cache_clear that the program had kept from "
                "before the test; call it as an attribute of the function"
            )
        )
